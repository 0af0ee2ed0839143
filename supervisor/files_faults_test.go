package supervisor_test

import (
	"errors"
	"sync"

	"example.com/rollcall/actors/filestore"
)

// faultyStore is a store in front of another, whose calls fail, panic, or do not
// return, as the test says: for one file, by its name, or for one user's notices,
// and for no other. It breaks the store's promise to remove a partial that has
// failed: that is left to who calls.
type faultyStore struct {
	filestore.Store

	mu     sync.Mutex
	faults map[faultAt]fault
	names  map[filestore.ID]string
	calls  map[faultAt]int
	read   int64 // bytes that ReadAt has given
}

// faultAt is a call and whom it is for: a file's name, or a user; empty for all.
type faultAt struct{ call, of string }

type fault struct {
	err   error         // what it answers
	panic any           // what it panics with
	gate  chan struct{} // what it waits for first
	skip  int           // how many calls go well before
}

func newFaultyStore(s filestore.Store) *faultyStore {
	return &faultyStore{
		Store: s, faults: map[faultAt]fault{}, names: map[filestore.ID]string{}, calls: map[faultAt]int{},
	}
}

// fail makes a call fail from now on.
func (f *faultyStore) fail(call, of string, how fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults[faultAt{call, of}] = how
}

// block makes a call wait until the returned function is called.
func (f *faultyStore) block(call, of string) (release func()) {
	gate := make(chan struct{})
	f.fail(call, of, fault{gate: gate})
	return sync.OnceFunc(func() {
		f.mu.Lock()
		delete(f.faults, faultAt{call, of})
		f.mu.Unlock()
		close(gate)
	})
}

// heal ends all faults. Gates are left to their tests.
func (f *faultyStore) heal() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = map[faultAt]fault{}
}

// called returns how often a call was made for somebody.
func (f *faultyStore) called(call, of string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[faultAt{call, of}]
}

func (f *faultyStore) bytesRead() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.read
}

func (f *faultyStore) step(call, of string) error {
	f.mu.Lock()
	f.calls[faultAt{call, of}]++
	at := faultAt{call, of}
	how, ok := f.faults[at]
	if !ok {
		at.of = ""
		how, ok = f.faults[at]
	}
	if ok && how.skip > 0 {
		how.skip--
		f.faults[at], ok = how, false
	}
	f.mu.Unlock()
	if !ok {
		return nil
	}
	if how.gate != nil {
		<-how.gate
	}
	if how.panic != nil {
		panic(how.panic)
	}
	return how.err
}

func (f *faultyStore) name(id filestore.ID) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.names[id]
}

func (f *faultyStore) known(p filestore.Partial) filestore.Partial {
	meta := p.Meta()
	f.mu.Lock()
	f.names[meta.ID] = meta.Name
	f.mu.Unlock()
	return &faultyPartial{Partial: p, f: f, name: meta.Name}
}

func (f *faultyStore) Begin(m filestore.Meta) (filestore.Partial, error) {
	if err := f.step("Begin", m.Name); err != nil {
		return nil, err
	}
	p, err := f.Store.Begin(m)
	if err != nil {
		return nil, err
	}
	return f.known(p), nil
}

func (f *faultyStore) Resume(id filestore.ID) (filestore.Partial, error) {
	if err := f.step("Resume", f.name(id)); err != nil {
		return nil, err
	}
	p, err := f.Store.Resume(id)
	if err != nil {
		return nil, err
	}
	return f.known(p), nil
}

func (f *faultyStore) Partials() []filestore.PartialInfo {
	if f.step("Partials", "") != nil {
		return nil
	}
	all := f.Store.Partials()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range all {
		f.names[p.Meta.ID] = p.Meta.Name
	}
	return all
}

func (f *faultyStore) Drop(id filestore.ID) error {
	if err := f.step("Drop", f.name(id)); err != nil {
		return err
	}
	return f.Store.Drop(id)
}

func (f *faultyStore) Open(id filestore.ID) (filestore.File, error) {
	if err := f.step("Open", f.name(id)); err != nil {
		return nil, err
	}
	file, err := f.Store.Open(id)
	if err != nil {
		return nil, err
	}
	return &faultyFile{File: file, f: f, name: file.Meta().Name}, nil
}

func (f *faultyStore) Delete(id filestore.ID) error {
	if err := f.step("Delete", f.name(id)); err != nil {
		return err
	}
	return f.Store.Delete(id)
}

func (f *faultyStore) List(match func(*filestore.Meta) bool, cursor string, limit int) ([]filestore.Meta, string, error) {
	if err := f.step("List", ""); err != nil {
		return nil, "", err
	}
	return f.Store.List(match, cursor, limit)
}

func (f *faultyStore) Expire(now int64) []filestore.Meta {
	if f.step("Expire", "") != nil {
		return nil
	}
	return f.Store.Expire(now)
}

func (f *faultyStore) AddNotice(user string, body []byte) error {
	if err := f.step("AddNotice", user); err != nil {
		return err
	}
	return f.Store.AddNotice(user, body)
}

func (f *faultyStore) Notices(user string) ([]filestore.Notice, error) {
	if err := f.step("Notices", user); err != nil {
		return nil, err
	}
	return f.Store.Notices(user)
}

func (f *faultyStore) DropNotices(user string, upTo filestore.Seq) error {
	if err := f.step("DropNotices", user); err != nil {
		return err
	}
	return f.Store.DropNotices(user, upTo)
}

type faultyPartial struct {
	filestore.Partial
	f    *faultyStore
	name string
}

func (p *faultyPartial) Write(b []byte) (int, error) {
	if err := p.f.step("Write", p.name); err != nil {
		return 0, err
	}
	return p.Partial.Write(b)
}

func (p *faultyPartial) Sync() (int64, error) {
	if err := p.f.step("Sync", p.name); err != nil {
		return 0, err
	}
	return p.Partial.Sync()
}

func (p *faultyPartial) Commit(now int64) (filestore.Meta, error) {
	if err := p.f.step("Commit", p.name); err != nil {
		return filestore.Meta{}, err
	}
	meta, err := p.Partial.Commit(now)
	if err == nil {
		p.f.step("Committed", p.name) //nolint:errcheck // waits only
	}
	return meta, err
}

func (p *faultyPartial) Suspend() error {
	if err := p.f.step("Suspend", p.name); err != nil {
		return err
	}
	return p.Partial.Suspend()
}

func (p *faultyPartial) Discard() error {
	return errors.Join(p.Partial.Discard(), p.f.step("Discard", p.name))
}

type faultyFile struct {
	filestore.File
	f    *faultyStore
	name string
}

func (f *faultyFile) ReadAt(b []byte, off int64) (int, error) {
	if err := f.f.step("ReadAt", f.name); err != nil {
		return 0, err
	}
	n, err := f.File.ReadAt(b, off)
	f.f.mu.Lock()
	f.f.read += int64(n)
	f.f.mu.Unlock()
	return n, err
}
