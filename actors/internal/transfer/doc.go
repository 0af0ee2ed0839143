// Package transfer decides about files on their way: what may be sent next,
// which transfers there may be, and what becomes of those whose connection has
// ended. It is pure; the disk and the connections are the caller's.
//
//   - [Inflow] is the receiving side of one transfer, or the middle of a relay:
//     it checks that chunks come in order and within the window, and says when
//     to grant more.
//   - [Outflow] is the sending side: how much may be sent now.
//   - [Book] knows all transfers of the server: who runs which, what an
//     interrupted one is called when its owner comes back, and when it has
//     waited long enough.
//   - [Audience] knows which transfers are for a user.
//
// # Invariants
//
//   - No chunk is taken that leaves a gap, overlaps, goes beyond the end or past
//     the limit that was granted; a refused chunk changes nothing.
//   - What a transfer holds in memory is at most its window, whatever the other
//     side grants or claims: only what has left the memory makes room.
//   - Nobody waits for ever: when everything granted has come and was dealt
//     with, more is granted as far as the receiver behind allows it.
//   - A transfer has one owner for ever, at most one connection of its owner's at
//     a time, and a relay at most one receiver.
//   - A number is never used again.
//   - Graces run out in the order of their deadlines (P3).
//
// # Bounds
//
// Transfers of one connection, of one owner (interrupted ones included) and in
// all: [Limits]. Past one, a new transfer is refused with [ErrTooMany].
package transfer
