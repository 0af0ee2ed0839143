package wire

import "strconv"

// FileEvent says what has happened to a file that is meant for this user. Like
// those of [Reason], its numbers never change.
type FileEvent uint8

// The events. PROTOCOL.md tells each at length.
const (
	FileOffered     FileEvent = 1 // its owner began to send it
	FileCompleted   FileEvent = 2 // it is in the store, whole, verified and durable
	FileInterrupted FileEvent = 3 // its owner's connection ended; it may go on
	FileResumed     FileEvent = 4 // it goes on
	FileAborted     FileEvent = 5 // it will not come
	FileExpired     FileEvent = 6 // its time in the store is over
	FileRemoved     FileEvent = 7 // its owner took it back

	fileEventCount = 8
)

var fileEventNames = [fileEventCount]string{
	"none", "offered", "completed", "interrupted", "resumed", "aborted", "expired", "removed",
}

// String returns the event's name, or "event_N" for one that this version does
// not know.
func (e FileEvent) String() string {
	if int(e) < len(fileEventNames) {
		return fileEventNames[e]
	}
	return "event_" + strconv.Itoa(int(e))
}

// MarshalText writes the event by name, for JSON and logs.
func (e FileEvent) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// UnmarshalText is the inverse of MarshalText.
func (e *FileEvent) UnmarshalText(text []byte) error {
	n, err := parseName("event", string(text), fileEventNames[:])
	if err == nil {
		*e = FileEvent(n)
	}
	return err
}

// FileEvents lists every event that this version knows.
func FileEvents() []FileEvent {
	all := make([]FileEvent, 0, fileEventCount-1)
	for e := FileOffered; e < fileEventCount; e++ {
		all = append(all, e)
	}
	return all
}
