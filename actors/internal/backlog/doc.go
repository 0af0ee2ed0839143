// Package backlog is the pure room that holds what is to be written to the disk
// and has not been: changes of the roll, which are coalesced by user, and
// records of the journal, which are kept in their order. Changes and records go
// in, batches come out; now is an argument, and nothing here waits, writes or
// reads a clock. A [Backlog] is a plain value, owned by one actor.
//
// # Invariants
//
//   - One batch is out at a time, from Take to Done.
//   - When the batches that were taken are applied in their order, a failed one
//     in part or not at all and those after it whole, then the roll on the disk
//     is what the calls of Online and Offline have said up to the last Take.
//   - A user who came and went between two batches is in none of them.
//   - A record is in a batch that went well, or it is counted as lost.
//   - A failing roll does not hold up the journal, nor the journal the roll:
//     each is tried again after a pause of its own, which doubles up to
//     [MaxPause].
//
// # Bounds
//
//   - Records that wait: [MaxRecords]; what comes past it is lost, and counted.
//   - Changes that wait: one a user who is online, and of users who have left
//     [MaxStruck]; past it a departure is not written and counted, and after a
//     crash its user would be taken for lost.
package backlog
