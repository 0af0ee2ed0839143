// Package heartbeat decides when a connection is pinged and when it is dead. It
// is pure: the time is an argument, what to do is a result, and nothing here
// reads a clock, sets a timer or sends a byte. It is the one place that decides
// on death (P5).
//
//   - [Bounds] and [Times]: what a server allows, what one connection got.
//   - [Monitor]: the watch over one connection, 80 bytes.
//   - [StallMonitor]: the watch over the server itself, one a process.
//
// # Use
//
// The owner of a connection keeps one timer. It sets it to [Monitor.Next], and
// when it fires calls [Monitor.Check], does what that says and sets the timer
// again. Bytes received only move [Signs.LastHeard]: no timer is touched, so a
// busy connection costs one check an interval (H8).
//
// # Invariants
//
//   - Only received bytes are life (N2): neither what is sent nor what an echo
//     claims moves the deadline.
//   - No check expires a connection before [Monitor.Deadline], and the first
//     check at or after it does (G4). The deadline is never less than Timeout
//     after the peer was last heard. What the caller's timer is late by is all
//     that is added to it.
//   - A peer is pinged at the latest one Interval after it was last heard (plus
//     the lateness of the timer), and again each Interval of silence. Jitter
//     makes a ping earlier, by an eighth of the interval at most, never later,
//     and never touches the deadline.
//   - The server's own stall expires nobody (P4): a check that comes later than
//     it was asked for by more than [Times.Slack], or that is told of a stall,
//     leaves the peer Timeout - Interval from then, and pings it again. Late is
//     a check only against the time that the last check asked for.
//   - Nor does a reader that our side holds back (N21): while it is held, and
//     for Timeout - Interval after, nobody is expired. Pings still go out then,
//     since the peer watches us by the same rules.
//   - The time of the next check is after now and not after the deadline.
//   - Expire is final.
//
// A peer that answers each ping within Timeout - Interval, less the slack and
// the gap that the stall monitor overlooks, is never expired, whatever stalls
// the server goes through.
//
// # What it costs to be fair
//
// A stall that is measured ([Signs.StallTotal]) puts a deadline off by what it
// lasted, and at most to Timeout - Interval after its end. A late check puts it
// off to Timeout - Interval after the check, since nobody knows when that stall
// began. So a server whose timers are late by more than the slack all the time
// expires nobody until it has caught up: it would be guessing.
package heartbeat
