package faultdisk

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"syscall"

	"example.com/rollcall/actors/disk"
)

// ErrCrashed is what every operation answers once the disk has crashed.
var ErrCrashed = errors.New("the machine has crashed")

// Disk is a disk in memory that crashes. Make one with [New]; put it under
// [Over] for faults of single operations.
type Disk struct {
	mu sync.Mutex // owns all that follows, and all nodes

	root     *node
	journal  []*change           // changes of names that are not in node.durable yet, in their order
	unsynced map[*node][]*change // the same by directory, those that are not synced
	locks    map[string]bool
	ops      int   // operations so far that change or sync something
	crashAt  int   // the operation that is not done any more; 0: none
	half     *node // the file whose last write the crash has interrupted
	dead     bool
	capacity int64 // bytes of content; 0: no bound
	used     int64 // as of the processes, removed files not counted
}

// node is a directory or a file.
type node struct {
	now     map[string]*node // entries of a directory; nil for a file
	durable map[string]*node // as of the base of the journal

	data    []byte // of a file, as a running process sees it
	synced  []byte
	pending []edit
	gone    bool // has no name any more
}

// edit is a write, or with cut a truncation, that was not synced.
type edit struct {
	off  int64
	data []byte
	cut  bool
}

// change enters a node under a name (dir, name), removes it from one (from, old),
// or both. It is durable with the directory it is entered into.
type change struct {
	node      *node
	dir, from *node
	name, old string
	synced    bool
}

func (c *change) home() *node {
	if c.dir != nil {
		return c.dir
	}
	return c.from
}

func newDir() *node { return &node{now: make(map[string]*node), durable: make(map[string]*node)} }

func newDisk(root *node) *Disk {
	return &Disk{root: root, unsynced: make(map[*node][]*change), locks: make(map[string]bool)}
}

// New makes an empty disk.
func New() *Disk { return newDisk(newDir()) }

// Ops tells how many operations there were so far that change or sync something:
// what CrashAt counts.
func (d *Disk) Ops() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ops
}

// CrashAt lets the disk crash at the n-th operation that changes or syncs
// something, counted from the beginning of this disk. That one is not done any
// more, but for a write, which may have got somewhere. 0: no crash.
func (d *Disk) CrashAt(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.crashAt = n
}

// Crash lets the disk crash now: from here on every operation gives ErrCrashed.
func (d *Disk) Crash() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dead = true
}

// Crashed tells whether it has.
func (d *Disk) Crashed() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.dead
}

// SetCapacity bounds the bytes of all files; beyond it a write gives ENOSPC,
// after what fits. 0: no bound. It holds for this life of the disk.
func (d *Disk) SetCapacity(bytes int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.capacity = bytes
}

// LoseUnsynced is what a sync that fails does on Linux: what was written to the
// file stays in view of the processes, counts as written, and is on no disk.
func (d *Disk) LoseUnsynced(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if n := d.find(name); n != nil {
		n.pending = nil
	}
}

// step counts an operation that is about to be done. The lock must be held, as
// for all that follows.
func (d *Disk) step() error {
	if d.dead {
		return ErrCrashed
	}
	d.ops++
	d.dead = d.ops == d.crashAt
	if d.dead {
		return ErrCrashed
	}
	return nil
}

func (d *Disk) find(name string) *node {
	n := d.root
	for part := range strings.SplitSeq(name, "/") {
		if part == "." {
			continue
		}
		if n = n.now[part]; n == nil {
			return nil
		}
	}
	return n
}

// change does a change of names and puts it into the journal.
func (d *Disk) change(c change) {
	if c.from != nil {
		delete(c.from.now, c.old)
	}
	if c.dir != nil {
		if old := c.dir.now[c.name]; old != nil {
			d.forget(old)
		}
		c.dir.now[c.name] = c.node
	} else {
		d.forget(c.node)
	}
	d.journal = append(d.journal, &c)
	d.unsynced[c.home()] = append(d.unsynced[c.home()], &c)
}

// forget counts a file that has no name any more as free.
func (d *Disk) forget(n *node) {
	if n.now == nil && !n.gone {
		n.gone = true
		d.used -= int64(len(n.data))
	}
}

func failed(op Op, name string, err error) error {
	return &fs.PathError{Op: string(op), Path: name, Err: err}
}

func (d *Disk) enter(op Op, name string, n *node) error {
	if err := d.step(); err != nil {
		return err
	}
	dir := d.find(path.Dir(name))
	switch {
	case dir == nil || dir.now == nil:
		return failed(op, name, fs.ErrNotExist)
	case dir.now[path.Base(name)] != nil:
		return failed(op, name, fs.ErrExist)
	case d.capacity > 0 && d.used >= d.capacity:
		return failed(op, name, syscall.ENOSPC)
	}
	d.change(change{node: n, dir: dir, name: path.Base(name)})
	return nil
}

// Mkdir implements disk.FS.
func (d *Disk) Mkdir(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.enter(OpMkdir, name, newDir())
}

// Create implements disk.FS.
func (d *Disk) Create(name string) (disk.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := new(node)
	if err := d.enter(OpCreate, name, n); err != nil {
		return nil, err
	}
	return &file{d, n, name}, nil
}

// Edit implements disk.FS.
func (d *Disk) Edit(name string) (disk.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n, err := d.regular(OpEdit, name)
	if err != nil {
		return nil, err
	}
	return &file{d, n, name}, nil
}

func (d *Disk) regular(op Op, name string) (*node, error) {
	n := d.find(name)
	switch {
	case d.dead:
		return nil, ErrCrashed
	case n == nil:
		return nil, failed(op, name, fs.ErrNotExist)
	case n.now != nil:
		return nil, failed(op, name, disk.ErrIrregular)
	}
	return n, nil
}

// View implements disk.FS.
func (d *Disk) View(name string) (disk.File, error) { return d.Edit(name) }

// Rename implements disk.FS.
func (d *Disk) Rename(from, to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step(); err != nil {
		return err
	}
	n, old, dir := d.find(from), d.find(to), d.find(path.Dir(to))
	switch {
	case n == nil || dir == nil:
		return failed(OpRename, from, fs.ErrNotExist)
	case old != nil && (old.now != nil || n.now != nil):
		return failed(OpRename, to, fs.ErrExist)
	}
	d.change(change{
		node: n, dir: dir, name: path.Base(to),
		from: d.find(path.Dir(from)), old: path.Base(from),
	})
	return nil
}

// Remove implements disk.FS.
func (d *Disk) Remove(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step(); err != nil {
		return err
	}
	n := d.find(name)
	if n == nil {
		return nil
	}
	if len(n.now) > 0 {
		return failed(OpRemove, name, fs.ErrExist)
	}
	d.change(change{node: n, from: d.find(path.Dir(name)), old: path.Base(name)})
	return nil
}

// List implements disk.FS.
func (d *Disk) List(name string) ([]disk.Entry, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.find(name)
	switch {
	case d.dead:
		return nil, ErrCrashed
	case n == nil || n.now == nil:
		return nil, failed(OpList, name, fs.ErrNotExist)
	}
	var entries []disk.Entry
	for _, name := range slices.Sorted(maps.Keys(n.now)) {
		entries = append(entries, disk.Entry{Name: name, Dir: n.now[name].now != nil})
	}
	return entries, nil
}

// Size implements disk.FS.
func (d *Disk) Size(name string) (int64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n, err := d.regular(OpSize, name)
	if err != nil {
		return 0, err
	}
	return int64(len(n.data)), nil
}

// SyncDir implements disk.FS.
func (d *Disk) SyncDir(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step(); err != nil {
		return err
	}
	dir := d.find(name)
	if dir == nil || dir.now == nil {
		return failed(OpSyncDir, name, fs.ErrNotExist)
	}
	for _, c := range d.unsynced[dir] {
		c.synced = true
	}
	delete(d.unsynced, dir)
	done := 0
	for done < len(d.journal) && d.journal[done].synced {
		d.journal[done].settle(func(n *node) map[string]*node { return n.durable })
		done++
	}
	d.journal = slices.Delete(d.journal, 0, done)
	return nil
}

// settle does the change in what is durable.
func (c *change) settle(names func(*node) map[string]*node) {
	if c.from != nil && names(c.from)[c.old] == c.node {
		delete(names(c.from), c.old)
	}
	if c.dir != nil {
		names(c.dir)[c.name] = c.node
	}
}

// Free implements disk.FS.
func (d *Disk) Free() (int64, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return max(d.capacity-d.used, 0), d.capacity > 0
}

// Lock implements disk.FS. The locks of a life do not outlive it.
func (d *Disk) Lock(name string) (io.Closer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.dead:
		return nil, ErrCrashed
	case d.locks[name]:
		return nil, failed(OpLock, name, disk.ErrLocked)
	case d.find(name) == nil:
		if err := d.enter(OpLock, name, new(node)); err != nil {
			return nil, err
		}
	}
	d.locks[name] = true
	return unlock(sync.OnceFunc(func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.locks, name)
	})), nil
}

type unlock func()

func (u unlock) Close() error {
	u()
	return nil
}

// Close implements disk.FS. It does nothing: the disk is there for the next life.
func (d *Disk) Close() error { return nil }
