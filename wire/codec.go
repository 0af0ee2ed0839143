package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/fxamacker/cbor/v2"
)

// Sentinels of the codec, to be checked with errors.Is. All but
// ErrUnknownType mean that the peer broke the protocol.
var (
	// ErrUnknownType is a message type that this version does not know. A
	// receiver skips the frame.
	ErrUnknownType = errors.New("wire: unknown message type")
	// ErrMalformed is a body that is not one well-formed CBOR map within the
	// limits, or has a field of the wrong type.
	ErrMalformed = errors.New("wire: malformed body")
	// ErrFrameTooLarge is a frame longer than its limit, read or written.
	ErrFrameTooLarge = errors.New("wire: frame too large")
)

// encoding and decoding are the two modes of CBOR in this protocol. They are
// immutable, and safe for use by many goroutines.
var (
	encoding = mustEncMode(cbor.EncOptions{
		Sort:          cbor.SortCoreDeterministic,
		IndefLength:   cbor.IndefLengthForbidden,
		TagsMd:        cbor.TagsForbidden,
		NilContainers: cbor.NilContainerAsEmpty,
	})
	// The body has passed checkProfile before it is decoded, which refuses
	// duplicate keys as well: the library need not look for them again, at the
	// price of memory for each unknown key. Its other limits cost nothing.
	decoding = mustDecMode(cbor.DecOptions{
		DupMapKey:        cbor.DupMapKeyQuiet,
		IndefLength:      cbor.IndefLengthForbidden,
		TagsMd:           cbor.TagsForbidden,
		MaxNestedLevels:  MaxNesting,
		MaxArrayElements: MaxArray,
		MaxMapPairs:      MaxMapFields,
		UTF8:             cbor.UTF8RejectInvalid,
		BignumTag:        cbor.BignumTagForbidden,
	})
)

func mustEncMode(o cbor.EncOptions) cbor.UserBufferEncMode {
	m, err := o.UserBufferEncMode()
	if err != nil {
		panic(err) // unreachable: the options are constants
	}
	return m
}

func mustDecMode(o cbor.DecOptions) cbor.DecMode {
	m, err := o.DecMode()
	if err != nil {
		panic(err) // unreachable: the options are constants
	}
	return m
}

// Append appends the whole frame of m, header and body, to dst. It refuses a
// message that breaks a limit, so that a sender never sends what its peer would
// have to refuse; the error wraps [ErrField] or [ErrFrameTooLarge], and dst is
// returned as it was.
//
// The frame is at most HeaderSize-1+[MaxMaxFrame] bytes long. Whether it fits
// the limit that the welcome told, the sender must see for itself: the length
// field counts all but the first four bytes of what was appended.
func Append(dst []byte, m Message) ([]byte, error) {
	if err := m.check(); err != nil {
		return dst, fmt.Errorf("%s: %w", m.Type(), err)
	}
	if dst == nil {
		dst = make([]byte, 0, HeaderSize+bodyRoom(m))
	}
	out, done := appendBody(append(dst, 0, 0, 0, 0, byte(m.Type())), m)
	if !done {
		buf := bytes.NewBuffer(out)
		if err := encoding.MarshalToBuffer(m, buf); err != nil {
			return dst, fmt.Errorf("wire: encoding %T: %w", m, err)
		}
		out = buf.Bytes()
	}
	return seal(dst, out, 0)
}

// seal writes the length of the frame that out has behind dst, and behind which more
// bytes are to follow. When it is too long, dst is returned.
func seal(dst, out []byte, more int) ([]byte, error) {
	length := len(out) - len(dst) - 4 + more
	if length > MaxMaxFrame {
		return dst, fmt.Errorf("%w: %d bytes", ErrFrameTooLarge, length)
	}
	binary.BigEndian.PutUint32(out[len(dst):], uint32(length)) //nolint:gosec // length <= MaxMaxFrame
	return out, nil
}

// Decode decodes a frame's body. The message keeps no part of body. The error
// wraps [ErrUnknownType], [ErrMalformed] or [ErrField].
func Decode(t Type, body []byte) (Message, error) {
	m := newMessage(t)
	if m == nil {
		return nil, fmt.Errorf("%w %d", ErrUnknownType, t)
	}
	if err := checkProfile(body, shapes[t]); err != nil {
		return nil, malformed(t, err)
	}
	done, err := decodeBody(m, body)
	if !done {
		err = decoding.Unmarshal(body, m)
	}
	if err != nil {
		return nil, malformed(t, err)
	}
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", t, err)
	}
	return m, nil
}

func malformed(t Type, err error) error { return fmt.Errorf("%w: %s: %w", ErrMalformed, t, err) }

// Clip shortens a text to the limit of free texts, at the boundary of a
// character, and replaces what such a text may not hold: for texts made from
// errors and from operators' words.
func Clip(s string) string {
	clean := make([]rune, 0, min(len(s), MaxText))
	size := 0
	for _, r := range s {
		if r < ' ' || (r >= 0x7f && r < 0xa0) {
			r = ' '
		}
		if size += utf8.RuneLen(r); size > MaxText {
			break
		}
		clean = append(clean, r)
	}
	return string(clean)
}
