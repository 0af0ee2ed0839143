package simulations

import (
	"bytes"
	"encoding/binary"
	"time"

	"example.com/rollcall/wire"
)

// facts are what the world knows of one link by itself: from the bytes that the
// server has read and written, and from the clock. What the server says of it is
// compared with this, link by link.
type facts struct {
	isAccepted bool
	number     uint64 // which accept of this life it was
	accepted   time.Duration
	hello      string // the identifier, once the server has read it
	saidBye    bool   // the server has read a bye
	connection uint64 // the server's number, from its welcome
	interval   time.Duration
	timeout    time.Duration
	welcomed   time.Duration
	logins     map[uint64]string // by request: asked for, not answered
	attempts   map[uint64]attempt
	watching   watchFacts
	logouts    map[uint64]bool
	user       string // who is logged in, by the server's login_ok
	session    uint64
	since      time.Duration
	byed       wire.Reason     // of the server's bye
	writing    time.Duration   // when the server last began a write
	readOver   time.Duration   // when the server was told that nothing more can come
	claimed    map[string]bool // the users as whom a login was tried
	pinged     time.Duration   // when the server last asked for a sign of life

	silentSince time.Duration // when it was last heard, as of the latest write
	unasked     int           // bytes written since its ping was due, without one
}

// tap listens at the server's end of a link. It keeps the bodies of the few
// messages that it wants to know, and skips the others.
type tap struct {
	link    *link
	in, out scanner
}

func newTap(l *link) *tap { return &tap{link: l} }

func (t *tap) read(b []byte) {
	t.in.feed(b, func(f wire.Type) bool {
		switch f {
		case wire.TypeHello, wire.TypeLogin, wire.TypeLogout, wire.TypeRequest, wire.TypeBye, wire.TypeWatch, wire.TypeUnwatch:
			return true
		default:
			return false
		}
	}, func(m wire.Message) { t.link.w.model.read(t.link, m) })
	t.spoiled(&t.in)
}

// wrote returns what goes on the line: what was written, or nearly.
func (t *tap) wrote(b []byte) []byte {
	if t.out.spoil > 0 {
		b = bytes.Clone(b) // others are sent the same bytes
	}
	t.out.feed(b, func(f wire.Type) bool {
		switch f {
		case wire.TypeWelcome, wire.TypeLoginOK, wire.TypeOK, wire.TypeError, wire.TypeBye, wire.TypePing, wire.TypeFileNotice:
			return true
		default:
			return false
		}
	}, func(m wire.Message) { t.link.w.model.wrote(t.link, m) })
	t.spoiled(&t.out)
	t.link.w.model.carried(t.link, len(b))
	return b
}

// scanner finds the frames in a stream. It holds one body at most, and only of a
// wanted type.
type scanner struct {
	head   [wire.HeaderSize]byte
	n      int // bytes of head
	left   int // bytes of the body that are to come
	wanted bool
	body   []byte
	lost   bool // what came is no frame

	spoil   int // how many of the next chunks get a wrong byte
	spoiled int // how many did
}

func (s *scanner) feed(b []byte, want func(wire.Type) bool, got func(wire.Message)) {
	for len(b) > 0 && !s.lost {
		if s.n < len(s.head) {
			k := copy(s.head[s.n:], b)
			s.n, b = s.n+k, b[k:]
			if s.n < len(s.head) {
				return
			}
			length := binary.BigEndian.Uint32(s.head[:4])
			if length == 0 || length > wire.MaxMaxFrame {
				s.lost = true
				return
			}
			s.left = int(length) - 1
			s.wanted = want(wire.Type(s.head[4]))
			s.body = s.body[:0]
		}
		k := min(len(b), s.left)
		if s.wanted {
			s.body = append(s.body, b[:k]...)
		}
		s.corrupt(b[:k])
		s.left, b = s.left-k, b[k:]
		if s.left > 0 {
			return
		}
		s.n = 0
		if !s.wanted {
			continue
		}
		m, err := wire.Decode(wire.Type(s.head[4]), s.body)
		s.body = nil
		if err != nil {
			s.lost = true
			return
		}
		got(m)
	}
}
