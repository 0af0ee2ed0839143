package bench

import (
	"encoding/binary"
	"errors"

	"example.com/rollcall/wire"
)

// The floors and the load read and write the few hot messages by hand: what they
// cost must not hide what the server costs.

var errFrame = errors.New("bench: a frame that is not of this protocol")

// longestFrame bounds what a peer may send.
const longestFrame = 1 << 20

// cut takes the first whole frame from b; n is 0 when it is not all there.
func cut(b []byte) (t wire.Type, body []byte, n int, err error) {
	if len(b) < wire.HeaderSize {
		return 0, nil, 0, nil
	}
	length := binary.BigEndian.Uint32(b)
	if length == 0 || length > longestFrame {
		return 0, nil, 0, errFrame
	}
	end := 4 + int(length)
	if len(b) < end {
		return 0, nil, 0, nil
	}
	return wire.Type(b[4]), b[wire.HeaderSize:end], end, nil
}

// field is one pair of a message's map. Of an array, only the head is read.
type field struct {
	key   uint64
	major byte
	value uint64
	data  []byte // of a text or bytes
}

// fields calls f for each pair up to the first array or the end, until it
// returns false.
func fields(body []byte, f func(field) bool) {
	major, pairs, rest, ok := head(body)
	if !ok || major != 5 {
		return
	}
	for range pairs {
		var x field
		if _, x.key, rest, ok = head(rest); !ok {
			return
		}
		if x.major, x.value, rest, ok = head(rest); !ok {
			return
		}
		if x.major == 2 || x.major == 3 {
			if uint64(len(rest)) < x.value {
				return
			}
			x.data, rest = rest[:x.value], rest[x.value:]
		}
		if !f(x) || x.major == 4 || x.major == 5 {
			return
		}
	}
}

// head reads the head of one item of CBOR.
func head(b []byte) (major byte, value uint64, rest []byte, ok bool) {
	if len(b) == 0 {
		return 0, 0, nil, false
	}
	major, value, b = b[0]>>5, uint64(b[0]&31), b[1:]
	if value < 24 || major == 7 {
		return major, value, b, true
	}
	size := 1 << (value - 24)
	if value > 27 || len(b) < size {
		return 0, 0, nil, false
	}
	value = 0
	for _, x := range b[:size] {
		value = value<<8 | uint64(x)
	}
	return major, value, b[size:], true
}

// appendHead appends the head of an item.
func appendHead(b []byte, major byte, value uint64) []byte {
	switch {
	case value < 24:
		return append(b, major<<5|byte(value))
	case value < 1<<8:
		return append(b, major<<5|24, byte(value))
	case value < 1<<16:
		return append(b, major<<5|25, byte(value>>8), byte(value))
	case value < 1<<32:
		return binary.BigEndian.AppendUint32(append(b, major<<5|26), uint32(value))
	default:
		return binary.BigEndian.AppendUint64(append(b, major<<5|27), value)
	}
}

// appendFrame appends a frame whose body is what build appends.
func appendFrame(b []byte, t wire.Type, build func([]byte) []byte) []byte {
	start := len(b)
	b = build(append(b, 0, 0, 0, 0, byte(t)))
	binary.BigEndian.PutUint32(b[start:], uint32(len(b)-start-4)) //nolint:gosec // made here
	return b
}

// appendDeliver appends a message for its recipient.
func appendDeliver(b []byte, id uint64, from string, body []byte, connection uint64) []byte {
	return appendFrame(b, wire.TypeDeliver, func(b []byte) []byte {
		b = appendHead(b, 5, 4)
		b = appendHead(append(b, 1), 0, id)
		b = append(appendHead(append(b, 2), 3, uint64(len(from))), from...)
		b = append(appendHead(append(b, 3), 2, uint64(len(body))), body...)
		return appendHead(append(b, 5), 0, connection)
	})
}

// appendPong appends the answer to a ping.
func appendPong(b []byte, echo uint64) []byte {
	return appendFrame(b, wire.TypePong, func(b []byte) []byte {
		return appendHead(append(appendHead(b, 5, 1), 1), 0, echo)
	})
}

// numbers returns the first numbers of a message: fields 1, 2 and 3.
func numbers(body []byte) (n [4]uint64) {
	fields(body, func(f field) bool {
		if f.key < uint64(len(n)) && f.major == 0 {
			n[f.key] = f.value
		}
		return f.key < 3
	})
	return n
}

// must encodes a message of our own making.
func must(m wire.Message) []byte {
	b, err := wire.Append(nil, m)
	if err != nil {
		panic(err)
	}
	return b
}
