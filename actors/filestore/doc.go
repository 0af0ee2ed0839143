// Package filestore keeps files on disk for the file manager. It stands
// on package disk. A file is written to a [Partial], which [Partial.Commit] turns
// into a visible file in one step, or which is suspended and resumed, or removed.
//
// # Invariants (G5)
//
//   - What is visible is complete, verified and durable: its size and SHA-256
//     are those of its [Meta], and data and metadata were synced before the one
//     rename that made both visible (N26).
//   - A partial never becomes visible by itself, whatever crashes when. What a
//     crash leaves is either listed by [Store.Partials], so that its owner's
//     grace can run out (P8), or removed by the sweep when the store is opened.
//   - What [Partial.Sync] has called durable, [Store.Resume] finds again, and
//     what it finds beyond that it does not trust.
//   - A failed write, sync or rename ends its own partial, which is removed, and
//     nothing else. A sync that has failed is never tried again: the kernel may
//     have thrown the data away and call the next one a success.
//   - Names are data, never paths (N26): every path in the store is made of
//     fixed words and of identifiers or hashes in hexadecimal, and is opened
//     through an os.Root.
//
// # Layout of the data directory
//
//	VERSION              what the directory is; it is refused without
//	LOCK                 locked for as long as a process has the store open
//	EPOCH                counts the openings; numbers of notices begin with it
//	partial/ID/data      what has arrived of a file
//	partial/ID/meta      its metadata, two checkpoints, room for the commit
//	files/ID/data,meta   the same directory after Commit: one rename
//	trash/ID             a file that was deleted, for as long as that takes
//	quarantine/…         what was found in files/ and is no file of ours
//	notices/HASH         the notices of one user: a log of records
//	record/              is package record's; it may be there before VERSION
//
// # Bounds (G6)
//
// [Options] bounds bytes and files, in all and for each user; a partial counts
// with its full size from Begin on. The index in memory holds one Meta a file:
// Options.MaxFiles bounds their number, [MaxRecipients] and [MaxName] their
// size (some 500 bytes for a common one, 17 KiB at most). An open partial holds
// two file handles and less than 1 KiB, an open file holds one handle; whoever
// opens them bounds their number. The package has no timer, and
// starts no goroutine but one for a write of many bytes, which hashes them while
// they are written and has ended when the call returns.
package filestore
