package wire

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// outsideProfile are bodies that the profile of CBOR refuses, as bodies of a
// ping.
var outsideProfile = []struct{ name, hex string }{
	{"empty", ""},
	{"no map: an array", "80"},
	{"no map: null", "f6"},
	{"no map: a number", "01"},
	{"no map: a text", "6161"},
	{"two maps", "a10101a0"},
	{"something behind the map", "a1010100"},
	{"nothing behind a key", "a101"},
	{"a number cut short", "a1011901"},
	{"a text cut short", "a101656161"},
	{"a byte string of 2^64-1", "a1015bffffffffffffffff"},
	{"an array of 2^64-1", "a1019bffffffffffffffff"},
	{"a map of 2^64-1", "bbffffffffffffffff"},
	{"a map of indefinite length", "bf0101ff"},
	{"an array of indefinite length in an unknown field", "a2010118289fff"},
	{"a text of indefinite length in an unknown field", "a2010118287f6161ff"},
	{"a break", "a101ff"},
	{"reserved additional information 28", "a1011c"},
	{"reserved additional information 30", "a1011e"},
	{"a tag", "a101c101"},
	{"a tag in an unknown field", "a201011828c101"},
	{"the self-described tag before the map", "d9d9f7a10101"},
	{"null in an unknown field", "a201011828f6"},
	{"undefined in an unknown field", "a201011828f7"},
	{"simple value 0 in an unknown field", "a201011828e0"},
	{"simple value 255 in an unknown field", "a201011828f8ff"},
	{"false in two bytes", "a201011828f814"},
	{"a key twice", "a201010102"},
	{"a key twice, in two encodings", "a20101180102"},
	{"an unknown key twice", "a30101182801182802"},
	{"a key twice, not in order", "a3020101010202"},
	{"a key twice in an unknown field", "a201011828a200010001"},
	{"a text for a key", "a20101613101"},
	{"a negative key", "a201012001"},
	{"a byte string for a key", "a20101413101"},
	{"an array for a key", "a201018001"},
	{"a key of 2^32", "a201011b000000010000000001"},
	{"bad UTF-8 in an unknown field", "a20101182861ff"},
	{"a surrogate in UTF-8 in an unknown field", "a20101182863eda080"},
	{"nested five deep", "a20101182881818180"},
	{"nested a million deep, were it whole", "a201011828" + strings.Repeat("81", 200)},
	{"an array of 1025 in an unknown field", "a201011828990401" + strings.Repeat("00", 1025)},
	{"a map of 65", "b841" + manyPairs(65)},
	{"a map of 65 in an unknown field", "a201011828b841" + manyPairs(65)},
}

// manyPairs is n pairs of a map: {0: 0, 1: 0, …}.
func manyPairs(n int) string {
	var out strings.Builder
	for k := range n {
		switch {
		case k < 24:
			fmt.Fprintf(&out, "%02x00", k)
		default:
			fmt.Fprintf(&out, "18%02x00", k)
		}
	}
	return out.String()
}

// TestProfile: the profile refuses by itself what is outside it, whether or not
// the library behind it would, and takes no memory for it.
func TestProfile(t *testing.T) {
	for _, c := range outsideProfile {
		body := unhex(t, c.hex)
		if err := checkProfile(body, nil); err == nil {
			t.Errorf("%s is admitted", c.name)
		}
		if n := testing.AllocsPerRun(10, func() { _ = checkProfile(body, nil) }); n != 0 {
			t.Errorf("%s: %v allocations", c.name, n)
		}
	}
	for _, typ := range Types() {
		for _, c := range goodCases[typ] {
			body := unchecked(t, c.message)
			if err := checkProfile(body, shapes[typ]); err != nil {
				t.Errorf("%s, %s: %v", typ, c.name, err)
			}
			if n := testing.AllocsPerRun(10, func() { _ = checkProfile(body, shapes[typ]) }); n != 0 {
				t.Errorf("%s, %s: %v allocations", typ, c.name, n)
			}
		}
	}
}

// TestProfileKnowsByteStrings: wherever a message has a byte string, in a map
// within a map too, the profile refuses anything else, were the library to take it.
func TestProfileKnowsByteStrings(t *testing.T) {
	for _, typ := range Types() {
		compareShape(t, typ.String(), reflect.TypeOf(newMessage(typ)).Elem(), shapes[typ])
	}
	if s := shapes[TypePing]; s.bytes != 0 || len(s.inner) != 0 {
		t.Errorf("ping has the shape %+v", s)
	}
	if s := shapes[TypeFileList].under(2); !s.isBytes(1) || s.isBytes(3) || !s.isBytes(6) || s.under(2) != nil {
		t.Errorf("a file in a list has the shape %+v", s)
	}
	for _, s := range []*shape{nil, shapes[TypePing]} {
		if s.isBytes(1) || s.isBytes(64) || s.isBytes(1<<32-1) || s.under(1) != nil {
			t.Errorf("%+v knows fields that are not there", s)
		}
	}
}

func compareShape(t *testing.T, name string, structure reflect.Type, s *shape) {
	t.Helper()
	if s == nil {
		t.Fatalf("%s has no shape", name)
	}
	for _, f := range fieldsOf(reflect.New(structure).Interface()) {
		if want := f.kind == "bytes"; s.isBytes(uint32(f.key)) != want {
			t.Errorf("%s.%s is taken for a byte string: %v", name, f.name, !want)
		}
		inner := map[string]any{"[online]": Online{}, "[change]": Change{}, "[file]": File{}, "file": File{}}[f.kind]
		switch {
		case inner != nil:
			compareShape(t, name+"."+f.name, reflect.TypeOf(inner), s.under(uint32(f.key)))
		case s.under(uint32(f.key)) != nil:
			t.Errorf("%s.%s is taken for a map", name, f.name)
		}
	}
}
