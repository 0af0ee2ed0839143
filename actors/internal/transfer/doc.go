// Package transfer decides about files on their way: what may be sent next,
// which transfers there may be, and what becomes of those whose connection has
// ended. It is pure; the disk and the connections are the caller's.
//
//   - [Inflow] is the receiving side of one transfer: it checks that chunks come
//     in order and within the window, and says when to grant more.
//   - [Outflow] is the sending side: how much may be sent now.
//   - [Book] knows all transfers of the server: who runs which, what an
//     interrupted one is called when its owner comes back, and when it has
//     waited long enough.
//
// # Invariants
//
//   - No chunk is taken that leaves a gap, overlaps, goes beyond the end or past
//     the limit that was granted; a refused chunk changes nothing.
//   - What a transfer holds in memory is at most its window.
//   - A transfer belongs to at most one connection at a time, and to one owner
//     for ever.
//   - Graces run out in the order of their deadlines (P3).
//
// # Bounds
//
// Transfers of one connection, of one owner (interrupted ones included) and in
// all: [Limits]. Past one, a new transfer is refused with [ErrTooMany].
package transfer
