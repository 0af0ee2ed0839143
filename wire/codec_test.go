package wire

import (
	"bytes"
	"errors"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/fxamacker/cbor/v2"
	"pgregory.net/rapid"
)

// drawMessage draws any valid message of a type.
func drawMessage(t *rapid.T, typ Type) Message {
	var (
		number = rapid.Uint64()
		id     = rapid.Uint64Min(1)
		millis = rapid.Uint64Max(MaxMillis)
		when   = rapid.Int64()
		truth  = rapid.Bool()
	)
	u := func(g *rapid.Generator[uint64], name string) uint64 { return g.Draw(t, name) }
	text := func(least, most int) string {
		s := Clip(rapid.StringN(0, -1, most).Draw(t, "text"))
		if len(s) < least || len(s) > most { // clipping can lengthen a text
			return "é"
		}
		return s
	}
	blob := func(most int) []byte {
		b := rapid.SliceOfN(rapid.Byte(), 0, most).Draw(t, "bytes")
		if len(b) == 0 {
			return nil
		}
		return b
	}
	users := func() (all []string) {
		for range rapid.IntRange(0, 5).Draw(t, "users") {
			all = append(all, text(1, MaxUser))
		}
		return all
	}
	size := func(name string, least uint64) uint64 { return rapid.Uint64Range(least, MaxFileSize).Draw(t, name) }
	fileID := func() FileID { return rapid.SliceOfN(rapid.Byte(), FileIDSize, FileIDSize).Draw(t, "file id") }
	hash := func() []byte { return rapid.SliceOfN(rapid.Byte(), HashSize, HashSize).Draw(t, "hash") }
	file := func() File {
		return File{
			ID: fileID(), Owner: text(1, MaxUser), Name: text(1, MaxFileName), Size: size("size", 0), Media: text(0, MaxMedia),
			SHA256: hash(), To: users(), Everyone: truth.Draw(t, "everyone"),
			Created: when.Draw(t, "created"), Stored: when.Draw(t, "stored"), Expires: when.Draw(t, "expires"),
		}
	}
	notStored := func() File {
		f := file()
		if truth.Draw(t, "not stored") {
			f.ID = nil
		}
		return f
	}
	switch typ {
	case TypePut:
		m := &Put{
			Request: u(id, "id"), Name: text(1, MaxFileName), Size: size("size", 0), Media: text(0, MaxMedia),
			SHA256: hash(), To: users(), Everyone: truth.Draw(t, "everyone"),
		}
		m.Everyone = m.Everyone || len(m.To) == 0
		m.Relay = len(m.To) == 1 && !m.Everyone && truth.Draw(t, "relay")
		return m
	case TypePutOK:
		offset := size("offset", 0)
		return &PutOK{
			Request: u(id, "id"), Transfer: u(id, "transfer"), Offset: offset, Limit: size("limit", offset),
			Chunk: rapid.Uint64Range(1, MaxMaxFrame).Draw(t, "chunk"),
		}
	case TypeGet:
		offset := size("offset", 0)
		return &Get{Request: u(id, "id"), File: fileID(), Offset: offset, Limit: size("limit", offset)}
	case TypeGetOK:
		return &GetOK{Request: u(id, "id"), Transfer: u(id, "transfer"), File: file()}
	case TypeChunk:
		return drawChunk(t)
	case TypeCredit:
		offset := size("offset", 0)
		return &Credit{Transfer: u(id, "transfer"), Offset: offset, Limit: size("limit", offset)}
	case TypeDone:
		return &Done{Transfer: u(id, "transfer"), File: notStored().ID}
	case TypeAbort:
		return &Abort{
			Transfer: u(id, "transfer"), Code: Code(rapid.ByteRange(1, 255).Draw(t, "code")),
			Text: text(0, MaxText), By: text(0, MaxUser),
		}
	case TypeOffer:
		return &Offer{Transfer: u(id, "transfer"), File: notStored()}
	case TypeAccept:
		offset := size("offset", 0)
		return &Accept{Transfer: u(id, "transfer"), Offset: offset, Limit: size("limit", offset)}
	case TypeFileNotice:
		return &FileNotice{
			Event: FileEvent(rapid.ByteRange(1, 255).Draw(t, "event")), File: notStored(),
			Code: Code(rapid.Byte().Draw(t, "code")), By: text(0, MaxUser), At: when.Draw(t, "at"),
		}
	case TypeFiles:
		return &Files{Request: u(id, "id"), Cursor: text(0, MaxCursor), Limit: rapid.Uint64Max(MaxFiles).Draw(t, "limit")}
	case TypeFileList:
		m := &FileList{Request: u(id, "id"), Next: text(0, MaxCursor)}
		for range rapid.IntRange(0, 3).Draw(t, "files") {
			m.Files = append(m.Files, file())
		}
		return m
	case TypeRemove:
		return &Remove{Request: u(id, "id"), File: fileID()}
	case TypeHello:
		low := u(id, "low")
		return &Hello{
			MinVersion: low, MaxVersion: u(rapid.Uint64Min(low), "high"), Identifier: text(1, MaxIdentifier),
			Client: text(0, MaxName), Release: text(0, MaxName),
			Interval: u(millis, "interval"), Timeout: u(millis, "timeout"), Features: Features(u(number, "features")),
		}
	case TypeWelcome:
		interval := u(rapid.Uint64Range(1, MaxMillis), "interval")
		return &Welcome{
			Version: u(id, "version"), Node: text(0, MaxNode), Connection: u(number, "connection"), Epoch: u(id, "epoch"),
			Interval: interval, Timeout: u(rapid.Uint64Range(interval, MaxMillis), "timeout"),
			MaxFrame: u(rapid.Uint64Range(MinMaxFrame, MaxMaxFrame), "max_frame"),
			Features: Features(u(number, "features")), Server: text(0, MaxName), Time: when.Draw(t, "time"),
		}
	case TypeLogin:
		return &Login{Request: u(id, "id"), User: text(1, MaxUser), Credential: blob(MaxCredential), Token: blob(MaxToken)}
	case TypeLoginOK:
		return &LoginOK{
			Request: u(id, "id"), User: text(1, MaxUser), Session: u(number, "session"), Token: blob(MaxToken),
			Grace: u(millis, "grace"), Resumed: truth.Draw(t, "resumed"),
		}
	case TypeLogout:
		return &Logout{Request: u(id, "id")}
	case TypeOK:
		return &OK{Request: u(id, "id")}
	case TypePing:
		return &Ping{Time: u(number, "time")}
	case TypePong:
		return &Pong{Echo: u(number, "echo"), Time: u(number, "time")}
	case TypeWatch:
		return &Watch{
			Request: u(id, "id"), Everyone: truth.Draw(t, "everyone"), Users: users(),
			Epoch: u(number, "epoch"), Version: u(number, "version"),
		}
	case TypeUnwatch:
		return &Unwatch{Request: u(id, "id"), Users: users()}
	case TypeSnapshot:
		m := &Snapshot{Epoch: u(id, "epoch"), Version: u(number, "version"), Part: u(number, "part"), More: truth.Draw(t, "more")}
		for _, name := range users() {
			m.Online = append(m.Online, Online{User: name, Since: when.Draw(t, "since")})
		}
		return m
	case TypeDelta:
		m := &Delta{Epoch: u(id, "epoch"), From: u(rapid.Uint64Max(1<<63), "from")}
		m.To = m.From
		for _, name := range users() {
			m.To += u(rapid.Uint64Range(1, 1000), "step")
			m.Changes = append(m.Changes, Change{
				Version: m.To, User: name, Online: truth.Draw(t, "online"),
				Reason: Reason(rapid.Byte().Draw(t, "reason")), At: when.Draw(t, "at"),
			})
		}
		m.To += u(rapid.Uint64Range(0, 1000), "behind")
		return m
	case TypeSend:
		return &Send{ID: u(id, "id"), To: text(1, MaxUser), Body: blob(600), Kind: text(0, MaxKind), NoAck: truth.Draw(t, "no_ack")}
	case TypeDeliver:
		return &Deliver{
			ID: u(id, "id"), From: text(1, MaxUser), Body: blob(600), Kind: text(0, MaxKind),
			Connection: u(number, "connection"), At: when.Draw(t, "at"),
		}
	case TypeAck:
		return &Ack{ID: u(id, "id"), Sessions: u(number, "sessions")}
	case TypeApp:
		return &App{Kind: text(1, MaxKind), Body: blob(600)}
	case TypeRequest:
		return &Request{Request: u(id, "id"), Kind: text(1, MaxKind), Body: blob(600)}
	case TypeResponse:
		return &Response{Request: u(id, "id"), Body: blob(600)}
	case TypeError:
		return &Error{Request: u(number, "id"), Code: Code(rapid.ByteRange(1, 255).Draw(t, "code")), Text: text(0, MaxText)}
	case TypeBye:
		return &Bye{Reason: Reason(rapid.ByteRange(1, 255).Draw(t, "reason")), Text: text(0, MaxText), Retry: u(millis, "retry")}
	}
	t.Fatalf("no generator for %s", typ)
	return nil
}

// TestRoundTrip: every valid message comes back as it was sent, equal messages
// give equal bytes, and those bytes are in the core deterministic encoding as a
// library without this package's options writes it.
func TestRoundTrip(t *testing.T) {
	for _, typ := range Types() {
		t.Run(typ.String(), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				m := drawMessage(t, typ)
				before := rapid.SliceOfN(rapid.Byte(), 0, 9).Draw(t, "before")
				frame, err := Append(bytes.Clone(before), m)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.HasPrefix(frame, before) {
					t.Fatalf("%x does not begin with %x", frame, before)
				}
				frame = frame[len(before):]
				frames, rest, err := feed(NewSplitter(MaxMaxFrame, 64), frame, nothing)
				if err != nil || rest != 0 || len(frames) != 1 || frames[0].Type != typ {
					t.Fatalf("split into %v, %d bytes over, %v", frames, rest, err)
				}
				back, err := Decode(typ, frames[0].Body)
				if err != nil || !reflect.DeepEqual(back, m) {
					t.Fatalf("came back as %+v, %v; sent %+v", back, err, m)
				}
				again, err := Append(nil, back)
				if err != nil || !bytes.Equal(again, frame) {
					t.Fatalf("encoded again as %x, %v; want %x", again, err, frame)
				}
				var anything any
				if err := cbor.Unmarshal(frames[0].Body, &anything); err != nil {
					t.Fatal(err)
				}
				body, err := rawCBOR.Marshal(anything)
				if err != nil || !bytes.Equal(body, frames[0].Body) {
					t.Fatalf("%x is not deterministic: want %x (%v)", frames[0].Body, body, err)
				}
			})
		})
	}
}

// TestDecodeKeepsNothing: the caller may use the body's memory again.
func TestDecodeKeepsNothing(t *testing.T) {
	for _, typ := range Types() {
		for _, c := range goodCases[typ] {
			frame, err := Append(nil, c.message)
			if err != nil {
				t.Fatal(err)
			}
			m, err := Decode(typ, frame[HeaderSize:])
			if err != nil {
				t.Fatal(err)
			}
			for i := range frame {
				frame[i] = 0xff
			}
			if !reflect.DeepEqual(m, c.message) {
				t.Errorf("%s, %s: %+v after the body was written over", typ, c.name, m)
			}
		}
	}
}

// TestDecodeTolerates: what a stranger may leave out, or write less tersely,
// reads as the same message.
func TestDecodeTolerates(t *testing.T) {
	for _, c := range []struct {
		name string
		typ  Type
		body string
		want Message
	}{
		{"a required field that is zero is absent", TypePing, "a0", &Ping{}},
		{"a zero that could be left out", TypePong, "a201050200", &Pong{Echo: 5}},
		{"a number in more bytes than it needs", TypePing, "a11b00000000000000011b0000000000000005", &Ping{Time: 5}},
		{"keys in another order", TypePong, "a202060105", &Pong{Echo: 5, Time: 6}},
		{"a map in more bytes than it needs", TypePing, "b900010105", &Ping{Time: 5}},
		{"false", TypeWatch, "a2010102f4", &Watch{Request: 1}},
		{"empty bytes and texts", TypeError, "a302010360" + "0100", &Error{Code: 1}},
		{"an unknown reason", TypeBye, "a10118c8", &Bye{Reason: 200}},
		{"the deepest nesting in an unknown field", TypePing, "a201051828818180", &Ping{Time: 5}},
		{"the longest array in an unknown field", TypePing, "a201051828990400" + strings.Repeat("00", 1024), &Ping{Time: 5}},
		{"the largest map", TypePing, "b840" + manyPairs(64), &Ping{}},
		{"the largest key", TypePing, "a201051affffffff01", &Ping{Time: 5}},
		{"floats in an unknown field", TypePing, "a201051828" + "83f97e00fa7f800000fb3ff0000000000000", &Ping{Time: 5}},
		{"a huge negative number in an unknown field", TypePing, "a2010518283bffffffffffffffff", &Ping{Time: 5}},
	} {
		m, err := Decode(c.typ, unhex(t, c.body))
		if err != nil || !reflect.DeepEqual(m, c.want) {
			t.Errorf("%s: %+v, %v; want %+v", c.name, m, err, c.want)
		}
	}
}

func TestDecodeUnknownType(t *testing.T) {
	for typ := range 256 {
		typ := Type(typ)
		m, err := Decode(typ, []byte{0xa0})
		if unknown := errors.Is(err, ErrUnknownType); unknown == typ.Known() || (unknown && m != nil) {
			t.Errorf("%s: %v, %v", typ, m, err)
		}
	}
}

// TestAppendRefusalLeavesDst: what was in dst before stays as it was, in
// length and content.
func TestAppendRefusalLeavesDst(t *testing.T) {
	for _, bad := range []Message{
		&Hello{}, &Ack{}, &Delta{Epoch: 1, From: 1}, // a limit of a field
		&App{Kind: "k", Body: make([]byte, MaxMaxFrame+1)}, // told before encoding
		&App{Kind: "k", Body: make([]byte, MaxMaxFrame)},   // told after encoding
	} {
		dst := append(make([]byte, 0, 64), "before"...)
		out, err := Append(dst, bad)
		if err == nil {
			t.Fatalf("%s was accepted", bad.Type())
		}
		if string(out) != "before" || string(dst) != "before" || &out[0] != &dst[0] {
			t.Errorf("%s: dst became %q", bad.Type(), out)
		}
	}
}

// TestDecodeMemory: a hostile body costs about as much memory as it has bytes.
// The worst that a body can ask for beyond itself is one array of the largest
// entries there are.
func TestDecodeMemory(t *testing.T) {
	const array = MaxArray * 192 // a File is smaller than this, a Change much so
	many := func(prefix, item string) []byte {
		return unhex(t, prefix+"990400"+strings.Repeat(item, MaxArray))
	}
	for _, c := range []struct {
		name string
		typ  Type
		body []byte
	}{
		{"empty names", TypeWatch, many("a2010103", "60")},
		{"empty maps for changes", TypeDelta, many("a104", "a0")},
		{"unknown fields in maps", TypeDelta, many("a104", "a1182800")},
		{"empty maps for files", TypeFileList, many("a102", "a0")},
		{"empty names in a put", TypePut, many("a106", "60")},
		{"empty names in the files of a list", TypeFileList, unhex(t, "a10298ff"+strings.Repeat("a107820000", 255))},
		{"empty maps for users online", TypeSnapshot, many("a105", "a0")},
		{"unknown fields", TypePing, unhex(t, "b840"+manyPairs(64))},
		{"empty maps in an unknown field", TypePing, many("a11828", "a0")},
		{"a promise of 2^40 bytes", TypeApp, unhex(t, "a1025b0000010000000000")},
		{"a promise of 2^40 bytes in a chunk", TypeChunk, unhex(t, "a1035b0000010000000000")},
		{"a promise of 2^40 bytes in a file", TypeOffer, unhex(t, "a102a1065b0000010000000000")},
		{"a promise of 1024 files", TypeFileList, unhex(t, "a102990400")},
		{"a promise of 1024 elements", TypeWatch, unhex(t, "a103990400")},
		{"a promise of 2^40 elements", TypeWatch, unhex(t, "a1039b0000010000000000")},
		{"a long text where a number belongs", TypePing, unhex(t, "a101790400"+strings.Repeat("61", 1024))},
	} {
		const rounds = 20
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range rounds {
			_, _ = Decode(c.typ, c.body)
		}
		runtime.ReadMemStats(&after)
		each := (after.TotalAlloc - before.TotalAlloc) / rounds
		if bound := uint64(array + 2*len(c.body) + 4096); each > bound {
			t.Errorf("%s: %d bytes for a body of %d, more than %d", c.name, each, len(c.body), bound)
		}
		if strings.HasPrefix(c.name, "a promise") && each > 4096 {
			t.Errorf("%s: %d bytes", c.name, each)
		}
	}
}

func TestClip(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"plain", "plain"},
		{"two\nlines\tand\x7f\u0085", "two lines and  "},
		{"bad \xff\xfe", "bad \ufffd\ufffd"},
		{long(1025), long(1024)},
		{long(1023) + "é", long(1023)},
		{long(1022) + "é!", long(1022) + "é"},
		{strings.Repeat("\xff", 1024), strings.Repeat("\ufffd", 341)},
	} {
		if have := Clip(c.in); have != c.want {
			t.Errorf("Clip(%q) = %q, want %q", c.in, have, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s := string(rapid.SliceOfN(rapid.Byte(), 0, 2000).Draw(t, "s"))
		if clipped := Clip(s); checkText("text", clipped, MaxText) != nil || (utf8.ValidString(s) && checkText("text", s, MaxText) == nil && clipped != s) {
			t.Errorf("Clip(%q) = %q", s, clipped)
		}
	})
}
