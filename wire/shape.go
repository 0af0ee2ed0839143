package wire

import (
	"reflect"
	"strconv"
	"strings"
)

// shape is what the profile knows of the fields of one map: which of them must
// be byte strings, and which hold maps in turn. A nil shape knows none. Shapes
// are static after construction.
type shape struct {
	bytes uint64 // the keys of byte strings, as bits
	inner []innerShape
}

type innerShape struct {
	key   uint32
	shape *shape
}

func (s *shape) isBytes(key uint32) bool {
	return s != nil && key < 64 && s.bytes>>key&1 == 1
}

// under returns the shape of the map, or of the array of maps, under a key.
func (s *shape) under(key uint32) *shape {
	if s != nil {
		for _, in := range s.inner {
			if in.key == key {
				return in.shape
			}
		}
	}
	return nil
}

// shapes holds the shape of each message type, nil for those that are unknown.
var shapes = findShapes()

func findShapes() (all [typeCount]*shape) {
	for _, t := range Types() {
		all[t] = shapeOf(reflect.TypeOf(newMessage(t)).Elem())
	}
	return all
}

// shapeOf reads the shape of a message, or of a map within one, from its tags.
func shapeOf(structure reflect.Type) *shape {
	s := new(shape)
	for f := range structure.Fields() {
		number, _, _ := strings.Cut(f.Tag.Get("cbor"), ",")
		key, err := strconv.ParseUint(number, 10, 6)
		if err != nil {
			panic(err) // unreachable: the tags are constants
		}
		inner := f.Type
		if inner.Kind() == reflect.Slice {
			inner = inner.Elem()
		}
		switch inner.Kind() {
		case reflect.Uint8:
			if f.Type.Kind() == reflect.Slice {
				s.bytes |= 1 << key
			}
		case reflect.Struct:
			s.inner = append(s.inner, innerShape{uint32(key), shapeOf(inner)}) //nolint:gosec // key < 64
		}
	}
	return s
}
