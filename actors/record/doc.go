// Package record keeps on disk what a crash must not take: the roll, who is
// online (G7), and the journal, why every connection ended (P6). [Accounts] tells
// from the journal, in words, why.
//
// # Invariants
//
//   - What Write and Append have called durable is there after any crash, and
//     nothing is there that was not written. A batch of the roll is there as a
//     whole or not at all; of the records of one Append the first ones may be.
//   - What is left on the roll is a state that was written, and none older than
//     the last one that was durable. Who was lost with an earlier life keeps the
//     time of that loss until the return. The one exception is a file that is
//     damaged within its first state: then those who can be read are known, each of
//     whom was on it, and Left.Damage says so.
//   - Every record has a checksum over its length, kind and content. Where it does
//     not match (a torn end, a turned bit, garbage), the rest of that file is never
//     trusted: it costs neither the start nor any other file, and it is told, in
//     Left.Damage, by [DamageOf], as an error of Records, or as a Gap.
//   - A failed write or sync ends its file. A new one is begun: the roll's from the
//     whole state, which it has in memory. No sync is tried twice, since the second
//     one could call a success what the kernel has thrown away.
//     What is appended again after such a failure can be in the journal twice if
//     the machine crashes at that moment; Accounts tells it once.
//   - A disk that fails (read-only, full, gone, garbage in the directory) costs no
//     start: [OpenRoll] and [OpenJournal] give what can be used, Write and Append
//     say what fails, and go on by themselves when the disk works again.
//   - Names are data, never paths (N26): files have numbers.
//
// # Layout
//
// In the directory of the disk that OpenRoll and OpenJournal are given; rollcall
// uses DATA/record:
//
//	roll/LOCK          locked while a roll is open: a second server gets ErrLocked
//	roll/NUMBER        the whole state, then batch after batch; the highest counts
//	roll/NUMBER.new    a file that is being written, until it is renamed
//	journal/LOCK       locked while a journal is open
//	journal/NUMBER.seg records; only the highest is appended to
//
// The locks are the package's own, so it may be opened before or after the store
// of files in DATA. [OpenReadOnly] takes none and writes nothing.
//
// The form of the files is told in frame.go: a header, then records of a length, a
// CRC-32C, a kind and CBOR. A kind that is not known is told as [Unknown], a field
// that is not known is passed over, and a file of another version is left alone.
//
// # Durability and cost
//
// A Write or an Append is one write and one sync. A new file of the roll, once in
// a life and when it is larger than [RollOptions].CompactBytes and four times its
// state, is one more, with two syncs of directories. On two busy cores and a disk
// that syncs in 1 ms, the benchmarks of bench_test.go give 13 ms for a batch of
// 10,000 users who came, 9 ms for 10,000 who left, 46 ms for 10,000 departures in
// the journal; a journal of 64 MiB (270,000 departures) is opened in 36 ms, asked
// for one user's in 53 ms and read as a whole in 1.3 s.
//
// # Bounds (G6)
//
// The roll holds its state in memory and, while it writes, one batch or the whole
// state encoded; its file is at most the larger of CompactBytes and four times the
// state, and one batch. Whoever writes bounds the users. The journal is at most
// [JournalOptions].MaxBytes and MaxAge; it holds some 100 bytes a segment. Records
// holds one segment, SegmentBytes, for each iteration; Append what it encodes, at
// most a segment; Forget one segment twice. A record has at most 1 MiB, a name
// [MaxName] bytes. Accounts holds at most 50,000 records. The package starts no
// goroutine and has no timer.
//
// # Personal data
//
// The roll has the names of the users who are online or held online, how many
// sessions each has, and since when. The journal has, for MaxAge: for each
// connection its client's address, identifier and user, when it came and went,
// when it was last heard, counts of bytes and frames, round-trip times and the
// reason of its end with texts of the server, the client's goodbye and the
// operator's kick among them; for each session its user and end; for each change
// of presence the user, its time and the number, not the names, of those who
// watched; for each transfer that was cut short its two users and the file's name
// and size. It has no content of messages or files, no password and no token.
//
// Journal.Forget and Roll.Forget remove a user: afterwards the name is in no file
// of ours, torn ends and leftovers too. The journal's takes it out of the texts of
// other users' records as well, as a word; the name of another user's file is such
// a text. What a file system keeps of files that were replaced or removed is not
// ours to wipe.
package record
