package wire

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/fxamacker/cbor/v2"
)

// update rewrites testdata/*.json from the tables in golden_good_test.go and
// golden_bad_test.go. A changed golden frame is a changed protocol.
var update = flag.Bool("update", false, "rewrite the golden frames in testdata")

// goldenCase is one frame of a golden file, as testdata/README.md tells.
type goldenCase struct {
	Name      string `json:"name"`
	Frame     string `json:"frame"`
	Body      string `json:"body,omitempty"`
	Canonical string `json:"canonical,omitempty"`
	Error     string `json:"error,omitempty"`
}

// goldenErrors are the errors that a golden file can name.
var goldenErrors = map[string]error{
	"malformed":       ErrMalformed,
	"field":           ErrField,
	"unknown_type":    ErrUnknownType,
	"frame_too_large": ErrFrameTooLarge,
}

func goldenPath(name string) string { return filepath.Join("testdata", name+".json") }

func readGolden(tb testing.TB, name string) []goldenCase {
	tb.Helper()
	content, err := os.ReadFile(goldenPath(name))
	if err != nil {
		tb.Fatal(err)
	}
	var cases []goldenCase
	if err := json.Unmarshal(content, &cases); err != nil {
		tb.Fatalf("%s: %v", goldenPath(name), err)
	}
	if len(cases) == 0 {
		tb.Fatalf("%s is empty", goldenPath(name))
	}
	return cases
}

// goldenFrames returns the frames of every golden file, for the fuzz targets.
func goldenFrames(tb testing.TB) [][]byte {
	tb.Helper()
	var all [][]byte
	names := []string{"stream"}
	for _, t := range Types() {
		names = append(names, t.String())
	}
	for _, name := range names {
		for _, c := range readGolden(tb, name) {
			all = append(all, unhex(tb, c.Frame))
		}
	}
	return all
}

func unhex(tb testing.TB, s string) []byte {
	tb.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		tb.Fatalf("%q: %v", s, err)
	}
	return b
}

// frameOf puts a header before a body, whatever the body is.
func frameOf(t Type, body []byte) []byte {
	frame := binary.BigEndian.AppendUint32(nil, uint32(len(body)+1))
	return append(append(frame, byte(t)), body...)
}

// rawCBOR is a library mode without this package's options: what a stranger's
// client would use.
var rawCBOR = func() cbor.EncMode {
	m, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		panic(err)
	}
	return m
}()

// withExtra adds fields of a later version to a message's body.
func withExtra(tb testing.TB, m Message) []byte {
	tb.Helper()
	frame, err := Append(nil, m)
	if err != nil {
		tb.Fatal(err)
	}
	fields := map[uint64]cbor.RawMessage{}
	if err := cbor.Unmarshal(frame[HeaderSize:], &fields); err != nil {
		tb.Fatal(err)
	}
	for key, value := range map[uint64]any{
		40:         "later",
		41:         map[uint64]any{1: []any{true, -1.5, []byte{0}}},
		0xffffffff: []uint64{1, 2},
	} {
		if fields[key], err = rawCBOR.Marshal(value); err != nil {
			tb.Fatal(err)
		}
	}
	body, err := rawCBOR.Marshal(fields)
	if err != nil {
		tb.Fatal(err)
	}
	return frameOf(m.Type(), body)
}

// TestGoldenFrames decodes each golden frame to the value in the table, and encodes
// that again, byte for byte.
func TestGoldenFrames(t *testing.T) {
	for _, typ := range Types() {
		t.Run(typ.String(), func(t *testing.T) {
			values := goodCases[typ]
			if len(values) < 2 {
				t.Fatalf("%d cases: want a minimal and a full one at least", len(values))
			}
			var want []goldenCase
			decoded := map[string]Message{}
			for _, v := range values {
				frame, err := Append(nil, v.message)
				if err != nil {
					t.Fatalf("%s: %v", v.name, err)
				}
				want = append(want, describe(t, goldenCase{Name: v.name, Frame: hex.EncodeToString(frame)}))
				decoded[v.name] = v.message
			}
			full := values[len(values)-1].message
			canonical, _ := Append(nil, full)
			want = append(want, describe(t, goldenCase{
				Name: "unknown fields are ignored", Frame: hex.EncodeToString(withExtra(t, full)),
				Canonical: hex.EncodeToString(canonical),
			}))
			decoded["unknown fields are ignored"] = full
			for _, b := range badCases(t, typ) {
				want = append(want, goldenCase{
					Name: b.name, Frame: hex.EncodeToString(frameOf(typ, b.body)), Error: b.err,
				})
			}
			writeGolden(t, typ.String(), want)

			have := readGolden(t, typ.String())
			if !reflect.DeepEqual(have, want) {
				t.Errorf("%s differs from the tables; if the protocol was meant to change, run with -update", goldenPath(typ.String()))
			}
			for _, c := range have {
				checkGolden(t, c, typ, decoded[c.Name])
			}
		})
	}
}

func checkGolden(t *testing.T, c goldenCase, typ Type, want Message) {
	t.Helper()
	frame := unhex(t, c.Frame)
	if Type(frame[4]) != typ {
		t.Fatalf("%s: type %d", c.Name, frame[4])
	}
	m, err := Decode(typ, frame[HeaderSize:])
	if c.Error != "" {
		if !errors.Is(err, goldenErrors[c.Error]) || err == nil {
			t.Errorf("%s: error %v, want %s", c.Name, err, c.Error)
		}
		return
	}
	if err != nil {
		t.Errorf("%s: %v", c.Name, err)
		return
	}
	if !reflect.DeepEqual(m, want) {
		t.Errorf("%s: decoded %+v, want %+v", c.Name, m, want)
	}
	if c.Canonical != "" {
		frame = unhex(t, c.Canonical)
	}
	again, err := Append(nil, m)
	if err != nil || !bytes.Equal(again, frame) {
		t.Errorf("%s: encoded again as %x (%v), want %x", c.Name, again, err, frame)
	}
}

// describe fills in the body in CBOR's diagnostic notation.
func describe(tb testing.TB, c goldenCase) goldenCase {
	tb.Helper()
	text, err := cbor.Diagnose(unhex(tb, c.Frame)[HeaderSize:])
	if err != nil {
		tb.Fatalf("%s: %v", c.Name, err)
	}
	c.Body = text
	return c
}

func writeGolden(tb testing.TB, name string, cases []goldenCase) {
	tb.Helper()
	if !*update {
		return
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(cases); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(goldenPath(name), out.Bytes(), 0o644); err != nil {
		tb.Fatal(err)
	}
}

// TestGoldenStreams reads the streams that no frame can be read from, or none
// that this version knows.
func TestGoldenStreams(t *testing.T) {
	var want []goldenCase
	for _, s := range badStreams {
		want = append(want, goldenCase{Name: s.name, Frame: hex.EncodeToString(s.stream), Error: s.err})
	}
	writeGolden(t, "stream", want)
	have := readGolden(t, "stream")
	if !reflect.DeepEqual(have, want) {
		t.Error("testdata/stream.json differs from the table; if the protocol was meant to change, run with -update")
	}
	for _, c := range have {
		s := NewSplitter(MaxHelloFrame, 64)
		_, _, err := feed(s, unhex(t, c.Frame), func(f Frame) error {
			_, err := Decode(f.Type, f.Body)
			return err
		})
		if c.Error == "truncated" {
			// guards N1: a stream that ends here ended within a frame
			if err != nil || s.Buffered() == 0 {
				t.Errorf("%s: %v with %d bytes buffered, want some and no error", c.Name, err, s.Buffered())
			}
			continue
		}
		if !errors.Is(err, goldenErrors[c.Error]) || err == nil {
			t.Errorf("%s: error %v, want %s", c.Name, err, c.Error)
		}
	}
}
