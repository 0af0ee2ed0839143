package wire

import (
	"fmt"
	"iter"
	"maps"
	"slices"
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
		was := fields[f.key]
		for _, wrong := range wrongValues(f.kind) {
			fields[f.key] = unhex(tb, wrong)
			all = append(all, badCase{fmt.Sprintf("%s is %s", f.name, diagnose(tb, wrong)), assemble(fields), "malformed"})
		}
		switch f.kind {
		case "file":
			for name, file := range wrongFiles(tb, was) {
				fields[f.key] = file
				all = append(all, badCase{f.name + "." + name, assemble(fields), "malformed"})
			}
		case "[file]": // the full message has one
			for name, file := range wrongFiles(tb, was[1:]) {
				fields[f.key] = append([]byte{0x81}, file...)
				all = append(all, badCase{f.name + "[0]." + name, assemble(fields), "malformed"})
			}
		}
		if was == nil {
			delete(fields, f.key)
			continue
		}
		fields[f.key] = was
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

// wrongFiles are the descriptions of a file with one field of a wrong type: a
// map within the body is held to the same rules as the body itself.
func wrongFiles(tb testing.TB, full []byte) iter.Seq2[string, []byte] {
	tb.Helper()
	fields := map[uint64]cbor.RawMessage{}
	if err := cbor.Unmarshal(full, &fields); err != nil {
		tb.Fatal(err)
	}
	return func(yield func(string, []byte) bool) {
		for _, f := range fieldsOf(&File{}) {
			was := fields[f.key]
			for _, wrong := range wrongValues(f.kind) {
				fields[f.key] = unhex(tb, wrong)
				if !yield(fmt.Sprintf("%s is %s", f.name, diagnose(tb, wrong)), assemble(fields)) {
					return
				}
			}
			fields[f.key] = was
		}
	}
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
	case "reason", "code", "event":
		return []string{minusOne, tooBig, float, text, yes, null, simple}
	case "text":
		return []string{one, byteString, yes, null, numbers, emptyMap, "61ff", "62c080", "7f6161ff"}
	case "bytes":
		return []string{one, text, yes, null, numbers, emptyMap, "80", "5f4161ff"}
	case "bool":
		return []string{"00", one, text, null, numbers}
	case "[text]":
		return []string{one, text, byteString, null, numbers, emptyMap, "814161", "81f6", "8180", "9f6161ff"}
	case "file":
		return []string{one, text, byteString, yes, null, numbers, "80", "a10301", "a106820102", "a201010101", "bfff"}
	default: // an array of maps
		return []string{one, text, byteString, null, numbers, emptyMap, "8180", "81f6", "81a101f6", "81a10120", "8181a10101", "9fa0ff", "81a2026161026162"}
	}
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
