package filestore

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
)

// What the store answers, to be checked with errors.Is.
var (
	// ErrNotFound: no such file, or no such partial.
	ErrNotFound = errors.New("filestore: not found")
	// ErrExists: Begin with an ID that is taken.
	ErrExists = errors.New("filestore: the ID is taken")
	// ErrBusy: the partial is open; whoever has it open must close it first.
	ErrBusy = errors.New("filestore: the partial is open")
	// ErrClosed: the store or the partial has been closed.
	ErrClosed = errors.New("filestore: closed")

	// ErrMeta: a field of the Meta breaks its rule. ErrName is one of its kinds.
	ErrMeta = errors.New("filestore: bad metadata")
	// ErrName: the name is empty, too long, not UTF-8 or has control characters.
	ErrName = fmt.Errorf("%w: bad name", ErrMeta)
	// ErrNotice: the body of a notice is too long, or its user is no user.
	ErrNotice = errors.New("filestore: bad notice")
	// ErrCursor: the cursor of List was not made by List.
	ErrCursor = errors.New("filestore: bad cursor")

	// ErrChecksum: the content does not have the SHA-256 that was announced, or
	// what a crash left is not what was written. The partial has been removed.
	ErrChecksum = errors.New("filestore: the checksum does not match")
	// ErrSize: Commit before all bytes have arrived. The partial stays open.
	ErrSize = errors.New("filestore: the size does not match")
	// ErrBeyondEnd: Write past the announced size. Nothing of it was written,
	// and the partial stays open.
	ErrBeyondEnd = errors.New("filestore: beyond the announced size")

	// ErrTooLarge: the file is larger than Options.MaxFile.
	ErrTooLarge = errors.New("filestore: the file is too large")
	// ErrQuota: a quota refuses the file or the notice; its kinds say which.
	ErrQuota = errors.New("filestore: quota")
	// ErrQuotaUserBytes: the user's bytes, Options.MaxUserBytes.
	ErrQuotaUserBytes = fmt.Errorf("%w: bytes of the user", ErrQuota)
	// ErrQuotaUserFiles: the user's files, Options.MaxUserFiles.
	ErrQuotaUserFiles = fmt.Errorf("%w: files of the user", ErrQuota)
	// ErrQuotaBytes: the bytes of all users, Options.MaxBytes.
	ErrQuotaBytes = fmt.Errorf("%w: bytes in all", ErrQuota)
	// ErrQuotaFiles: the files of all users, Options.MaxFiles.
	ErrQuotaFiles = fmt.Errorf("%w: files in all", ErrQuota)
	// ErrQuotaNotices: the notices of all users, Options.MaxNoticeBytes or
	// Options.MaxNoticeUsers.
	ErrQuotaNotices = fmt.Errorf("%w: notices in all", ErrQuota)

	// ErrStorageFull: the disk, or the share of it that we may use, is full.
	ErrStorageFull = errors.New("filestore: the storage is full")
	// ErrDisk: any other failure of the disk.
	ErrDisk = errors.New("filestore: the disk fails")
	// ErrReadOnly: we may not write. It is a kind of ErrDisk.
	ErrReadOnly = fmt.Errorf("%w: not writable", ErrDisk)

	// ErrLocked: another process has the data directory open.
	ErrLocked = errors.New("filestore: the data directory is in use")
	// ErrForeign: the directory is not empty and not ours, or its VERSION is one
	// that we do not know. Nothing in it was touched.
	ErrForeign = errors.New("filestore: not a data directory of this version")
)

// diskError says what failed, and gives the failure of the operating system the
// sentinel that it belongs to.
func diskError(what string, err error) error {
	class := ErrDisk
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		class = ErrStorageFull
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		class = ErrReadOnly
	}
	return fmt.Errorf("%s: %w: %w", what, class, err)
}
