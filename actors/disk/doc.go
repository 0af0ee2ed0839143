// Package disk is what rollcall needs of a file system: few verbs, below one
// directory, with every wait for durability in sight. The store of files and the
// record stand on it, so that a test or a simulation can put in its own disk,
// which fails, fills up, is slow or crashes (package faultdisk).
//
// # Invariants
//
//   - Nothing but this package calls the operating system for files on behalf of
//     the actors.
//   - Names are slash-separated paths of the caller's own making, made of fixed
//     words, numbers and hexadecimal, never of a user's name (N26). [Open] keeps
//     every path inside its directory through an [os.Root], whatever somebody has
//     put into it (symbolic links too).
//   - Content, length and names become durable each by its own sync: [File.Sync]
//     the first two, [FS.SyncDir] the last. Only a rename is one step.
//   - A failed sync is never tried again by anybody who stands on it: the kernel
//     may have thrown the data away and call the next one a success.
//
// The package starts no goroutine, has no timer and keeps no buffer. [NewMemory]
// holds what is written to it, without a bound of its own.
package disk
