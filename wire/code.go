package wire

import "strconv"

// Code says why one request was not carried out, or why one transfer ended; the
// connection goes on unless a bye follows. Like those of [Reason], its numbers never change.
type Code uint8

// The codes. PROTOCOL.md tells each at length.
const (
	CodeNone          Code = 0
	CodeUserOffline   Code = 1  // the recipient has no live session
	CodeNotLoggedIn   Code = 2  // the request needs a login
	CodeAlreadyLogin  Code = 3  // the connection has logged in already
	CodeLoginRefused  Code = 4  // the authenticator or a policy said no
	CodeUnknownKind   Code = 5  // nobody handles this kind of application message
	CodeBadRequest    Code = 6  // a field has a value that makes no sense
	CodeTooLarge      Code = 7  // the answer or the message does not fit a frame
	CodeTooMany       Code = 8  // a bound on something held was reached
	CodeInternal      Code = 9  // a defect in the server
	CodeUnsupported   Code = 10 // the server does not do this
	CodeShuttingDown  Code = 11 // the server is shutting down
	CodeReplaced      Code = 12 // a newer connection of this user came first
	CodeAlreadyOnline Code = 13 // the policy allows one session, and there is one
	CodeHandlerFailed Code = 14 // the application's handler returned an error

	CodeNotFound         Code = 15 // there is no such file or transfer, or it is not for this user
	CodeNotAllowed       Code = 16 // this user may not do that, or the application refused the offer
	CodeStorageFull      Code = 17 // the server's disk is full
	CodeQuotaExceeded    Code = 18 // a quota of the user or of the store is used up
	CodeStorageFailed    Code = 19 // a disk failed, of the server or of a receiving client
	CodeChecksumMismatch Code = 20 // what came does not have the SHA-256 that was promised
	CodeSizeMismatch     Code = 21 // the file has more or fewer bytes than was promised
	CodeFileTooLarge     Code = 22 // the server takes no file of this size
	CodeDeclined         Code = 23 // the recipient does not want the file
	CodeCancelled        Code = 24 // a user or a program has given the transfer up
	CodeInterrupted      Code = 25 // a connection ended in the middle; the transfer may go on
	CodeExpired          Code = 26 // the time to accept, to go on, or to be kept is over
	CodeRemoved          Code = 27 // the file was taken out of the store
	CodeWindowExceeded   Code = 28 // a chunk went past the limit that its receiver had stated

	codeCount = 29
)

var codeNames = [codeCount]string{
	"none", "user_offline", "not_logged_in", "already_logged_in", "login_refused",
	"unknown_kind", "bad_request", "too_large", "too_many", "internal",
	"unsupported", "shutting_down", "replaced", "already_online", "handler_failed",
	"not_found", "not_allowed", "storage_full", "quota_exceeded", "storage_failed",
	"checksum_mismatch", "size_mismatch", "file_too_large", "declined", "cancelled",
	"interrupted", "expired", "removed", "window_exceeded",
}

// String returns the code's name, or "code_N" for one that this version does
// not know.
func (c Code) String() string {
	if int(c) < len(codeNames) {
		return codeNames[c]
	}
	return "code_" + strconv.Itoa(int(c))
}

// MarshalText writes the code by name, for JSON and logs.
func (c Code) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText is the inverse of MarshalText.
func (c *Code) UnmarshalText(text []byte) error {
	n, err := parseName("code", string(text), codeNames[:])
	if err == nil {
		*c = Code(n)
	}
	return err
}

// Error makes a code usable with errors.Is: a peer's refusal matches its code.
func (c Code) Error() string { return "rollcall: " + c.String() }

// Codes lists every code that this version knows, CodeNone left out.
func Codes() []Code {
	all := make([]Code, 0, codeCount-1)
	for c := CodeUserOffline; c < codeCount; c++ {
		all = append(all, c)
	}
	return all
}
