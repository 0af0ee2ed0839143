// Package outbox decides what a connection writes next, and when its reader is
// too slow to be kept. It is pure: frames go in, batches for one write come out.
//
// A connection has four lanes:
//
//   - control: heartbeats. They overtake everything that has not been handed
//     out, so that no bulk makes a peer look dead (guards N21).
//   - data: answers, messages, application traffic, in order.
//   - state: presence, in order. The caller keeps it short: it collapses
//     changes itself while [Outbox.StateQueued] says that the lane is busy.
//   - bulk: parts of files, behind everything else; each write carries one of
//     them at least, so that files go on beside messages.
//
// Data and state share the rest of each batch by halves, so that neither
// starves the other; within a lane order is never changed.
//
// Invariants: no lane holds more than its bound; a frame is handed out once,
// whole; after [Outbox.Finish] only what was queued then, and the last frame
// after it, is handed out.
package outbox
