package filestore

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/rollcall/actors/disk"
)

// modelFile is a file in the model: a naive store that shares no code with the
// real one.
type modelFile struct {
	meta    Meta
	content []byte // what was announced
	written int
	durable int
	open    bool
	visible bool
}

// model is two stores that are given the same calls, one in memory and one on
// the disk, and what they should answer.
type model struct {
	opts   Options
	clock  *clock
	names  []string // memory, disk
	disks  []disk.FS
	stores []*store
	parts  []map[byte]Partial // what each store has given for a file
	files  map[byte]*modelFile
	notes  map[string][]string
	last   byte
}

func newModel(t *rapid.T) *model {
	dir, err := os.MkdirTemp("", "filestore")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	root, err := disk.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	c := &clock{ms: 1000}
	m := &model{
		clock: c, names: []string{"memory", "disk"}, disks: []disk.FS{disk.NewMemory(), root},
		opts: Options{
			MaxFile: 400, MaxUserBytes: 900, MaxUserFiles: 5, MaxBytes: 1500, MaxFiles: 8,
			Retention: 50 * time.Millisecond, Now: c.now, NoSync: true,
		},
		stores: make([]*store, 2), parts: make([]map[byte]Partial, 2),
		files: make(map[byte]*modelFile), notes: make(map[string][]string),
	}
	m.open(t)
	return m
}

func (m *model) open(t *rapid.T) {
	for i, d := range m.disks {
		s, swept, err := openStore(d, m.opts)
		if err != nil || swept.Broken+swept.Stray+swept.Quarantined+swept.Failed+swept.Trash > 0 {
			t.Fatalf("%s: swept %+v, %v", m.names[i], swept, err)
		}
		m.stores[i], m.parts[i] = s, make(map[byte]Partial)
	}
}

// all does a call on both stores and compares the answer with the model's.
func (m *model) all(t *rapid.T, what string, want error, call func(s *store, part map[byte]Partial) error) {
	for i := range m.stores {
		if err := call(m.stores[i], m.parts[i]); !errors.Is(err, want) {
			t.Fatalf("%s, %s: %v, the model says %v", m.names[i], what, err, want)
		}
	}
}

// pick draws a file that is in this state, or 0.
func (m *model) pick(t *rapid.T, state func(*modelFile) bool) (byte, *modelFile) {
	var fit []byte
	for n, f := range m.files {
		if state(f) {
			fit = append(fit, n)
		}
	}
	if len(fit) == 0 {
		t.Skip()
	}
	slices.Sort(fit)
	n := rapid.SampledFrom(fit).Draw(t, "file")
	return n, m.files[n]
}

func (m *model) admit(owner string, size int) error {
	bytes, userBytes, userFiles := 0, 0, 0
	for _, f := range m.files {
		bytes += len(f.content)
		if f.meta.Owner == owner {
			userBytes += len(f.content)
			userFiles++
		}
	}
	switch {
	case size > 400:
		return ErrTooLarge
	case userFiles >= 5:
		return ErrQuotaUserFiles
	case userBytes+size > 900:
		return ErrQuotaUserBytes
	case len(m.files) >= 8:
		return ErrQuotaFiles
	case bytes+size > 1500:
		return ErrQuotaBytes
	}
	return nil
}

func (m *model) Begin(t *rapid.T) {
	if m.last == 255 {
		t.Skip()
	}
	owner := rapid.SampledFrom([]string{"alice", "bob"}).Draw(t, "owner")
	size := rapid.OneOf(rapid.IntRange(0, 420), rapid.Just(0)).Draw(t, "size")
	m.last++
	n, content := m.last, contentOf(uint64(m.last), size)
	meta := offerAs(n, content)
	meta.Owner, meta.Created = owner, m.clock.ms
	meta.Expires = rapid.SampledFrom([]int64{0, m.clock.ms + 20, m.clock.ms + 500}).Draw(t, "expires")
	if rapid.IntRange(0, 9).Draw(t, "liar") == 0 {
		meta.SHA256[0]++
	}
	err := m.admit(owner, size)
	m.all(t, "Begin", err, func(s *store, part map[byte]Partial) error {
		p, err := s.Begin(meta)
		part[n] = p
		return err
	})
	if err == nil {
		m.files[n] = &modelFile{meta: meta, content: content, open: true}
	}
}

func isOpen(f *modelFile) bool { return f.open }

func (m *model) Write(t *rapid.T) {
	n, f := m.pick(t, isOpen)
	k := rapid.IntRange(0, len(f.content)-f.written+1).Draw(t, "bytes")
	cut := rapid.IntRange(0, k).Draw(t, "cut")
	var want error
	chunk := make([]byte, k)
	if f.written+k > len(f.content) {
		want = ErrBeyondEnd
	} else {
		copy(chunk, f.content[f.written:])
		f.written += k
	}
	m.all(t, "Write", want, func(_ *store, part map[byte]Partial) error {
		if cut == 0 {
			_, err := part[n].Write(chunk)
			return err
		}
		_, err := part[n].(BatchWriter).WriteBatch([][]byte{chunk[:cut], chunk[cut:]})
		return err
	})
}

func (m *model) Sync(t *rapid.T) {
	n, f := m.pick(t, isOpen)
	f.durable = f.written
	m.all(t, "Sync", nil, func(_ *store, part map[byte]Partial) error {
		durable, err := part[n].Sync()
		if durable != int64(f.durable) {
			return fmt.Errorf("%d bytes are durable, not %d", durable, f.durable)
		}
		return err
	})
}

func (m *model) Suspend(t *rapid.T) {
	n, f := m.pick(t, isOpen)
	f.durable, f.open = f.written, false
	m.all(t, "Suspend", nil, func(_ *store, part map[byte]Partial) error { return part[n].Suspend() })
}

func (m *model) Discard(t *rapid.T) {
	n, _ := m.pick(t, isOpen)
	delete(m.files, n)
	m.all(t, "Discard", nil, func(_ *store, part map[byte]Partial) error { return part[n].Discard() })
}

func (m *model) Commit(t *rapid.T) {
	n, f := m.pick(t, isOpen)
	var want error
	switch {
	case f.written < len(f.content):
		want = ErrSize
	case f.meta.SHA256 != offerOf(f.content).SHA256:
		want = ErrChecksum
		delete(m.files, n)
	default:
		f.open, f.visible = false, true
		f.meta.Committed = m.clock.ms
		if e := m.clock.ms + 50; f.meta.Expires == 0 || f.meta.Expires > e {
			f.meta.Expires = e
		}
	}
	m.all(t, "Commit", want, func(_ *store, part map[byte]Partial) error {
		_, err := part[n].Commit(m.clock.ms)
		return err
	})
}

func (m *model) Resume(t *rapid.T) {
	n, f := m.pick(t, func(f *modelFile) bool { return true })
	var want error
	switch {
	case f.visible:
		want = ErrNotFound
	case f.open:
		want = ErrBusy
	default:
		f.open, f.written = true, f.durable
	}
	m.all(t, "Resume", want, func(s *store, part map[byte]Partial) error {
		p, err := s.Resume(idOf(n))
		if err == nil {
			part[n] = p
			if p.Offset() != int64(f.written) {
				err = fmt.Errorf("resumes at %d, not %d", p.Offset(), f.written)
			}
		}
		return err
	})
}

func (m *model) Drop(t *rapid.T) {
	n, f := m.pick(t, func(f *modelFile) bool { return true })
	var want error
	switch {
	case f.open:
		want = ErrBusy
	case !f.visible:
		delete(m.files, n)
	}
	m.all(t, "Drop", want, func(s *store, _ map[byte]Partial) error { return s.Drop(idOf(n)) })
}

func (m *model) Delete(t *rapid.T) {
	n, f := m.pick(t, func(f *modelFile) bool { return true })
	want := ErrNotFound
	if f.visible {
		want = nil
		delete(m.files, n)
	}
	m.all(t, "Delete", want, func(s *store, _ map[byte]Partial) error { return s.Delete(idOf(n)) })
}

func (m *model) Expire(t *rapid.T) {
	m.clock.ms += rapid.Int64Range(0, 30).Draw(t, "later")
	var due []byte
	for n, f := range m.files {
		if f.visible && f.meta.Expires <= m.clock.ms {
			due = append(due, n)
			delete(m.files, n)
		}
	}
	slices.Sort(due)
	m.all(t, "Expire", nil, func(s *store, _ map[byte]Partial) error {
		var gone []byte
		for _, g := range s.Expire(m.clock.ms) {
			gone = append(gone, g.ID[15])
		}
		if slices.Sort(gone); !bytes.Equal(gone, due) {
			return fmt.Errorf("expired %v, not %v", gone, due)
		}
		return nil
	})
	m.notes = make(map[string][]string) // see Notice
	for _, user := range []string{"alice", "bob"} {
		m.all(t, "DropNotices", nil, func(s *store, _ map[byte]Partial) error { return s.DropNotices(user, 1<<63) })
	}
}

func (m *model) Notice(t *rapid.T) {
	user := rapid.SampledFrom([]string{"alice", "bob"}).Draw(t, "user")
	body := rapid.StringN(0, 9, -1).Draw(t, "body")
	m.notes[user] = append(m.notes[user], body)
	m.all(t, "AddNotice", nil, func(s *store, _ map[byte]Partial) error { return s.AddNotice(user, []byte(body)) })
}

func (m *model) DropNotices(t *rapid.T) {
	user := rapid.SampledFrom([]string{"alice", "bob"}).Draw(t, "user")
	if len(m.notes[user]) == 0 {
		t.Skip()
	}
	k := rapid.IntRange(1, len(m.notes[user])).Draw(t, "drop")
	m.notes[user] = m.notes[user][k:]
	m.all(t, "DropNotices", nil, func(s *store, _ map[byte]Partial) error {
		kept, err := s.Notices(user)
		if err != nil {
			return err
		}
		return s.DropNotices(user, kept[k-1].Seq)
	})
}

// Restart closes both stores, which suspends what is open, and opens them again.
func (m *model) Restart(t *rapid.T) {
	m.all(t, "Close", nil, func(s *store, _ map[byte]Partial) error { return s.Close() })
	for _, f := range m.files {
		if f.open {
			f.open, f.durable = false, f.written
		}
	}
	m.open(t)
}

// Check compares everything that can be asked with the model.
func (m *model) Check(t *rapid.T) {
	var want Usage
	for _, f := range m.files {
		if f.visible {
			want.Files++
			want.Bytes += int64(len(f.content))
		} else {
			want.Partials++
			want.Reserved += int64(len(f.content))
		}
	}
	m.all(t, "Check", nil, func(s *store, _ map[byte]Partial) error {
		if got := s.Usage(); got != want {
			return fmt.Errorf("usage %+v, not %+v", got, want)
		}
		if a, b := s.UserUsage("alice"), s.UserUsage("bob"); a.Bytes+b.Bytes != want.Bytes || a.Reserved+b.Reserved != want.Reserved {
			return fmt.Errorf("usage of the users: %+v and %+v", a, b)
		}
		list, _, err := s.List(nil, "", 0)
		if err != nil || len(list) != want.Files {
			return fmt.Errorf("%d files are listed, not %d (%w)", len(list), want.Files, err)
		}
		for _, got := range list {
			f := m.files[got.ID[15]]
			if f == nil || !f.visible || got.Committed != f.meta.Committed || got.Expires != f.meta.Expires || got.Owner != f.meta.Owner {
				return fmt.Errorf("listed is %+v, in the model %+v", got, f)
			}
			h, err := s.Open(got.ID)
			if err != nil {
				return err
			}
			b := make([]byte, len(f.content))
			err = disk.ReadFull(h.(*file).handle, b, 0)
			if h.Close(); err != nil || !bytes.Equal(b, f.content) {
				return fmt.Errorf("the content of %s is another (%w)", got.ID, err)
			}
		}
		for _, p := range s.Partials() {
			f := m.files[p.Meta.ID[15]]
			if f == nil || f.visible || p.Open != f.open || p.Durable != int64(f.durable) {
				return fmt.Errorf("partial %+v, in the model %+v", p, f)
			}
		}
		for user, want := range m.notes {
			kept, err := s.Notices(user)
			if got := strings.TrimSuffix(bodies(kept), " "); err != nil || len(kept) != len(want) || got != strings.Join(want, " ") {
				return fmt.Errorf("%s has the notices %q, not %q (%w)", user, got, want, err)
			}
		}
		return nil
	})
}

// TestModel gives any sequence of calls to the store in memory and to the store
// on the disk, and compares both with a model.
func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newModel(t)
		t.Repeat(rapid.StateMachineActions(m))
		m.all(t, "Close", nil, func(s *store, _ map[byte]Partial) error { return s.Close() })
	})
}
