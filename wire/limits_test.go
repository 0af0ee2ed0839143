package wire

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// edge is one limit: a message at it and the same message past it.
type edge struct {
	name     string
	at, past Message
	// malformed is set where the CBOR profile refuses the body before the field
	// is looked at.
	malformed bool
}

func long(n int) string { return strings.Repeat("x", n) }

func names(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprint(i)
	}
	return all
}

func onlines(n int) []Online {
	all := make([]Online, n)
	for i, name := range names(n) {
		all[i] = Online{User: name}
	}
	return all
}

func changes(n int) []Change {
	all := make([]Change, n)
	for i, name := range names(n) {
		all[i] = Change{Version: uint64(i + 1), User: name}
	}
	return all
}

func validHello() *Hello { return &Hello{MinVersion: 1, MaxVersion: 1, Identifier: "i"} }

func validWelcome() *Welcome {
	return &Welcome{Version: 1, Epoch: 1, Interval: 1, Timeout: 1, MaxFrame: MinMaxFrame}
}

func with[M any](m *M, change func(*M)) *M {
	change(m)
	return m
}

// edges are the limits of every field.
var edges = map[Type][]edge{
	TypeHello: {
		{name: "min_version", at: &Hello{MinVersion: 1, MaxVersion: 1, Identifier: "i"}, past: &Hello{MaxVersion: 1, Identifier: "i"}},
		{name: "max_version", at: &Hello{MinVersion: 2, MaxVersion: 2, Identifier: "i"}, past: &Hello{MinVersion: 2, MaxVersion: 1, Identifier: "i"}},
		{name: "empty identifier", at: validHello(), past: &Hello{MinVersion: 1, MaxVersion: 1}},
		{
			name: "identifier",
			at:   with(validHello(), func(m *Hello) { m.Identifier = long(128) }),
			past: with(validHello(), func(m *Hello) { m.Identifier = long(129) }),
		},
		{
			name: "identifier in bytes, not characters",
			at:   with(validHello(), func(m *Hello) { m.Identifier = strings.Repeat("é", 64) }),
			past: with(validHello(), func(m *Hello) { m.Identifier = strings.Repeat("é", 64) + "x" }),
		},
		{
			name: "control character",
			at:   with(validHello(), func(m *Hello) { m.Identifier = "a \u00a0" }),
			past: with(validHello(), func(m *Hello) { m.Identifier = "a\n" }),
		},
		{
			name: "control character of the upper half",
			at:   with(validHello(), func(m *Hello) { m.Identifier = "~" }),
			past: with(validHello(), func(m *Hello) { m.Identifier = "\u0080" }),
		},
		{
			name: "client",
			at:   with(validHello(), func(m *Hello) { m.Client = long(64) }),
			past: with(validHello(), func(m *Hello) { m.Client = long(65) }),
		},
		{
			name: "release",
			at:   with(validHello(), func(m *Hello) { m.Release = long(64) }),
			past: with(validHello(), func(m *Hello) { m.Release = long(65) }),
		},
		{
			name: "interval",
			at:   with(validHello(), func(m *Hello) { m.Interval = 4294967295 }),
			past: with(validHello(), func(m *Hello) { m.Interval = 4294967296 }),
		},
		{
			name: "timeout",
			at:   with(validHello(), func(m *Hello) { m.Timeout = 4294967295 }),
			past: with(validHello(), func(m *Hello) { m.Timeout = 4294967296 }),
		},
	},
	TypeWelcome: {
		{name: "version", at: validWelcome(), past: with(validWelcome(), func(m *Welcome) { m.Version = 0 })},
		{
			name: "node",
			at:   with(validWelcome(), func(m *Welcome) { m.Node = long(64) }),
			past: with(validWelcome(), func(m *Welcome) { m.Node = long(65) }),
		},
		{name: "epoch", at: validWelcome(), past: with(validWelcome(), func(m *Welcome) { m.Epoch = 0 })},
		{name: "interval", at: validWelcome(), past: with(validWelcome(), func(m *Welcome) { m.Interval = 0 })},
		{
			name: "timeout below interval",
			at:   with(validWelcome(), func(m *Welcome) { m.Interval, m.Timeout = 9, 9 }),
			past: with(validWelcome(), func(m *Welcome) { m.Interval, m.Timeout = 9, 8 }),
		},
		{
			name: "timeout",
			at:   with(validWelcome(), func(m *Welcome) { m.Interval, m.Timeout = 4294967295, 4294967295 }),
			past: with(validWelcome(), func(m *Welcome) { m.Timeout = 4294967296 }),
		},
		{name: "least max_frame", at: validWelcome(), past: with(validWelcome(), func(m *Welcome) { m.MaxFrame = 4095 })},
		{
			name: "greatest max_frame",
			at:   with(validWelcome(), func(m *Welcome) { m.MaxFrame = 1048576 }),
			past: with(validWelcome(), func(m *Welcome) { m.MaxFrame = 1048577 }),
		},
		{
			name: "server",
			at:   with(validWelcome(), func(m *Welcome) { m.Server = long(64) }),
			past: with(validWelcome(), func(m *Welcome) { m.Server = long(65) }),
		},
	},
	TypeLogin: {
		{name: "request", at: &Login{Request: 1, User: "a"}, past: &Login{User: "a"}},
		{name: "empty user", at: &Login{Request: 1, User: "a"}, past: &Login{Request: 1}},
		{name: "user", at: &Login{Request: 1, User: long(128)}, past: &Login{Request: 1, User: long(129)}},
		{name: "credential", at: &Login{Request: 1, User: "a", Credential: make([]byte, 2048)}, past: &Login{Request: 1, User: "a", Credential: make([]byte, 2049)}},
		{name: "token", at: &Login{Request: 1, User: "a", Token: make([]byte, 64)}, past: &Login{Request: 1, User: "a", Token: make([]byte, 65)}},
	},
	TypeLoginOK: {
		{name: "request", at: &LoginOK{Request: 1, User: "a"}, past: &LoginOK{User: "a"}},
		{name: "empty user", at: &LoginOK{Request: 1, User: "a"}, past: &LoginOK{Request: 1}},
		{name: "user", at: &LoginOK{Request: 1, User: long(128)}, past: &LoginOK{Request: 1, User: long(129)}},
		{name: "token", at: &LoginOK{Request: 1, User: "a", Token: make([]byte, 64)}, past: &LoginOK{Request: 1, User: "a", Token: make([]byte, 65)}},
		{name: "grace", at: &LoginOK{Request: 1, User: "a", Grace: 4294967295}, past: &LoginOK{Request: 1, User: "a", Grace: 4294967296}},
	},
	TypeLogout: {{name: "request", at: &Logout{Request: 1}, past: &Logout{}}},
	TypeOK:     {{name: "request", at: &OK{Request: 1}, past: &OK{}}},
	TypeWatch: {
		{name: "request", at: &Watch{Request: 1}, past: &Watch{}},
		{name: "users", at: &Watch{Request: 1, Users: names(512)}, past: &Watch{Request: 1, Users: names(513)}},
		{name: "array of users", at: &Watch{Request: 1, Users: names(512)}, past: &Watch{Request: 1, Users: names(1025)}, malformed: true},
		{name: "empty user", at: &Watch{Request: 1, Users: []string{"a"}}, past: &Watch{Request: 1, Users: []string{"a", ""}}},
		{name: "user", at: &Watch{Request: 1, Users: []string{long(128)}}, past: &Watch{Request: 1, Users: []string{long(129)}}},
	},
	TypeUnwatch: {
		{name: "request", at: &Unwatch{Request: 1}, past: &Unwatch{}},
		{name: "users", at: &Unwatch{Request: 1, Users: names(512)}, past: &Unwatch{Request: 1, Users: names(513)}},
		{name: "user", at: &Unwatch{Request: 1, Users: []string{long(128)}}, past: &Unwatch{Request: 1, Users: []string{long(129)}}},
	},
	TypeSnapshot: {
		{name: "epoch", at: &Snapshot{Epoch: 1}, past: &Snapshot{}},
		{name: "online", at: &Snapshot{Epoch: 1, Online: onlines(1024)}, past: &Snapshot{Epoch: 1, Online: onlines(1025)}, malformed: true},
		{name: "empty user", at: &Snapshot{Epoch: 1, Online: []Online{{User: "a"}}}, past: &Snapshot{Epoch: 1, Online: []Online{{User: "a"}, {}}}},
		{name: "user", at: &Snapshot{Epoch: 1, Online: []Online{{User: long(128)}}}, past: &Snapshot{Epoch: 1, Online: []Online{{User: long(129)}}}},
	},
	TypeDelta: {
		{name: "epoch", at: &Delta{Epoch: 1}, past: &Delta{}},
		{name: "to", at: &Delta{Epoch: 1, From: 5, To: 5}, past: &Delta{Epoch: 1, From: 5, To: 4}},
		{name: "changes", at: &Delta{Epoch: 1, To: 2000, Changes: changes(1024)}, past: &Delta{Epoch: 1, To: 2000, Changes: changes(1025)}, malformed: true},
		{
			name: "version above from",
			at:   &Delta{Epoch: 1, From: 5, To: 7, Changes: []Change{{Version: 6, User: "a"}}},
			past: &Delta{Epoch: 1, From: 5, To: 7, Changes: []Change{{Version: 5, User: "a"}}},
		},
		{
			name: "version up to to",
			at:   &Delta{Epoch: 1, From: 5, To: 7, Changes: []Change{{Version: 7, User: "a"}}},
			past: &Delta{Epoch: 1, From: 5, To: 7, Changes: []Change{{Version: 8, User: "a"}}},
		},
		{
			// guards P1: a later change never stands before an earlier one
			name: "versions in order",
			at:   &Delta{Epoch: 1, To: 9, Changes: []Change{{Version: 6, User: "a"}, {Version: 7, User: "a", Online: true}}},
			past: &Delta{Epoch: 1, To: 9, Changes: []Change{{Version: 7, User: "a", Online: true}, {Version: 6, User: "a"}}},
		},
		{
			name: "version twice",
			at:   &Delta{Epoch: 1, To: 9, Changes: []Change{{Version: 6, User: "a"}, {Version: 7, User: "b"}}},
			past: &Delta{Epoch: 1, To: 9, Changes: []Change{{Version: 6, User: "a"}, {Version: 6, User: "b"}}},
		},
		{
			name: "user",
			at:   &Delta{Epoch: 1, To: 1, Changes: []Change{{Version: 1, User: long(128)}}},
			past: &Delta{Epoch: 1, To: 1, Changes: []Change{{Version: 1, User: long(129)}}},
		},
	},
	TypeSend: {
		{name: "id", at: &Send{ID: 1, To: "a"}, past: &Send{To: "a"}},
		{name: "empty to", at: &Send{ID: 1, To: "a"}, past: &Send{ID: 1}},
		{name: "to", at: &Send{ID: 1, To: long(128)}, past: &Send{ID: 1, To: long(129)}},
		{name: "kind", at: &Send{ID: 1, To: "a", Kind: long(64)}, past: &Send{ID: 1, To: "a", Kind: long(65)}},
	},
	TypeDeliver: {
		{name: "id", at: &Deliver{ID: 1, From: "a"}, past: &Deliver{From: "a"}},
		{name: "empty from", at: &Deliver{ID: 1, From: "a"}, past: &Deliver{ID: 1}},
		{name: "from", at: &Deliver{ID: 1, From: long(128)}, past: &Deliver{ID: 1, From: long(129)}},
		{name: "kind", at: &Deliver{ID: 1, From: "a", Kind: long(64)}, past: &Deliver{ID: 1, From: "a", Kind: long(65)}},
	},
	TypeAck: {{name: "id", at: &Ack{ID: 1}, past: &Ack{}}},
	TypeApp: {
		{name: "empty kind", at: &App{Kind: "k"}, past: &App{}},
		{name: "kind", at: &App{Kind: long(64)}, past: &App{Kind: long(65)}},
	},
	TypeRequest: {
		{name: "request", at: &Request{Request: 1, Kind: "k"}, past: &Request{Kind: "k"}},
		{name: "empty kind", at: &Request{Request: 1, Kind: "k"}, past: &Request{Request: 1}},
		{name: "kind", at: &Request{Request: 1, Kind: long(64)}, past: &Request{Request: 1, Kind: long(65)}},
	},
	TypeResponse: {{name: "request", at: &Response{Request: 1}, past: &Response{}}},
	TypeError: {
		{name: "code", at: &Error{Code: 1}, past: &Error{}},
		{name: "text", at: &Error{Code: 1, Text: long(1024)}, past: &Error{Code: 1, Text: long(1025)}},
	},
	TypePut:        putEdges,
	TypePutOK:      putOKEdges,
	TypeGet:        getEdges,
	TypeGetOK:      getOKEdges,
	TypeChunk:      chunkEdges,
	TypeCredit:     creditEdges,
	TypeDone:       doneEdges,
	TypeAbort:      abortEdges,
	TypeOffer:      offerEdges,
	TypeAccept:     acceptEdges,
	TypeFileNotice: fileNoticeEdges,
	TypeFiles:      filesEdges,
	TypeFileList:   fileListEdges,
	TypeRemove:     removeEdges,
	TypeBye: {
		{name: "reason", at: &Bye{Reason: 1}, past: &Bye{}},
		{name: "text", at: &Bye{Reason: 1, Text: long(1024)}, past: &Bye{Reason: 1, Text: long(1025)}},
		{name: "retry", at: &Bye{Reason: 1, Retry: 4294967295}, past: &Bye{Reason: 1, Retry: 4294967296}},
	},
}

// TestLimits tries every limit of every field at its edge and past it, both
// when sending and, with a sender that does not look, when receiving.
func TestLimits(t *testing.T) {
	for _, typ := range Types() {
		for _, e := range edges[typ] {
			t.Run(typ.String()+"/"+e.name, func(t *testing.T) {
				frame, err := Append(nil, e.at)
				if err != nil {
					t.Fatalf("at the edge: append: %v", err)
				}
				if _, err := Decode(typ, frame[HeaderSize:]); err != nil {
					t.Errorf("at the edge: decode: %v", err)
				}
				if _, err := Append(nil, e.past); !errors.Is(err, ErrField) {
					t.Errorf("past the edge: append: %v, want %v", err, ErrField)
				}
				want := ErrField
				if e.malformed {
					want = ErrMalformed
				}
				if m, err := Decode(typ, unchecked(t, e.past)); !errors.Is(err, want) || m != nil {
					t.Errorf("past the edge: decode: %v, %v, want %v", m, err, want)
				}
			})
		}
	}
}

// unchecked encodes a message's body without looking at its limits.
func unchecked(tb testing.TB, m Message) []byte {
	tb.Helper()
	body, err := encoding.Marshal(m)
	if err != nil {
		tb.Fatal(err)
	}
	return body
}

// TestLargestFrame tries the frame limit of the sender at and past its edge: a
// body that fits no frame is refused, and before it is encoded where that can
// be told.
func TestLargestFrame(t *testing.T) {
	const head = 1 + 1 + 2 + 1 + 5 // type, map, {1: "k", and 2: with its length
	kind := &App{Kind: "k"}
	kind.Body = make([]byte, MaxMaxFrame-head-1)
	frame, err := Append(nil, kind)
	if err != nil || len(frame) != 4+MaxMaxFrame {
		t.Fatalf("%d bytes, %v; want %d", len(frame), err, 4+MaxMaxFrame)
	}
	for _, size := range []int{MaxMaxFrame - head, MaxMaxFrame, MaxMaxFrame + 1} {
		body := make([]byte, size)
		for _, m := range []Message{
			&App{Kind: "k", Body: body},
			&Request{Request: 1, Kind: "k", Body: body},
			&Response{Request: 1, Body: append([]byte("more"), body...)},
			&Send{ID: 1, To: "a", Body: body},
			&Deliver{ID: 1, From: "a", Body: body},
			&Chunk{Transfer: 1, Offset: 1 << 40, Data: append([]byte("more"), body...)},
		} {
			if _, err := Append(nil, m); !errors.Is(err, ErrFrameTooLarge) {
				t.Errorf("%s with a body of %d: %v, want %v", m.Type(), size, err, ErrFrameTooLarge)
			}
		}
	}
}

// TestOverhead holds MaxOverhead against the longest frames around a body.
func TestOverhead(t *testing.T) {
	body := make([]byte, DefaultMaxFrame-MaxOverhead)
	const most = 1<<64 - 1
	for _, m := range []Message{
		&App{Kind: long(MaxKind), Body: body},
		&Request{Request: most, Kind: long(MaxKind), Body: body},
		&Response{Request: most, Body: body},
		&Send{ID: most, To: long(MaxUser), Body: body, Kind: long(MaxKind), NoAck: true},
		&Deliver{ID: most, From: long(MaxUser), Body: body, Kind: long(MaxKind), Connection: most, At: -1 << 63},
	} {
		frame, err := Append(nil, m)
		if err != nil {
			t.Fatal(err)
		}
		if length := len(frame) - 4; length > DefaultMaxFrame {
			t.Errorf("%s: a length of %d, more than %d", m.Type(), length, DefaultMaxFrame)
		}
	}
}

// TestLargestHello: a hello with every field at its limit fits the frame limit
// before the handshake, with room for fields of later versions.
func TestLargestHello(t *testing.T) {
	frame, err := Append(nil, goodCases[TypeHello][1].message)
	if err != nil || len(frame)-4 > MaxHelloFrame/2 {
		t.Errorf("%d bytes, %v", len(frame), err)
	}
}
