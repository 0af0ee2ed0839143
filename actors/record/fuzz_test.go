package record

import (
	"bytes"
	"reflect"
	"slices"
	"testing"

	"example.com/rollcall/actors/disk"
)

// FuzzFrame: whatever is behind a record that is whole, the record is read, and
// what the scanner and cutFrame read is the same.
func FuzzFrame(f *testing.F) {
	f.Add([]byte("payload"), byte(17), []byte{})
	f.Add([]byte{}, byte(0), []byte("\x00\x00\x00\x01garbage"))
	f.Fuzz(func(t *testing.T, payload []byte, kind byte, tail []byte) {
		if len(payload) >= maxFrame {
			return
		}
		b := append(appendFrame(nil, kind, payload), tail...)
		k, p, rest, ok := cutFrame(b)
		if !ok || k != kind || !bytes.Equal(p, payload) || !bytes.Equal(rest, tail) {
			t.Fatalf("%v %d %q %q", ok, k, p, rest)
		}
		s, err := newScanner(bytes.NewReader(append(appendHeader(nil, fileJournal), b...)), fileJournal)
		if err != nil {
			t.Fatal(err)
		}
		for {
			k, p, err := s.next()
			kind, payload, rest, ok := cutFrame(b)
			if (err == nil) != ok {
				t.Fatalf("the scanner says %v, cutFrame %v", err, ok)
			}
			if !ok {
				return
			}
			if k != kind || !bytes.Equal(p, payload) {
				t.Fatalf("the scanner reads %d %q, cutFrame %d %q", k, p, kind, payload)
			}
			b = rest
		}
	})
}

// FuzzDecode: no payload does harm, and what is read can be written and read again.
func FuzzDecode(f *testing.F) {
	for _, r := range oneOfEach() {
		kind, _ := kindOf(r)
		var buf bytes.Buffer
		if err := encodeFrame(&buf, kind, r); err != nil {
			f.Fatal(err)
		}
		f.Add(kind, buf.Bytes()[frameHead+1:])
	}
	f.Fuzz(func(t *testing.T, kind byte, payload []byte) {
		r, err := decode(kind, payload)
		if err != nil {
			return
		}
		if _, unknown := r.(*Unknown); unknown {
			return
		}
		var buf bytes.Buffer
		if err := encodeRecord(&buf, r); err != nil {
			t.Fatal(err)
		}
		_, p, _, ok := cutFrame(buf.Bytes())
		again, err := decode(buf.Bytes()[frameHead], p)
		if !ok || err != nil {
			t.Fatalf("%+v: %v", r, err)
		}
		if r.When() >= 0 && r.When() != peekAt(p) {
			t.Fatalf("the time is %d, peeked at as %d", r.When(), peekAt(p))
		}
		if d, is := r.(*Departure); is && len(d.RTTs) == 0 {
			d.RTTs = nil
		}
		if !reflect.DeepEqual(r, again) {
			t.Fatalf("%+v is read again as %+v", r, again)
		}
	})
}

// FuzzFiles: whatever is in the files, the roll and the journal are opened, read,
// written, forgotten in, and read again.
func FuzzFiles(f *testing.F) {
	d := disk.NewMemory()
	r, _ := OpenRoll(d, RollOptions{})
	_ = r.Write(Batch{Epoch: 1, At: night, Online: online(night, 1, 2)})
	_ = r.Write(Batch{Epoch: 1, At: night + 1, Offline: []string{user(1)}})
	j, _ := OpenJournal(d, JournalOptions{MaxAge: -1})
	_ = j.Append(oneOfEach())
	roll, _ := disk.ReadFile(d, "roll/0000000000000001", 1<<20)
	journal, _ := disk.ReadFile(d, "journal/0000000000000001.seg", 1<<20)
	f.Add(roll, journal)
	f.Add(roll[:len(roll)-3], slices.Concat(journal, journal))
	f.Add([]byte{}, []byte("rollcall"))
	f.Fuzz(func(t *testing.T, roll, journal []byte) {
		d := disk.NewMemory()
		ok(t, d.Mkdir("roll"))
		ok(t, d.Mkdir("journal"))
		spoil(t, d, "roll/0000000000000001", roll)
		spoil(t, d, "journal/0000000000000001.seg", journal)
		r := must[Roll](t)(OpenRoll(d, RollOptions{}))
		ok(t, r.Write(Batch{Epoch: 1 << 60, At: night, Online: online(night, 9)}))
		held := len(r.Left().Users)
		ok(t, r.Close())
		if l := left(t, d); l.Damage != "" || len(l.Users) < held || len(l.Users) > held+1 {
			t.Fatalf("%d were left, now %+v", held, l)
		}
		j := must[Journal](t)(OpenJournal(d, JournalOptions{MaxAge: -1}))
		ok(t, j.Append([]Record{departure(night, 1)}))
		before, _ := records(j, Query{})
		n := must[int](t)(j.Forget(user(1)))
		after, _ := records(j, Query{})
		if n < 1 || len(after) > len(before)-1 {
			t.Fatalf("%d records, %d forgotten, %d left", len(before), n, len(after))
		}
		for _, c := range filesOf(t, d, "journal") {
			if bytes.Contains([]byte(c), []byte("\x69"+user(1))) {
				t.Fatal("the name is still there")
			}
		}
		ok(t, j.Close())
	})
}
