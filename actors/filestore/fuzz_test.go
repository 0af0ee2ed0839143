package filestore

import (
	"bytes"
	"testing"
)

// FuzzDecodeMeta: no content of a meta file makes the store panic or believe
// what breaks a rule; what it believes, it would write the same again. The
// records are framed rightly, since no fuzzer finds a checksum; spoil changes one
// byte of all this.
func FuzzDecodeMeta(f *testing.F) {
	body := func(value any) []byte {
		b, _ := encoder.Marshal(value)
		return b
	}
	m := offerAs(1, contentOf(1, 1000))
	f.Add(body(m), body(checkpoint{Offset: 500, At: 7}), []byte{}, body(commitment{Committed: 5, Expires: 9}), -1)
	f.Add(body(m), body(checkpoint{Offset: 500}), body(checkpoint{Offset: 700}), []byte{}, 3)
	f.Add(body(m), body(checkpoint{Offset: 1001}), body(checkpoint{Offset: -1}), body(commitment{Committed: -1}), 600)
	f.Add([]byte{}, []byte{}, []byte{}, []byte{}, 0)
	f.Fuzz(func(t *testing.T, meta, slot0, slot1, slot2 []byte, spoil int) {
		b := appendFrame(nil, kindMeta, meta)
		for i, slot := range [][]byte{slot0, slot1, slot2} {
			if len(slot) > slotSize-recordHead-1 {
				return
			}
			b = append(b, make([]byte, (slotSize-len(b)%slotSize)%slotSize)...)
			b = appendFrame(b, []byte{kindCheckpoint, kindCheckpoint, kindCommit}[i], slot)
		}
		if spoil >= 0 && spoil < len(b) {
			b[spoil]++
		}
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
	user := appendRecord(nil, kindUser, logUser{User: "bob"})
	one, _ := encoder.Marshal(logNotice{Seq: 1, At: 2, Body: []byte("hello")})
	two, _ := encoder.Marshal(logDropped{UpTo: 1})
	f.Add(byte(kindNotice), one, byte(kindDropped), two, []byte("torn"))
	f.Add(byte(kindDropped), one, byte(kindNotice), two, appendFrame(nil, kindNotice, one))
	f.Add(byte(0), []byte{}, byte(kindUser), []byte{}, user)
	f.Fuzz(func(t *testing.T, kindA byte, a []byte, kindB byte, b, tail []byte) {
		log := appendFrame(appendFrame(bytes.Clone(user), kindA, a), kindB, b)
		log = append(log, tail...)
		c := decodeLog(log, key)
		if c.valid < int64(len(user)) || c.valid > int64(len(log)) || len(c.notices) > c.records {
			t.Fatalf("of %d bytes %+v", len(log), c)
		}
		more := appendRecord(log[:c.valid], kindNotice, logNotice{Seq: 1<<64 - 1, Body: []byte("new")})
		again := decodeLog(more, key)
		if again.records != c.records+1 || again.valid != int64(len(more)) {
			t.Fatalf("%d records, then %d", c.records, again.records)
		}
		decodeLog(tail, key)
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
