package filestore

import "io"

// Store keeps files. Everything in it may wait for the disk: it is called from
// the goroutines of transfers, never inside an actor's receive. It is safe for
// many goroutines, and no call waits for another call's disk. An embedder may
// put one of its own in its place.
type Store interface {
	// Begin reserves the quota for a file and creates its partial. Size, SHA256,
	// Owner and Name of m are required, and Created is the caller's; a zero ID is
	// drawn by the store; Committed is ignored. Errors: ErrMeta, ErrName,
	// ErrTooLarge, ErrQuota…, ErrExists, ErrStorageFull, ErrDisk, ErrClosed.
	Begin(m Meta) (Partial, error)
	// Resume opens a partial that was suspended, or left by a crash. Its Offset is
	// what was durable, where the sender goes on; it can be the whole file, to be
	// committed at once. After a crash all of it is read and hashed first, which
	// Close interrupts. Errors: ErrNotFound, ErrBusy, ErrChecksum (the disk has
	// changed what was durable; the partial is gone), ErrDisk, ErrClosed.
	Resume(id ID) (Partial, error)
	// Partials lists what is not committed, oldest Created first.
	Partials() []PartialInfo
	// Drop removes a partial that is not open. That there is none is no error, so
	// that it can be called again. Errors: ErrBusy, ErrClosed. A disk that
	// refuses is no error either, see Usage.Garbage.
	Drop(id ID) error

	// Open opens a visible file for reading. A file that is deleted or expires
	// meanwhile stays readable until it is closed (on Unix). Errors: ErrNotFound,
	// ErrDisk, ErrClosed.
	Open(id ID) (File, error)
	// Stat gives the Meta of a visible file. Errors: ErrNotFound, ErrClosed.
	Stat(id ID) (Meta, error)
	// Delete removes a visible file, durably. Errors: ErrNotFound, ErrClosed, and
	// ErrDisk, ErrReadOnly or ErrStorageFull: it is still there, or (when Stat says
	// ErrNotFound) it is gone, and a crash can bring it back.
	Delete(id ID) error
	// List gives visible files that match, by Committed and then by ID, from the
	// cursor on, which is empty at first and next from then on; next is empty at
	// the end. A limit that is not in 1…MaxList means MaxList. match must not
	// change or keep the Meta, nor call the store; nil matches all.
	// Errors: ErrCursor, ErrClosed.
	List(match func(*Meta) bool, cursor string, limit int) (found []Meta, next string, err error)
	// Expire removes what has reached its Expires at now (Unix ms) and gives what
	// it has removed, notices without their users. What the disk refuses stays
	// visible and is tried again by the next call, and so is the garbage.
	Expire(now int64) []Meta

	// Usage gives what the store holds.
	Usage() Usage
	// UserUsage gives what the store holds of one owner; Garbage is not by owner.
	UserUsage(user string) Usage

	// AddNotice keeps body for the user, durably, until DropNotices, for the
	// retention time at most. Beyond MaxNotices the oldest of the user is dropped.
	// After an error of the disk the notice may be there or not. Errors:
	// ErrNotice, ErrQuotaNotices, ErrStorageFull, ErrDisk, ErrClosed.
	AddNotice(user string, body []byte) error
	// Notices gives what is kept for the user, oldest first. Errors: ErrDisk,
	// ErrClosed.
	Notices(user string) ([]Notice, error)
	// DropNotices removes the user's notices up to and with upTo. A crash can
	// bring them back: notices are told at least once. Errors: ErrDisk, ErrClosed.
	DropNotices(user string, upTo Seq) error

	// Close suspends every open partial and gives the directory free. Files that
	// are open for reading stay so.
	Close() error
}

// Partial is a file that is arriving. Its methods may be called by several
// goroutines, one after another. After an error other than ErrBeyondEnd and
// ErrSize the partial is closed and has been removed from the disk, its quota is
// free, and all methods but Discard answer with that error. After Commit,
// Suspend, Discard or the store's Close they answer ErrClosed.
type Partial interface {
	// Meta gives what Begin was told, with the ID.
	Meta() Meta
	// Write appends p and hashes it. It does not keep p. Errors: ErrBeyondEnd,
	// ErrStorageFull, ErrDisk, ErrClosed.
	Write(p []byte) (int, error)
	// Offset is the number of bytes written.
	Offset() int64
	// Sync makes durable what was written, and gives its length: Resume will not
	// offer less, whatever crashes. It costs two waits for the disk, four the
	// first time.
	Sync() (durable int64, err error)
	// Commit makes the file visible at now (Unix ms): size and SHA-256 match,
	// data and metadata are durable. It closes the partial. Errors: ErrSize,
	// ErrChecksum, ErrStorageFull, ErrDisk, ErrClosed.
	Commit(now int64) (Meta, error)
	// Suspend syncs and closes the partial and keeps it for Resume.
	Suspend() error
	// Discard closes and removes the partial; after any other end it does nothing.
	Discard() error
}

// BatchWriter is what a [Partial] may be as well; those of this package are.
type BatchWriter interface {
	// WriteBatch is Write of all the parts, one behind the other. It hashes them
	// beside writing them, which takes as long as the slower of the two. It keeps
	// none of the parts, and takes all of them or, with an error, none: errors are
	// those of Write.
	WriteBatch(parts [][]byte) (int, error)
}

// File is a visible file, open for reading.
type File interface {
	io.ReaderAt
	io.Closer
	// Meta describes it; its Size is the length of the content.
	Meta() Meta
}

// PartialInfo describes a partial.
type PartialInfo struct {
	Meta    Meta
	Durable int64 // bytes that Resume would offer at least
	Since   int64 // Unix ms of the last Sync or Suspend by Options.Now, Created if none
	Open    bool  // somebody has it open
}

// Usage is what a store holds, in all or of one owner.
type Usage struct {
	Files    int   // visible files
	Bytes    int64 // their content
	Partials int   // files that are arriving, open or suspended
	Reserved int64 // the full sizes of these
	// Garbage is what has been removed from view, but not from the disk, which
	// refused. It counts against Options.MaxBytes. Expire and the next opening of
	// the store try again.
	Garbage      int
	GarbageBytes int64
}

// Seq numbers notices. The numbers of one store grow, across restarts too; they
// are below 2^53 for two million restarts.
type Seq uint64

// Notice is what AddNotice has kept.
type Notice struct {
	Seq  Seq
	At   int64 // Unix ms by Options.Now
	Body []byte
}

// Swept is what opening a store found and put in order.
type Swept struct {
	Files       int // visible files
	Partials    int // partials that can be resumed
	Broken      int // partials that can not, removed: no valid metadata, no data
	Trash       int // deleted files that a crash had left, removed
	Stray       int // names that are not ours in partial/ and notices/, removed
	Quarantined int // entries of files/ that are no file of ours, moved to quarantine/
	Failed      int // what could not be removed or moved, see Usage.Garbage
}
