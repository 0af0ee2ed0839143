package wire

import "strconv"

// Code says why one request was not carried out; the connection goes on unless
// a bye follows. Like those of [Reason], its numbers never change.
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
	codeCount              = 15
)

var codeNames = [codeCount]string{
	"none", "user_offline", "not_logged_in", "already_logged_in", "login_refused",
	"unknown_kind", "bad_request", "too_large", "too_many", "internal",
	"unsupported", "shutting_down", "replaced", "already_online", "handler_failed",
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
