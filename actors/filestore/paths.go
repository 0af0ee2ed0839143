package filestore

import (
	"crypto/sha256"
	"encoding/hex"
)

// The fixed names in a data directory. All other names are hexadecimal.
const (
	nameVersion    = "VERSION"
	nameLock       = "LOCK"
	nameEpoch      = "EPOCH"
	dirPartial     = "partial"
	dirFiles       = "files"
	dirTrash       = "trash"
	dirQuarantine  = "quarantine"
	dirNotices     = "notices"
	nameMeta       = "meta"
	nameData       = "data"
	suffixNew      = ".new"       // a file that is being written, to be renamed
	nameLostFound  = "lost+found" // of ext4, at the top of a file system
	nameRecord     = "record"     // of package record, which may come first; never touched
	versionContent = "rollcall filestore 1\n"
)

func partialPath(id ID) string { return dirPartial + "/" + id.String() }

func filePath(id ID) string { return dirFiles + "/" + id.String() }

func trashPath(id ID) string { return dirTrash + "/" + id.String() }

// userKey names a user's notices: a hash, since a user's name is data (N26).
type userKey [sha256.Size]byte

func keyOf(user string) userKey { return sha256.Sum256([]byte(user)) }

func (k userKey) String() string { return hex.EncodeToString(k[:]) }

func noticePath(k userKey) string { return dirNotices + "/" + k.String() }

func parseKey(s string) (k userKey, ok bool) {
	if len(s) != 2*len(k) {
		return k, false
	}
	_, err := hex.Decode(k[:], []byte(s))
	return k, err == nil && k.String() == s
}
