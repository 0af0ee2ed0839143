package wire

import (
	"bytes"
	"errors"
	"fmt"
	"math"
)

// errFieldType is a field that is given as something else than what it is.
var errFieldType = errors.New("a field has another type")

// decodeBody decodes the messages that go by the thousand, which leaves the library
// out: it allocates only what the message keeps. The result is the same, and so is
// what is refused. body has passed the profile. It reports false for every other
// message.
func decodeBody(m Message, body []byte) (done bool, err error) {
	items := itemsOf(body)
	switch m := m.(type) {
	case *Ping:
		m.Time, err = items.ping()
	case *Pong:
		m.Echo, m.Time, err = items.pong()
	case *Send:
		err = m.decodeBody(items)
	case *Deliver:
		err = m.decodeBody(items)
	case *Ack:
		err = m.decodeBody(items)
	default:
		return false, nil
	}
	return true, err
}

func (r items) ping() (at uint64, err error) {
	for r.next() {
		if r.key == 1 {
			at, err = r.uint(err)
		}
	}
	return at, err
}

func (r items) pong() (echo, at uint64, err error) {
	for r.next() {
		switch r.key {
		case 1:
			echo, err = r.uint(err)
		case 2:
			at, err = r.uint(err)
		}
	}
	return echo, at, err
}

func (m *Send) decodeBody(r items) error {
	err := m.read(r)
	m.Body = bytes.Clone(m.Body)
	return err
}

// read decodes a send whose data lies in the body that it came in. What To holds already
// is kept where it is the same.
func (m *Send) read(r items) (err error) {
	to := m.To
	m.To = ""
	for r.next() {
		switch r.key {
		case 1:
			m.ID, err = r.uint(err)
		case 2:
			if r.major == majorText && string(r.data) == to {
				m.To = to
			} else {
				m.To, err = r.text(err)
			}
		case 3:
			m.Body, err = r.part(err)
		case 4:
			m.Kind, err = r.text(err)
		case 5:
			m.NoAck, err = r.bool(err)
		}
	}
	return err
}

func (m *Deliver) decodeBody(r items) (err error) {
	for r.next() {
		switch r.key {
		case 1:
			m.ID, err = r.uint(err)
		case 2:
			m.From, err = r.text(err)
		case 3:
			m.Body, err = r.bytes(err)
		case 4:
			m.Kind, err = r.text(err)
		case 5:
			m.Connection, err = r.uint(err)
		case 6:
			m.At, err = r.int(err)
		}
	}
	return err
}

func (m *Ack) decodeBody(r items) (err error) {
	for r.next() {
		switch r.key {
		case 1:
			m.ID, err = r.uint(err)
		case 2:
			m.Sessions, err = r.uint(err)
		}
	}
	return err
}

// items walks over the pairs of a map that has passed the profile: no step can run
// past its end, and no key comes twice.
type items struct {
	left uint64
	rest []byte // the pairs to come

	// The pair at hand.
	key         uint64
	major, info byte
	arg         uint64
	data        []byte // of a byte string or a text
}

func itemsOf(body []byte) items {
	_, _, pairs, rest, _ := head(body)
	return items{left: pairs, rest: rest}
}

// next goes to the next pair, if there is one.
func (r *items) next() bool {
	if r.left == 0 {
		return false
	}
	r.left--
	var value []byte
	_, _, r.key, value, _ = head(r.rest)
	r.major, r.info, r.arg, r.rest, _ = head(value)
	switch r.major {
	case majorBytes, majorText:
		r.data, r.rest = r.rest[:r.arg], r.rest[r.arg:]
	case majorArray, majorMap:
		r.rest, _ = walk(value, 1, nil)
	}
	return true
}

// The values of the pair at hand. Each returns the error that there was before, or
// else its own.

func (r *items) is(major byte, before error) error {
	if before == nil && r.major != major {
		return errFieldType
	}
	return before
}

func (r *items) uint(before error) (uint64, error) {
	return r.arg, r.is(majorUint, before)
}

func (r *items) int(before error) (int64, error) {
	if r.arg > math.MaxInt64 || r.major > majorNegative {
		return 0, r.is(math.MaxUint8, before)
	}
	n := int64(r.arg)
	if r.major == majorNegative {
		n = -1 - n
	}
	return n, before
}

func (r *items) text(before error) (string, error) {
	if err := r.is(majorText, before); err != nil {
		return "", err
	}
	return string(r.data), nil
}

func (r *items) bytes(before error) ([]byte, error) {
	data, err := r.part(before)
	return bytes.Clone(data), err
}

// part is bytes without a copy.
func (r *items) part(before error) ([]byte, error) {
	if err := r.is(majorBytes, before); err != nil {
		return nil, err
	}
	return r.data[:len(r.data):len(r.data)], nil
}

func (r *items) bool(before error) (bool, error) {
	if r.info != simpleFalse && r.info != simpleTrue {
		return false, r.is(math.MaxUint8, before)
	}
	return r.info == simpleTrue, r.is(majorSimple, before)
}

// The simple values that the profile has, RFC 8949 section 3.3.
const (
	simpleFalse = 20
	simpleTrue  = 21
)

// DecodePing decodes a ping's body as [Decode] does, with the same errors, but to a
// value, which takes no memory.
func DecodePing(body []byte) (Ping, error) {
	if err := checkProfile(body, shapes[TypePing]); err != nil {
		return Ping{}, malformed(TypePing, err)
	}
	at, err := itemsOf(body).ping()
	if err != nil {
		return Ping{}, malformed(TypePing, err)
	}
	return Ping{Time: at}, nil
}

// DecodePong decodes a pong's body as [Decode] does, with the same errors, but to a
// value, which takes no memory.
func DecodePong(body []byte) (m Pong, err error) {
	if err := checkProfile(body, shapes[TypePong]); err != nil {
		return Pong{}, malformed(TypePong, err)
	}
	if m.Echo, m.Time, err = itemsOf(body).pong(); err != nil {
		return Pong{}, malformed(TypePong, err)
	}
	return m, nil
}

// DecodeSend decodes a send's body as [Decode] does, with the same errors, but to a value
// and without a copy of its data, which lies in body and is valid only as long as that.
// When the recipient is the one that is given, it takes no memory.
func DecodeSend(body []byte, to string) (Send, error) {
	if err := checkProfile(body, shapes[TypeSend]); err != nil {
		return Send{}, malformed(TypeSend, err)
	}
	m := Send{To: to}
	if err := m.read(itemsOf(body)); err != nil {
		return Send{}, malformed(TypeSend, err)
	}
	if err := m.check(); err != nil {
		return Send{}, fmt.Errorf("%s: %w", TypeSend, err)
	}
	return m, nil
}
