package supervisor_test

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"net"
	"slices"
	"strings"

	"example.com/rollcall/wire"
)

// frame makes a frame of any bytes.
func frame(t wire.Type, body ...byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(1+len(body)))
	return append(append(b, byte(t)), body...)
}

// text is a CBOR text of less than 64 KiB.
func text(s string) []byte {
	return append([]byte{0x79, byte(len(s) >> 8), byte(len(s))}, s...)
}

// helloBody is a hello with any bytes for its identifier.
func helloBody(identifier []byte) []byte {
	return append([]byte{0xa3, 1, 1, 2, 1, 3}, identifier...)
}

// clientHello is what a TLS client says first.
func clientHello() []byte {
	ours, theirs := net.Pipe()
	go func() {
		_ = tls.Client(theirs, &tls.Config{ServerName: "rollcall", MinVersion: tls.VersionTLS13}).Handshake()
	}()
	b := make([]byte, 4096)
	n, _ := ours.Read(b)
	_ = ours.Close()
	return b[:n]
}

// malformed are bodies outside the profile of PROTOCOL.md, section 2.
func malformed() map[string][]byte {
	return map[string][]byte{
		"no body":                  {},
		"an array":                 {0x83, 1, 1, 1},
		"a number":                 {1},
		"null":                     {0xf6},
		"truncated":                {0xa3, 1, 1, 2},
		"truncated text":           {0xa1, 3, 0x78, 200, 'a'},
		"a map that promises 2^64": {0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 1},
		"an array of 2^32":         {0xa1, 3, 0x9a, 0xff, 0xff, 0xff, 0xff},
		"bytes of 2^63":            {0xa1, 3, 0x5b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1},
		"deep arrays":              append([]byte{0xa1, 0x18, 99}, bytes.Repeat([]byte{0x81}, 3000)...),
		"deep maps":                append([]byte{0xa1, 0x18, 99}, bytes.Repeat([]byte{0xa1, 1}, 1500)...),
		"indefinite map":           {0xbf, 1, 1, 2, 1, 3, 0x61, 'a', 0xff},
		"indefinite text":          {0xa3, 1, 1, 2, 1, 3, 0x7f, 0x61, 'a', 0xff},
		"indefinite array":         {0xa1, 0x18, 99, 0x9f, 0xff},
		"a tag":                    {0xa3, 1, 1, 2, 1, 3, 0xc0, 0x61, 'a'},
		"a tagged map":             {0xd9, 0xd9, 0xf7, 0xa3, 1, 1, 2, 1, 3, 0x61, 'a'},
		"duplicate keys":           {0xa4, 1, 1, 2, 1, 3, 0x61, 'a', 3, 0x61, 'b'},
		"duplicate unknown keys":   {0xa5, 1, 1, 2, 1, 3, 0x61, 'a', 0x18, 99, 1, 0x18, 99, 2},
		"a text for a key":         {0xa4, 1, 1, 2, 1, 3, 0x61, 'a', 0x61, 'k', 1},
		"a negative key":           {0xa4, 1, 1, 2, 1, 3, 0x61, 'a', 0x20, 1},
		"65 pairs":                 manyPairs(65),
		"wrong type":               {0xa3, 1, 1, 2, 1, 3, 5},
		"a float for a number":     {0xa3, 1, 0xf9, 0x3c, 0, 2, 1, 3, 0x61, 'a'},
		"undefined for a text":     {0xa3, 1, 1, 2, 1, 3, 0xf7},
		"something behind":         {0xa3, 1, 1, 2, 1, 3, 0x61, 'a', 0},
		"reserved info":            {0xa1, 1, 0x1c},
		"a lone break":             {0xff},
	}
}

func manyPairs(n int) []byte {
	b := []byte{0xb8, byte(n)}
	for i := range n {
		b = append(b, 0x18, byte(100+i), 1)
	}
	return b
}

func badInputs() []badInput {
	table := []badInput{
		{name: "garbage", bytes: bytes.Repeat([]byte{0xde, 0xad, 0xbe, 0xef}, 1000), reason: wire.ReasonFrameTooLarge},
		{name: "an HTTP request", bytes: []byte("GET / HTTP/1.1\r\nHost: rollcall\r\n\r\n"), reason: wire.ReasonFrameTooLarge},
		{name: "an SSH banner", bytes: []byte("SSH-2.0-OpenSSH_9.9\r\n"), reason: wire.ReasonFrameTooLarge},
		{name: "a TLS hello", bytes: clientHello(), reason: wire.ReasonFrameTooLarge},
		{name: "a length of 4 GiB", bytes: []byte{0xff, 0xff, 0xff, 0xff}, reason: wire.ReasonFrameTooLarge},
		{name: "a length just above the limit", bytes: []byte{0, 0, 0x10, 1}, reason: wire.ReasonFrameTooLarge},
		{name: "a length of zero", bytes: make([]byte, 4), reason: wire.ReasonProtocolError},
		{name: "a megabyte of zeros", bytes: make([]byte, 1<<20), reason: wire.ReasonProtocolError},
		{
			name:   "an identifier of a megabyte",
			bytes:  frame(wire.TypeHello, helloBody(append([]byte{0x7a, 0, 0x10, 0, 0}, strings.Repeat("x", 1<<20)...))...),
			reason: wire.ReasonFrameTooLarge,
		},
		{name: "an unknown type for a hello", bytes: frame(99, 0xa0), reason: wire.ReasonProtocolError},
		{name: "type 0", bytes: frame(0, 0xa0), reason: wire.ReasonProtocolError},
		{name: "no versions", bytes: frame(wire.TypeHello, 0xa1, 3, 0x61, 'a'), reason: wire.ReasonProtocolError},
		{name: "versions from 5 to 2", bytes: frame(wire.TypeHello, 0xa3, 1, 5, 2, 2, 3, 0x61, 'a'), reason: wire.ReasonProtocolError},
		{name: "a version of the future", bytes: frame(wire.TypeHello, 0xa3, 1, 7, 2, 9, 3, 0x61, 'a'), reason: wire.ReasonVersionUnsupported},
		{name: "two hellos", bytes: slices.Concat(
			frame(wire.TypeHello, helloBody(text("x"))...), frame(wire.TypeHello, helloBody(text("x"))...)),
			reason: wire.ReasonProtocolError},

		{name: "a second hello", greeted: true, bytes: frame(wire.TypeHello, helloBody(text("x"))...), reason: wire.ReasonProtocolError},
		{name: "a length of 4 GiB later", greeted: true, bytes: []byte{0xff, 0xff, 0xff, 0xff, 1, 2, 3}, reason: wire.ReasonFrameTooLarge},
		{name: "a length above the limit later", greeted: true, bytes: []byte{0, 1, 0, 1}, reason: wire.ReasonFrameTooLarge},
		{name: "a length of zero later", greeted: true, bytes: make([]byte, 4), reason: wire.ReasonProtocolError},
		{name: "a login of nobody", greeted: true, bytes: frame(wire.TypeLogin, 0xa1, 1, 1), reason: wire.ReasonProtocolError},
		{name: "a login without a request", greeted: true, bytes: frame(wire.TypeLogin, append([]byte{0xa1, 2}, text("x")...)...), reason: wire.ReasonProtocolError},
		{
			name: "a user of 64 KB", greeted: true,
			bytes:  frame(wire.TypeLogin, append([]byte{0xa2, 1, 1, 2}, text(strings.Repeat("x", 64000))...)...),
			reason: wire.ReasonProtocolError,
		},
		{name: "a list for the body of a send", greeted: true, bytes: frame(wire.TypeSend, 0xa3, 1, 1, 2, 0x61, 'a', 3, 0x82, 1, 2), reason: wire.ReasonProtocolError},
		{name: "a request of no kind", greeted: true, bytes: frame(wire.TypeRequest, 0xa1, 1, 1), reason: wire.ReasonProtocolError},
		{name: "watch names of a megabyte", greeted: true, bytes: append([]byte{0, 0x0f, 0xff, 0xff, byte(wire.TypeWatch)}, make([]byte, 1<<20)...), reason: wire.ReasonFrameTooLarge},
	}
	for name, identifier := range map[string][]byte{
		"an empty identifier":           text(""),
		"an identifier of 129 bytes":    text(strings.Repeat("x", 129)),
		"an identifier of 4000 bytes":   text(strings.Repeat("x", 4000)),
		"an identifier of bad UTF-8":    {0x62, 0xc3, 0x28},
		"an identifier with a newline":  text("a\nb"),
		"an identifier of bytes":        {0x41, 'a'},
		"an identifier with a NUL byte": text("a\x00"),
	} {
		table = append(table, badInput{name: name, bytes: frame(wire.TypeHello, helloBody(identifier)...), reason: wire.ReasonProtocolError})
	}
	for name, body := range malformed() {
		table = append(table,
			badInput{name: "hello: " + name, bytes: frame(wire.TypeHello, body...), reason: wire.ReasonProtocolError},
			badInput{name: "login: " + name, greeted: true, bytes: frame(wire.TypeLogin, body...), reason: wire.ReasonProtocolError},
			badInput{name: "watch: " + name, greeted: true, bytes: frame(wire.TypeWatch, body...), reason: wire.ReasonProtocolError})
	}
	for _, t := range wire.Types() {
		if t != wire.TypeHello {
			table = append(table, badInput{name: t.String() + " before the hello", bytes: frame(t, 0xa1, 1, 1), reason: wire.ReasonProtocolError})
		}
		if !t.FromClient() {
			table = append(table, badInput{name: t.String() + " from a client", greeted: true, bytes: frame(t, 0xa2, 1, 1, 2, 1), reason: wire.ReasonProtocolError})
		}
	}
	slices.SortStableFunc(table, func(a, b badInput) int { return strings.Compare(a.name, b.name) })
	return table
}
