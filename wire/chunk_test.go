package wire

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

func drawChunk(t *rapid.T) *Chunk {
	data := rapid.SliceOfN(rapid.Byte(), 1, 600).Draw(t, "data")
	return &Chunk{
		Transfer: rapid.Uint64Min(1).Draw(t, "transfer"),
		Offset:   rapid.Uint64Max(MaxFileSize-uint64(len(data))).Draw(t, "offset"),
		Data:     data,
	}
}

// TestAppendChunkHead: the head with the data behind it is the frame that Append
// makes, at every length at which a head of CBOR changes its form.
func TestAppendChunkHead(t *testing.T) {
	compare := func(t interface{ Fatalf(string, ...any) }, c *Chunk) {
		want, err := Append([]byte("before"), c)
		if err != nil {
			t.Fatalf("%v", err)
		}
		head, err := AppendChunkHead([]byte("before"), c.Transfer, c.Offset, len(c.Data))
		if err != nil {
			t.Fatalf("%v", err)
		}
		if have := append(head, c.Data...); !bytes.Equal(have, want) {
			t.Fatalf("transfer %d, offset %d, %d bytes: %x, want %x", c.Transfer, c.Offset, len(c.Data), have, want)
		}
		if room := len(head) - len("before"); room > 4+MaxChunkOverhead {
			t.Fatalf("a head of %d bytes", room)
		}
	}
	edges := []uint64{1, 23, 24, 255, 256, 65535, 65536, 1<<32 - 1, 1 << 32}
	for _, n := range edges {
		compare(t, &Chunk{Transfer: n, Data: []byte("x")})
		compare(t, &Chunk{Transfer: 1, Offset: n, Data: []byte("x")})
		if n <= 65536 {
			compare(t, &Chunk{Transfer: 1, Data: make([]byte, n)})
		}
	}
	compare(t, &Chunk{Transfer: 1<<64 - 1, Offset: MaxFileSize - 1, Data: []byte("x")})
	rapid.Check(t, func(t *rapid.T) { compare(t, drawChunk(t)) })
}

// TestAppendChunkHeadRefuses: what Append would refuse is refused, and dst stays
// as it was.
func TestAppendChunkHeadRefuses(t *testing.T) {
	for _, c := range []struct {
		name             string
		transfer, offset uint64
		size             int
		want             error
	}{
		{"no transfer", 0, 0, 1, ErrField},
		{"no data", 1, 0, 0, ErrField},
		{"a negative size", 1, 0, -1, ErrField},
		{"past the largest file", 1, MaxFileSize, 1, ErrField},
		{"an offset that overflows", 1, 1<<64 - 1, 1, ErrField},
		{"a frame too large by its head", 1, 0, MaxMaxFrame, ErrFrameTooLarge},
		{"data too large", 1, 0, MaxMaxFrame + 1, ErrFrameTooLarge},
	} {
		dst := append(make([]byte, 0, 64), "before"...)
		out, err := AppendChunkHead(dst, c.transfer, c.offset, c.size)
		if !errors.Is(err, c.want) || string(out) != "before" {
			t.Errorf("%s: %q, %v; want %v", c.name, out, err, c.want)
		}
	}
	const head = 1 + 1 + 2 + 1 + 5 // type, map, {1: 1, and 3: with its length
	if _, err := AppendChunkHead(nil, 1, 0, MaxMaxFrame-head); err != nil {
		t.Errorf("the largest frame: %v", err)
	}
}

// sameAsDecode holds DecodeChunk against Decode.
func sameAsDecode(t *testing.T, name string, body []byte) {
	t.Helper()
	fast, fastErr := DecodeChunk(body)
	slow, slowErr := Decode(TypeChunk, body)
	for _, sentinel := range []error{ErrMalformed, ErrField, ErrFrameTooLarge} {
		if errors.Is(fastErr, sentinel) != errors.Is(slowErr, sentinel) {
			t.Errorf("%s: %v, and of Decode %v", name, fastErr, slowErr)
			return
		}
	}
	if (fastErr == nil) != (slowErr == nil) {
		t.Errorf("%s: %v, and of Decode %v", name, fastErr, slowErr)
	} else if fastErr == nil && !reflect.DeepEqual(&fast, slow) {
		t.Errorf("%s: %+v, and of Decode %+v", name, fast, slow)
	} else if fastErr != nil && !reflect.DeepEqual(fast, Chunk{}) {
		t.Errorf("%s: %+v beside the error %v", name, fast, fastErr)
	}
}

func TestDecodeChunkIsDecode(t *testing.T) {
	for _, c := range readGolden(t, "chunk") {
		sameAsDecode(t, c.Name, unhex(t, c.Frame)[HeaderSize:])
	}
	for _, c := range outsideProfile {
		sameAsDecode(t, c.name, unhex(t, c.hex))
	}
	for name, body := range map[string]string{
		"keys in another order":       "a3034178020a0101",
		"an unknown key between":      "a40101021805034178182880",
		"an unknown map behind":       "a401010218050341781828a10181f5",
		"numbers in more bytes":       "a3011b00000000000000010219000503580178",
		"no offset":                   "a20101034178",
		"an offset of 0":              "a30101020003" + "4178",
		"no data":                     "a10101",
		"a negative transfer":         "a2012003" + "4178",
		"a transfer that is bytes":    "a201410103" + "4178",
		"an offset that is a text":    "a3010102616103" + "4178",
		"an offset that is an array":  "a30101028003" + "4178",
		"an offset that is false":     "a3010102f403" + "4178",
		"a transfer that is a float":  "a201f93c0003" + "4178",
		"data that is an array":       "a20101038101",
		"data that is a text":         "a20101036178",
		"a key of 2^32 less one":      "a301010341781affffffff01",
		"nothing":                     "",
		"an empty map":                "a0",
		"the largest map":             "b840" + manyPairs(64),
		"the last byte of data lacks": "a2010103427800"[:12],
	} {
		sameAsDecode(t, name, unhex(t, body))
	}
}

// TestDecodeChunkKeepsNothingElse: the data is a part of the body, cannot be
// appended over what follows, and costs no memory.
func TestDecodeChunkKeepsNothingElse(t *testing.T) {
	frame, err := Append(nil, &Chunk{Transfer: 7, Offset: 1 << 40, Data: bytes.Repeat([]byte("d"), 60<<10)})
	if err != nil {
		t.Fatal(err)
	}
	body := append(frame[HeaderSize:], "behind"...)
	body = body[:len(body)-len("behind")]
	c, err := DecodeChunk(body)
	if err != nil || &c.Data[0] != &body[len(body)-len(c.Data)] || cap(c.Data) != len(c.Data) {
		t.Fatalf("%d bytes with room for %d, %v", len(c.Data), cap(c.Data), err)
	}
	dst := make([]byte, 0, 256)
	if n := testing.AllocsPerRun(10, func() {
		_, _ = DecodeChunk(body)
		_, _ = AppendChunkHead(dst, 7, 1<<40, 60<<10)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzDecodeChunk: the way without a copy admits, refuses and reads just what
// Decode does.
func FuzzDecodeChunk(f *testing.F) {
	for _, c := range readGolden(f, "chunk") {
		f.Add(unhex(f, c.Frame)[HeaderSize:])
	}
	for _, c := range outsideProfile {
		f.Add(unhex(f, c.hex))
	}
	f.Fuzz(func(t *testing.T, body []byte) { sameAsDecode(t, "fuzzed", body) })
}
