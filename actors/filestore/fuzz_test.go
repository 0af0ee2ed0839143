package filestore

import (
	"bytes"
	"testing"
)

// FuzzDecodeMeta: no content of a meta file makes the store panic or believe
// what breaks a rule; what it believes, it would write the same again.
func FuzzDecodeMeta(f *testing.F) {
	m := offerAs(1, contentOf(1, 1000))
	b := encodeMeta(&m)
	f.Add([]byte(nil))
	f.Add(b)
	b = grow(b, slotOffset(&m, 0))
	b = appendRecord(b, kindCheckpoint, checkpoint{Offset: 500, At: 7})
	f.Add(bytes.Clone(b))
	b = grow(b, slotOffset(&m, slotCommit))
	b = appendRecord(b, kindCommit, commitment{Committed: 5, Expires: 9})
	f.Add(bytes.Clone(b))
	f.Add(b[:len(b)-1])
	f.Fuzz(func(t *testing.T, b []byte) {
		got, ok := decodeMeta(b)
		if !ok {
			return
		}
		if err := got.meta.check(); err != nil {
			t.Fatalf("believed: %v", err)
		}
		if got.durable.Offset < 0 || got.durable.Offset > got.meta.Size || got.next != 0 && got.next != 1 {
			t.Fatalf("believed: %+v", got)
		}
		if !bytes.HasPrefix(b, encodeMeta(&got.meta)) {
			t.Fatal("the metadata would be written differently")
		}
		v := got.visible()
		if err := v.check(); err != nil {
			t.Fatalf("visible: %v", err)
		}
	})
}

// FuzzMetaFields: whatever passes the rules comes back from the disk as it was.
func FuzzMetaFields(f *testing.F) {
	f.Add("alice", "bob", "../../etc/passwd", "text/plain", int64(5), int64(1), int64(2))
	f.Add("", "", "", "", int64(-1), int64(-1), int64(-1))
	f.Fuzz(func(t *testing.T, owner, recipient, name, kind string, size, created, expires int64) {
		m := Meta{
			ID: idOf(1), Owner: owner, Recipients: []string{recipient, owner}, Everyone: size%2 == 0,
			Name: name, Type: kind, Size: size, Created: created, Expires: expires,
		}
		if m.check() != nil {
			return
		}
		got, ok := decodeMeta(encodeMeta(&m))
		if !ok || got.meta.Name != name || got.meta.Owner != owner || got.meta.Recipients[0] != recipient ||
			got.meta.Size != size || got.meta.Expires != expires || got.meta.Type != kind {
			t.Fatalf("%+v comes back as %+v", m, got.meta)
		}
	})
}

// FuzzDecodeLog: no content of a log makes the store panic, and what is added
// behind its valid part is found again.
func FuzzDecodeLog(f *testing.F) {
	key := keyOf("bob")
	b := appendRecord(nil, kindUser, logUser{User: "bob"})
	f.Add(bytes.Clone(b))
	b = appendRecord(b, kindNotice, logNotice{Seq: 1, At: 2, Body: []byte("hello")})
	b = appendRecord(b, kindNotice, logNotice{Seq: 2, At: 2})
	f.Add(bytes.Clone(b))
	b = appendRecord(b, kindDropped, logDropped{UpTo: 1})
	f.Add(bytes.Clone(b))
	f.Add(b[:len(b)-3])
	f.Add(append(bytes.Clone(b), 0, 0, 0, 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		c := decodeLog(b, key)
		if c.valid == 0 {
			return
		}
		if len(c.notices) > MaxNotices {
			t.Fatalf("%d notices", len(c.notices))
		}
		more := appendRecord(bytes.Clone(b[:c.valid]), kindNotice, logNotice{Seq: 1<<64 - 1, Body: []byte("new")})
		again := decodeLog(more, key)
		if again.records != c.records+1 || again.valid != int64(len(more)) {
			t.Fatalf("%d records, then %d", c.records, again.records)
		}
	})
}

// FuzzParse: what a client sends as an ID or a cursor.
func FuzzParse(f *testing.F) {
	f.Add(idOf(1).String())
	f.Add(position{5, idOf(7)}.cursor())
	f.Add("../../etc/passwd")
	f.Fuzz(func(t *testing.T, s string) {
		if id, err := ParseID(s); err == nil && (id.String() != s || id.IsZero()) {
			t.Fatalf("%q is %s", s, id)
		}
		if p, err := parseCursor(s); err == nil && s != "" && !bytes.EqualFold([]byte(p.cursor()), []byte(s)) {
			t.Fatalf("%q is %s", s, p.cursor())
		}
		if key, ok := parseKey(s); ok && key.String() != s {
			t.Fatalf("%q is %s", s, key)
		}
	})
}
