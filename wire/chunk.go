package wire

import (
	"encoding/binary"
	"fmt"
	"math"
)

// AppendChunkHead appends the frame of a chunk up to its data, which is the last
// of it: the caller puts exactly size bytes of data behind, read from a file
// straight into the buffer or written after it. With the data, the frame is the
// same as that of [Append]. The error wraps [ErrField] or [ErrFrameTooLarge], and
// dst is returned as it was.
//
// The head has at most 4+[MaxChunkOverhead] bytes.
func AppendChunkHead(dst []byte, transfer, offset uint64, size int) ([]byte, error) {
	if err := checkChunk(transfer, offset, size); err != nil {
		return dst, fmt.Errorf("%s: %w", TypeChunk, err)
	}
	out := append(dst, 0, 0, 0, 0, byte(TypeChunk))
	if offset == 0 {
		out = append(appendHead(append(out, majorMap<<5|2, 1), majorUint, transfer), 3)
	} else {
		out = appendHead(append(out, majorMap<<5|3, 1), majorUint, transfer)
		out = append(appendHead(append(out, 2), majorUint, offset), 3)
	}
	out = appendHead(out, majorBytes, uint64(size)) //nolint:gosec // checked above
	return seal(dst, out, size)
}

// DecodeChunk decodes a chunk's body as [Decode] does, with the same errors, but
// without a copy: its data lies in body and is valid only as long as that.
func DecodeChunk(body []byte) (Chunk, error) {
	if err := checkProfile(body, shapes[TypeChunk]); err != nil {
		return Chunk{}, malformed(TypeChunk, err)
	}
	var c Chunk
	var err error
	for r := itemsOf(body); r.next(); {
		switch r.key {
		case 1:
			c.Transfer, err = r.uint(err)
		case 2:
			c.Offset, err = r.uint(err)
		case 3:
			c.Data = r.data[:len(r.data):len(r.data)] // the profile has seen that it is a byte string
		}
	}
	if err != nil {
		return Chunk{}, malformed(TypeChunk, err)
	}
	if err := c.check(); err != nil {
		return Chunk{}, fmt.Errorf("%s: %w", TypeChunk, err)
	}
	return c, nil
}

// appendHead appends the shortest head of an item (RFC 8949 section 4.2.1).
func appendHead(dst []byte, major byte, arg uint64) []byte {
	major <<= 5
	switch {
	case arg < 24:
		return append(dst, major|byte(arg))
	case arg <= math.MaxUint8:
		return append(dst, major|24, byte(arg))
	case arg <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(dst, major|25), uint16(arg))
	case arg <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(dst, major|26), uint32(arg))
	default:
		return binary.BigEndian.AppendUint64(append(dst, major|27), arg)
	}
}
