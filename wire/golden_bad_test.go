package wire

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
)

type badCase struct {
	name string
	body []byte
	err  string // a key of goldenErrors
}

// badCases are the bodies of a type that a receiver refuses: every field with
// every other type, and past its limit; for ping also what breaks the CBOR profile.
func badCases(tb testing.TB, typ Type) []badCase {
	tb.Helper()
	var all []badCase
	values := goodCases[typ]
	full := unchecked(tb, values[len(values)-1].message)
	fields := map[uint64]cbor.RawMessage{}
	if err := cbor.Unmarshal(full, &fields); err != nil {
		tb.Fatal(err)
	}
	for _, f := range fieldsOf(newMessage(typ)) {
		for _, wrong := range wrongValues(f.kind) {
			was := fields[f.key]
			fields[f.key] = unhex(tb, wrong)
			body := assemble(fields)
			fields[f.key] = was
			all = append(all, badCase{fmt.Sprintf("%s is %s", f.name, diagnose(tb, wrong)), body, "malformed"})
		}
	}
	for _, e := range edges[typ] {
		err := "field"
		if e.malformed {
			err = "malformed"
		}
		all = append(all, badCase{"limit: " + e.name, unchecked(tb, e.past), err})
	}
	if typ == TypePing {
		for _, c := range outsideProfile {
			all = append(all, badCase{c.name, unhex(tb, c.hex), "malformed"})
		}
	}
	return all
}

// assemble writes a map of fewer than 24 fields whatever their values are: a
// library would refuse to write most of them.
func assemble(fields map[uint64]cbor.RawMessage) []byte {
	body := []byte{0xa0 | byte(len(fields))}
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		body = append(append(body, byte(key)), fields[key]...)
	}
	return body
}

func diagnose(tb testing.TB, item string) string {
	tb.Helper()
	text, err := cbor.Diagnose(unhex(tb, item))
	if err != nil {
		return "the bytes " + item // such as bad UTF-8
	}
	return text
}

// wrongValues are values that a field of a kind cannot have.
func wrongValues(kind string) []string {
	const (
		one, minusOne, float  = "01", "20", "f93c00"
		text, byteString      = "6161", "4161"
		yes, null, simple     = "f5", "f6", "f0"
		numbers, emptyMap     = "820102", "a0"
		tooBig, tooBigSigned  = "190100", "1b8000000000000000"
		bignum, selfDescribed = "c249010000000000000000", "d9d9f701"
	)
	switch kind {
	case "uint":
		return []string{minusOne, float, text, byteString, yes, null, simple, numbers, emptyMap, bignum, selfDescribed}
	case "int":
		return []string{tooBigSigned, "3b8000000000000000", float, text, byteString, yes, null, numbers}
	case "reason", "code":
		return []string{minusOne, tooBig, float, text, yes, null, simple}
	case "text":
		return []string{one, byteString, yes, null, numbers, emptyMap, "61ff", "62c080", "7f6161ff"}
	case "bytes":
		return []string{one, text, yes, null, numbers, emptyMap, "80", "5f4161ff"}
	case "bool":
		return []string{"00", one, text, null, numbers}
	case "[text]":
		return []string{one, text, byteString, null, numbers, emptyMap, "814161", "81f6", "8180", "9f6161ff"}
	default: // an array of maps
		return []string{one, text, byteString, null, numbers, emptyMap, "8180", "81f6", "81a101f6", "81a10120", "8181a10101", "9fa0ff", "81a2026161026162"}
	}
}

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

// badStreams are streams that hold no frame that can be handled. They are read with the
// frame limit of the handshake.
var badStreams = []struct {
	name   string
	stream []byte
	err    string
}{
	{"a length of 0", []byte{0, 0, 0, 0}, "malformed"},
	{"a length of 4 GiB less one", []byte{0xff, 0xff, 0xff, 0xff}, "frame_too_large"},
	{"a length just past the limit", []byte{0, 0, 0x10, 1}, "frame_too_large"},
	{"another protocol", []byte("GET / HTTP/1.1\r\n"), "frame_too_large"},
	{"TLS", []byte{0x16, 3, 1, 2, 0}, "frame_too_large"},
	{"type 0", frameOf(0, []byte{0xa0}), "unknown_type"},
	{"a type of a later version", frameOf(21, []byte{0xa0}), "unknown_type"},
	{"type 255 without a body", frameOf(255, nil), "unknown_type"},
	{"a header cut short", []byte{0, 0, 0}, "truncated"},
	{"a frame cut short", []byte{0, 0, 0, 5, 7, 0xa1, 1}, "truncated"},
	{"a second frame cut short", append(frameOf(TypePing, []byte{0xa1, 1, 1}), 0, 0), "truncated"},
}
