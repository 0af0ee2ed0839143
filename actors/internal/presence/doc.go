// Package presence is the pure room that tells watchers who is online: it
// numbers the changes, keeps the newest of them, knows who watches whom, and
// decides what each watcher is sent. The caller decides when a user comes and
// goes ([Board.Set]) and when the watchers are told ([Board.Flush]); nothing
// here waits, sends or reads a clock. A [Board] is a plain value, owned by one
// actor; a [Collapsed] is one too, owned by the connection of one slow watcher.
//
// # What is sent
//
// Everything goes out as a [Frame]: one wire.Delta or one part of a
// wire.Snapshot, with its encoding, which is made once however many receive it.
// Every frame is at most wire.MaxEntries entries and the bytes of
// [Board.LimitFrames].
//
// # Invariants
//
//   - Versions are dense: every change of any user's presence counts one up, and
//     nothing else does (P1, G3).
//   - A watcher that obeys the protocol (apply a change when its version is
//     above what it has; ask again when a delta starts above what it has) and is
//     given its Answer and then all its frames of the flushes that follow, in
//     order, has at each version exactly the state that the board had for the
//     users it watches. It sees no gap.
//   - The answer to a watch is the state at Version, pending changes included.
//     The flush that follows may repeat some of these: they are duplicates by
//     version.
//   - A delta may begin below what its receiver has, never above. What it claims
//     is true all the same: it holds every change after From, up to and with To,
//     that its receiver watches.
//   - A change of a user costs the watchers of that user and nobody else; the
//     watchers of everyone share their frames, and ten thousand that arrive in
//     one storm share one snapshot.
//   - What was handed out is never changed afterwards, but for the encoding that
//     [Frame.Encode] adds.
//
// # Bounds
//
//   - Users: offline users are forgotten; there are as many as are online.
//   - History: between historyCap and 2·historyCap changes, and what is not yet
//     flushed. The caller flushes at the latest when [Board.Pending] reaches
//     [MaxPending].
//   - Watchers: one for each connection that has ever watched, until
//     [Board.Drop]. Names: [MaxNames] for each watcher and [MaxWatches] for all;
//     a watch past either is refused whole with [ErrTooMany].
//   - The cached snapshot: one, given up when it is too old to be of use.
//   - Collapsed: its capacity in users; past it, it holds nothing and says so.
//
// # Memory
//
// Measured on a 64-bit machine (BenchmarkMemory), all maps and lists included,
// names left out: an online user costs about 65 bytes and a watcher about 100; a
// name that somebody watches about 90; and each named watch about 26, 16 with
// the watcher and 8 with the user. Maps and lists that have just grown cost up to
// half more. A change in the history costs 40 bytes, and about 40 more once
// watchers have come back to it. The cached snapshot costs 24 bytes for each user
// and its encoding, 20 and the name. A flush makes, for each watcher of named
// users whom it concerns, about 150 bytes and 40 for each change beyond the
// first; they are the receiver's from then on.
package presence
