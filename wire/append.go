package wire

import "fmt"

// appendBody appends the body of the messages that go by the thousand, which
// leaves the library out: it takes one allocation where that takes six. The
// bytes are the same. It reports false for every other message.
func appendBody(dst []byte, m Message) ([]byte, bool) {
	switch m := m.(type) {
	case *Deliver:
		return m.appendBody(dst), true
	case *Ping:
		return m.appendBody(dst), true
	case *Pong:
		return m.appendBody(dst), true
	case *OK:
		return appendUint(append(dst, majorMap<<5|1, 1), m.Request), true
	case *Ack:
		dst = appendUint(append(dst, majorMap<<5|2, 1), m.ID)
		return appendUint(append(dst, 2), m.Sessions), true
	}
	return dst, false
}

func (m *Deliver) appendBody(dst []byte) []byte {
	fields := 3 + one(len(m.Body) > 0) + one(m.Kind != "") + one(m.At != 0)
	dst = appendUint(append(dst, majorMap<<5|fields, 1), m.ID)
	dst = append(appendHead(append(dst, 2), majorText, uint64(len(m.From))), m.From...)
	if len(m.Body) > 0 {
		dst = append(appendHead(append(dst, 3), majorBytes, uint64(len(m.Body))), m.Body...)
	}
	if m.Kind != "" {
		dst = append(appendHead(append(dst, 4), majorText, uint64(len(m.Kind))), m.Kind...)
	}
	dst = appendUint(append(dst, 5), m.Connection)
	switch {
	case m.At > 0:
		dst = appendUint(append(dst, 6), uint64(m.At))
	case m.At < 0:
		dst = appendHead(append(dst, 6), majorNegative, uint64(-(m.At + 1))) //nolint:gosec // not negative
	}
	return dst
}

func (m Ping) appendBody(dst []byte) []byte {
	return appendUint(append(dst, majorMap<<5|1, 1), m.Time)
}

func (m Pong) appendBody(dst []byte) []byte {
	dst = append(dst, majorMap<<5|1+one(m.Time != 0), 1)
	if dst = appendUint(dst, m.Echo); m.Time != 0 {
		dst = appendUint(append(dst, 2), m.Time)
	}
	return dst
}

// AppendPing appends the whole frame of a ping as [Append] does, which refuses none,
// but from a value, which takes no memory. The frame is shorter than [MaxPong].
func AppendPing(dst []byte, m Ping) []byte {
	out, _ := seal(dst, m.appendBody(append(dst, 0, 0, 0, 0, byte(TypePing))), 0) // never too long
	return out
}

// AppendPong appends the whole frame of a pong as [Append] does, which refuses none,
// but from a value, which takes no memory. The frame is at most [MaxPong] bytes long.
func AppendPong(dst []byte, m Pong) []byte {
	out, _ := seal(dst, m.appendBody(append(dst, 0, 0, 0, 0, byte(TypePong))), 0) // never too long
	return out
}

// AppendDeliver appends the whole frame of a deliver as [Append] does, with the same
// errors, but from a value, which takes no memory beside that of the frame.
func AppendDeliver(dst []byte, m Deliver) ([]byte, error) {
	if err := m.check(); err != nil {
		return dst, fmt.Errorf("%s: %w", TypeDeliver, err)
	}
	if dst == nil {
		dst = make([]byte, 0, HeaderSize+m.room())
	}
	return seal(dst, m.appendBody(append(dst, 0, 0, 0, 0, byte(TypeDeliver))), 0)
}

// MaxPong is the length of the longest frame of a pong.
const MaxPong = HeaderSize + 1 + 2*(1+9)

// bodyRoom is how much appendBody takes at most, for a whole allocation.
func bodyRoom(m Message) int {
	if d, ok := m.(*Deliver); ok {
		return d.room()
	}
	return 2*headRoom + 1
}

func (m *Deliver) room() int { return len(m.From) + len(m.Body) + len(m.Kind) + 6*headRoom + 1 }

const headRoom = 9 + 1 // an item's head, and its key

func one(there bool) byte {
	if there {
		return 1
	}
	return 0
}

func appendUint(dst []byte, v uint64) []byte { return appendHead(dst, 0, v) }
