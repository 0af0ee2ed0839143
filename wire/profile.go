package wire

import (
	"encoding/binary"
	"errors"
	"math"
	"strconv"
	"unicode/utf8"
)

// What a body that is outside the profile is refused for; Decode wraps each in
// [ErrMalformed].
var (
	errNoMap      = errors.New("the body is no map")
	errTruncated  = errors.New("the body ends within an item")
	errTrailing   = errors.New("something stands behind the map")
	errIndefinite = errors.New("an item has no definite length")
	errTag        = errors.New("an item is tagged")
	errSimple     = errors.New("a simple value is neither false nor true")
	errDepth      = errors.New("the nesting is deeper than " + strconv.Itoa(MaxNesting))
	errArray      = errors.New("an array has more than " + strconv.Itoa(MaxArray) + " elements")
	errMap        = errors.New("a map has more than " + strconv.Itoa(MaxMapFields) + " pairs")
	errKey        = errors.New("a key is no unsigned integer of 32 bits")
	errDuplicate  = errors.New("a key comes twice")
	errUTF8       = errors.New("a text is not valid UTF-8")
	errNoBytes    = errors.New("a byte string is given as something else")
)

// The major types of CBOR, RFC 8949 section 3.1.
const (
	majorUint = iota
	majorNegative
	majorBytes
	majorText
	majorArray
	majorMap
	majorTag
	majorSimple
)

// checkProfile checks a whole body against the protocol's profile of CBOR
// (PROTOCOL.md, "Bodies") before any of it is decoded. It takes no memory.
//
// The CBOR library checks most of this by itself, but not all: it takes null and
// the unassigned simple values for numbers and texts, takes an array of numbers
// for a byte string, does not look for duplicate keys or bad UTF-8 within what
// it skips, and spends memory on every unknown key. Here the rule is one, and a
// client in another language can have exactly the same.
//
// known is what the body's map holds in its known fields.
func checkProfile(body []byte, known *shape) error {
	if len(body) == 0 || body[0]>>5 != majorMap {
		return errNoMap // at the root null and arrays would decode as well
	}
	rest, err := walk(body, 0, known)
	if err == nil && len(rest) > 0 {
		return errTrailing
	}
	return err
}

// walk checks the item at the front of b and returns what stands behind it.
// depth counts the arrays and maps around it, and bounds the recursion. known is
// the shape of the item if it is a map, or of the maps in it if it is an array.
func walk(b []byte, depth int, known *shape) ([]byte, error) {
	major, info, arg, b, err := head(b)
	if err != nil {
		return nil, err
	}
	switch major {
	case majorUint, majorNegative:
		return b, nil
	case majorBytes, majorText:
		if arg > uint64(len(b)) {
			return nil, errTruncated
		}
		if major == majorText && !utf8.Valid(b[:arg]) {
			return nil, errUTF8
		}
		return b[arg:], nil
	case majorArray, majorMap:
		if depth == MaxNesting {
			return nil, errDepth
		}
		if major == majorMap {
			return walkMap(b, depth+1, arg, known)
		}
		if arg > MaxArray {
			return nil, errArray
		}
		for range arg {
			if b, err = walk(b, depth+1, known); err != nil {
				return nil, err
			}
		}
		return b, nil
	case majorTag:
		return nil, errTag
	default:
		// 20 is false, 21 is true; 25 to 27 are floats, of which this version has
		// none, but an unknown field may.
		if info == 20 || info == 21 || info >= 25 {
			return b, nil
		}
		return nil, errSimple
	}
}

func walkMap(b []byte, depth int, pairs uint64, known *shape) ([]byte, error) {
	if pairs > MaxMapFields {
		return nil, errMap
	}
	var seen [MaxMapFields]uint32
	ascending := true
	for i := range int(pairs) { //nolint:gosec // pairs <= MaxMapFields
		major, _, arg, rest, err := head(b)
		if err != nil {
			return nil, err
		}
		if major != majorUint || arg > math.MaxUint32 {
			return nil, errKey
		}
		// Keys that ascend, as every sender must write them, cannot repeat.
		key := uint32(arg) //nolint:gosec // checked above
		ascending = ascending && (i == 0 || key > seen[i-1])
		if !ascending {
			for _, k := range seen[:i] {
				if k == key {
					return nil, errDuplicate
				}
			}
		}
		seen[i] = key
		if known.isBytes(key) && len(rest) > 0 && rest[0]>>5 != majorBytes {
			return nil, errNoBytes
		}
		if b, err = walk(rest, depth, known.under(key)); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// head reads the head of the item at the front of b: its major type, its
// additional information, and its argument (RFC 8949 section 3).
func head(b []byte) (major, info byte, arg uint64, rest []byte, err error) {
	if len(b) == 0 {
		return 0, 0, 0, nil, errTruncated
	}
	major, info, b = b[0]>>5, b[0]&0x1f, b[1:]
	if info < 24 {
		return major, info, uint64(info), b, nil
	}
	if info > 27 {
		return 0, 0, 0, nil, errIndefinite // 31; 28 to 30 are not well-formed
	}
	size := 1 << (info - 24)
	if len(b) < size {
		return 0, 0, 0, nil, errTruncated
	}
	switch size {
	case 1:
		arg = uint64(b[0])
	case 2:
		arg = uint64(binary.BigEndian.Uint16(b))
	case 4:
		arg = uint64(binary.BigEndian.Uint32(b))
	default:
		arg = binary.BigEndian.Uint64(b)
	}
	return major, info, arg, b[size:], nil
}
