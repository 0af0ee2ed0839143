package faultdisk

import (
	"io"
	"sync"

	"example.com/rollcall/actors/disk"
)

// Faulty is a disk over another one, whose operations fail or wait as its hook
// says. A write that fails gets half-way first, as on a disk that fills up.
type Faulty struct {
	under disk.FS // static after construction

	mu    sync.Mutex
	hook  Hook       // owned by mu; nil: all is well
	dry   bool       // owned by mu
	count map[Op]int // owned by mu
}

// Over makes a Faulty that has no fault yet. It is never closed by itself:
// closing it closes the disk below.
func Over(under disk.FS) *Faulty { return &Faulty{under: under, count: make(map[Op]int)} }

// Set puts a hook in place of the one before; nil: no fault.
func (d *Faulty) Set(hook Hook) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.hook = hook
}

// FailNth lets the n-th operation from now on fail, of these kinds or of all if
// none is named, and with lasting all such operations after it.
func (d *Faulty) FailNth(n int, lasting bool, err error, ops ...Op) {
	var mu sync.Mutex
	fail, at := Fail(err, ops...), 0
	d.Set(func(op Op, name string) error {
		if fail(op, name) == nil {
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		at++
		if at == n || at > n && lasting {
			return err
		}
		return nil
	})
}

// Dry leaves out the syncs of the disk below, for tests that are about something
// else. The hook is asked all the same.
func (d *Faulty) Dry() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dry = true
}

// Count tells how many operations of a kind there were, those that failed too.
func (d *Faulty) Count(op Op) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.count[op]
}

func (d *Faulty) ask(op Op, name string) error {
	d.mu.Lock()
	hook := d.hook
	d.count[op]++
	d.mu.Unlock()
	if hook == nil {
		return nil
	}
	return hook(op, name)
}

func (d *Faulty) isDry() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.dry
}

// Mkdir implements disk.FS.
func (d *Faulty) Mkdir(name string) error {
	if err := d.ask(OpMkdir, name); err != nil {
		return err
	}
	return d.under.Mkdir(name)
}

func (d *Faulty) open(op Op, name string, open func(string) (disk.File, error)) (disk.File, error) {
	if err := d.ask(op, name); err != nil {
		return nil, err
	}
	h, err := open(name)
	if err != nil {
		return nil, err
	}
	return &faultyFile{h, d, name}, nil
}

// Create implements disk.FS.
func (d *Faulty) Create(name string) (disk.File, error) {
	return d.open(OpCreate, name, d.under.Create)
}

// Edit implements disk.FS.
func (d *Faulty) Edit(name string) (disk.File, error) { return d.open(OpEdit, name, d.under.Edit) }

// View implements disk.FS.
func (d *Faulty) View(name string) (disk.File, error) { return d.open(OpView, name, d.under.View) }

// Rename implements disk.FS.
func (d *Faulty) Rename(from, to string) error {
	if err := d.ask(OpRename, from); err != nil {
		return err
	}
	return d.under.Rename(from, to)
}

// Remove implements disk.FS.
func (d *Faulty) Remove(name string) error {
	if err := d.ask(OpRemove, name); err != nil {
		return err
	}
	return d.under.Remove(name)
}

// List implements disk.FS.
func (d *Faulty) List(name string) ([]disk.Entry, error) {
	if err := d.ask(OpList, name); err != nil {
		return nil, err
	}
	return d.under.List(name)
}

// Size implements disk.FS.
func (d *Faulty) Size(name string) (int64, error) {
	if err := d.ask(OpSize, name); err != nil {
		return 0, err
	}
	return d.under.Size(name)
}

// SyncDir implements disk.FS.
func (d *Faulty) SyncDir(name string) error {
	if err := d.ask(OpSyncDir, name); err != nil || d.isDry() {
		return err
	}
	return d.under.SyncDir(name)
}

// Free implements disk.FS.
func (d *Faulty) Free() (int64, bool) { return d.under.Free() }

// Lock implements disk.FS.
func (d *Faulty) Lock(name string) (io.Closer, error) {
	if err := d.ask(OpLock, name); err != nil {
		return nil, err
	}
	return d.under.Lock(name)
}

// Close implements disk.FS.
func (d *Faulty) Close() error { return d.under.Close() }

// faultyFile asks its disk before each operation.
type faultyFile struct {
	disk.File
	disk *Faulty
	name string
}

func (h *faultyFile) ReadAt(p []byte, off int64) (int, error) {
	if err := h.disk.ask(OpRead, h.name); err != nil {
		return 0, err
	}
	return h.File.ReadAt(p, off)
}

func (h *faultyFile) WriteAt(p []byte, off int64) (int, error) {
	if err := h.disk.ask(OpWrite, h.name); err != nil {
		n, _ := h.File.WriteAt(p[:len(p)/2], off)
		return n, err
	}
	return h.File.WriteAt(p, off)
}

func (h *faultyFile) Truncate(size int64) error {
	if err := h.disk.ask(OpTruncate, h.name); err != nil {
		return err
	}
	return h.File.Truncate(size)
}

func (h *faultyFile) Sync() error {
	if err := h.disk.ask(OpSync, h.name); err != nil || h.disk.isDry() {
		return err
	}
	return h.File.Sync()
}
