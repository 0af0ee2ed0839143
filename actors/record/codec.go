package record

import (
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// Kinds of records. A number is never used again for another meaning.
const (
	kindRoll         = 1 // of the roll
	kindLife         = 16
	kindDeparture    = 17
	kindSessionEnd   = 18
	kindAnnouncement = 19
	kindTransfer     = 20
	kindStall        = 21
	kindGap          = 22
)

// Unknown is a record of a kind that this version does not know: a newer one has
// written it.
type Unknown struct {
	At   int64 `json:"at,omitempty"` // 0 if that cannot be told
	Kind uint8 `json:"kind"`
	Size int   `json:"size"` // of its payload, in bytes
}

// When implements Record.
func (r *Unknown) When() int64 { return r.At }

// maxArray bounds the arrays of a record: the users of one part of a batch.
const maxArray = 1024

// encoder writes CBOR in its deterministic form (RFC 8949, 4.2): the key 1, the
// time, comes first, on which peekAt relies.
var encoder = func() cbor.UserBufferEncMode {
	m, err := cbor.CoreDetEncOptions().UserBufferEncMode()
	if err != nil {
		panic(err) // the options are constant
	}
	return m
}()

// decoder takes fields that it does not know, of a newer version, and texts that
// are no UTF-8, such as errors of an operating system. Its bounds are those of
// what we write.
var decoder = func() cbor.DecMode {
	m, err := cbor.DecOptions{
		DupMapKey:        cbor.DupMapKeyEnforcedAPF,
		IndefLength:      cbor.IndefLengthForbidden,
		TagsMd:           cbor.TagsForbidden,
		UTF8:             cbor.UTF8DecodeInvalid,
		MaxNestedLevels:  4,
		MaxArrayElements: maxArray,
		MaxMapPairs:      64,
	}.DecMode()
	if err != nil {
		panic(err) // the options are constant
	}
	return m
}()

// kindOf gives the kind of a record; not ok: it is none of ours.
func kindOf(r Record) (kind byte, ok bool) {
	switch r.(type) {
	case *Life:
		return kindLife, true
	case *Departure:
		return kindDeparture, true
	case *SessionEnd:
		return kindSessionEnd, true
	case *Announcement:
		return kindAnnouncement, true
	case *Transfer:
		return kindTransfer, true
	case *Stall:
		return kindStall, true
	case *Gap:
		return kindGap, true
	}
	return 0, false
}

// decode gives the record of a payload.
func decode(kind byte, payload []byte) (Record, error) {
	var r Record
	switch kind {
	case kindLife:
		r = new(Life)
	case kindDeparture:
		r = new(Departure)
	case kindSessionEnd:
		r = new(SessionEnd)
	case kindAnnouncement:
		r = new(Announcement)
	case kindTransfer:
		r = new(Transfer)
	case kindStall:
		r = new(Stall)
	case kindGap:
		r = new(Gap)
	default:
		return &Unknown{At: peekAt(payload), Kind: kind, Size: len(payload)}, nil
	}
	if err := decoder.Unmarshal(payload, r); err != nil {
		return nil, damaged("a record of kind %d: %v", kind, err)
	}
	if d, ok := r.(*Departure); ok && len(d.RTTs) > MaxRTTs {
		d.RTTs = d.RTTs[len(d.RTTs)-MaxRTTs:]
	}
	return r, nil
}

// peekAt gives the time of a record without decoding the rest, 0 if its payload
// does not begin with it.
func peekAt(payload []byte) int64 {
	if len(payload) > 1 && payload[0] == 0xb8 { // a map of 24 pairs or more
		payload = payload[1:]
	}
	if len(payload) < 3 || payload[1] != 1 { // a map of 1…23 pairs begins with the key 1
		return 0
	}
	info, b := payload[2], payload[3:]
	n := 0
	switch {
	case info < 24:
		return int64(info)
	case info <= 27:
		n = 1 << (info - 24)
	default:
		return 0 // before 1970, or no number
	}
	if len(b) < n {
		return 0
	}
	at := uint64(0)
	for _, c := range b[:n] {
		at = at<<8 | uint64(c)
	}
	return int64(at & (1<<63 - 1)) //nolint:gosec // masked
}

func unsupported(r Record) error { return fmt.Errorf("record: %T cannot be kept", r) }
