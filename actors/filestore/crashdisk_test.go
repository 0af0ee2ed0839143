package filestore

import (
	"errors"
	"io/fs"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
)

// crashDisk is a disk that remembers what was synced and what was not, and that
// crashes at a chosen operation. After the crash, what was not synced is lost,
// kept, or torn. It promises less than a journalling file system does: content,
// length and names become durable each by its own sync, and names of different
// directories in any order. Only a rename is one step.
type crashDisk struct {
	root    *crashNode
	journal []crashName // changes of names, in their order
	ops     int         // operations so far that change or sync something
	crashAt int         // the operation that is not done any more; 0 for none
	dead    bool
	half    *crashNode // the file whose last write the crash has interrupted
}

var errCrashed = errors.New("the machine has crashed")

// crashNode is a directory or a file.
type crashNode struct {
	now     map[string]*crashNode // entries of a directory; nil for a file
	durable map[string]*crashNode // as of the base of the journal

	data    []byte // of a file, as a running process sees it
	synced  []byte
	pending []crashWrite
}

// crashWrite is a write, or with cut a truncation, that was not synced.
type crashWrite struct {
	off  int64
	data []byte
	cut  bool
}

// crashName enters a node under a name (dir, name), removes it from one (from,
// old), or both. It is durable with the directory it is entered into.
type crashName struct {
	node      *crashNode
	dir, from *crashNode
	name, old string
	synced    bool
}

func (c *crashName) home() *crashNode {
	if c.dir != nil {
		return c.dir
	}
	return c.from
}

func newCrashDir() *crashNode {
	return &crashNode{now: make(map[string]*crashNode), durable: make(map[string]*crashNode)}
}

func newCrashDisk() *crashDisk { return &crashDisk{root: newCrashDir()} }

// step counts an operation that is about to be done.
func (d *crashDisk) step() error {
	if d.dead {
		return errCrashed
	}
	d.ops++
	d.dead = d.ops == d.crashAt
	if d.dead {
		return errCrashed
	}
	return nil
}

func (d *crashDisk) find(name string) *crashNode {
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
func (d *crashDisk) change(c crashName) {
	if c.from != nil {
		delete(c.from.now, c.old)
	}
	if c.dir != nil {
		c.dir.now[c.name] = c.node
	}
	d.journal = append(d.journal, c)
}

func (d *crashDisk) enter(name string, n *crashNode) error {
	if err := d.step(); err != nil {
		return err
	}
	dir := d.find(path.Dir(name))
	switch {
	case dir == nil:
		return fs.ErrNotExist
	case dir.now[path.Base(name)] != nil:
		return fs.ErrExist
	}
	d.change(crashName{node: n, dir: dir, name: path.Base(name)})
	return nil
}

func (d *crashDisk) mkdir(name string) error { return d.enter(name, newCrashDir()) }

func (d *crashDisk) create(name string) (handle, error) {
	n := new(crashNode)
	return &crashHandle{d, n}, d.enter(name, n)
}

func (d *crashDisk) edit(name string) (handle, error) {
	n := d.find(name)
	switch {
	case d.dead:
		return nil, errCrashed
	case n == nil:
		return nil, fs.ErrNotExist
	case n.now != nil:
		return nil, errIrregular
	}
	return &crashHandle{d, n}, nil
}

func (d *crashDisk) view(name string) (handle, error) { return d.edit(name) }

func (d *crashDisk) rename(from, to string) error {
	if err := d.step(); err != nil {
		return err
	}
	n, old := d.find(from), d.find(to)
	switch {
	case n == nil:
		return fs.ErrNotExist
	case old != nil && (old.now != nil || n.now != nil):
		return fs.ErrExist
	}
	d.change(crashName{
		node: n, dir: d.find(path.Dir(to)), name: path.Base(to),
		from: d.find(path.Dir(from)), old: path.Base(from),
	})
	return nil
}

func (d *crashDisk) remove(name string) error {
	if err := d.step(); err != nil {
		return err
	}
	n := d.find(name)
	if n == nil {
		return nil
	}
	if len(n.now) > 0 {
		return fs.ErrExist
	}
	d.change(crashName{node: n, from: d.find(path.Dir(name)), old: path.Base(name)})
	return nil
}

func (d *crashDisk) list(name string) ([]entry, error) {
	n := d.find(name)
	switch {
	case d.dead:
		return nil, errCrashed
	case n == nil || n.now == nil:
		return nil, fs.ErrNotExist
	}
	var entries []entry
	for _, name := range slices.Sorted(maps.Keys(n.now)) {
		entries = append(entries, entry{name: name, dir: n.now[name].now != nil})
	}
	return entries, nil
}

func (d *crashDisk) size(name string) (int64, error) {
	h, err := d.edit(name)
	if err != nil {
		return 0, err
	}
	return int64(len(h.(*crashHandle).node.data)), nil
}

func (d *crashDisk) syncDir(name string) error {
	if err := d.step(); err != nil {
		return err
	}
	dir := d.find(name)
	for i := range d.journal {
		if d.journal[i].home() == dir {
			d.journal[i].synced = true
		}
	}
	return nil
}

func (d *crashDisk) free() (int64, bool) { return 0, false }

func (d *crashDisk) close() error { return nil }

type crashHandle struct {
	disk *crashDisk
	node *crashNode
}

func (h *crashHandle) ReadAt(p []byte, off int64) (int, error) {
	if h.disk.dead {
		return 0, errCrashed
	}
	return (&memoryHandle{node: &memoryNode{data: h.node.data}}).ReadAt(p, off)
}

func (h *crashHandle) WriteAt(p []byte, off int64) (int, error) {
	w := crashWrite{off: off, data: slices.Clone(p)}
	// A write that the crash interrupts has got somewhere, perhaps.
	alive := !h.disk.dead
	err := h.disk.step()
	if err != nil && !alive {
		return 0, err
	}
	h.node.pending = append(h.node.pending, w)
	if err != nil {
		h.disk.half = h.node
		return 0, err
	}
	h.node.data = w.apply(h.node.data)
	return len(p), nil
}

func (h *crashHandle) Truncate(size int64) error {
	if err := h.disk.step(); err != nil {
		return err
	}
	w := crashWrite{off: size, cut: true}
	h.node.pending = append(h.node.pending, w)
	h.node.data = w.apply(h.node.data)
	return nil
}

func (w crashWrite) apply(b []byte) []byte {
	b = grow(slices.Clone(b), w.off+int64(len(w.data)))
	copy(b[w.off:], w.data)
	if w.cut {
		return b[:w.off]
	}
	return b
}

func (h *crashHandle) Sync() error {
	if err := h.disk.step(); err != nil {
		return err
	}
	for _, w := range h.node.pending {
		h.node.synced = w.apply(h.node.synced)
	}
	h.node.pending = nil
	return nil
}

// lose is a sync that fails as on Linux: the data stays in view of the processes,
// counts as written, and is on no disk.
func (d *crashDisk) lose(name string) { d.find(name).pending = nil }

func (h *crashHandle) hint(int64, int64) {}

func (h *crashHandle) Close() error { return nil }

// outcome is what becomes of what was not synced.
type outcome string

const (
	lost   outcome = "lost"
	kept   outcome = "kept"
	torn   outcome = "torn"
	killed outcome = "killed" // the process alone: all is there, and still not synced
)

// after gives the disk as the next life finds it.
func (d *crashDisk) after(o outcome, r *rand.Rand) *crashDisk {
	if o == killed {
		if d.half != nil { // a killed process has not written it
			d.half.pending = d.half.pending[:len(d.half.pending)-1]
		}
		return &crashDisk{root: d.root, journal: d.journal}
	}
	// In each directory, the changes of names that survive are a prefix.
	cut := make(map[*crashNode]int)
	for i := range d.journal {
		cut[d.journal[i].home()]++
	}
	for _, c := range d.journal { // in the order of the journal, for the same draws each time
		if n := cut[c.home()]; n > 0 {
			cut[c.home()] = -r.IntN(n + 1)
		}
	}
	names := make(map[*crashNode]map[string]*crashNode)
	entriesOf := func(n *crashNode) map[string]*crashNode {
		if names[n] == nil {
			names[n] = maps.Clone(n.durable)
		}
		return names[n]
	}
	for _, c := range d.journal {
		survives := o == kept || c.synced
		if o == torn && cut[c.home()] < 0 {
			cut[c.home()]++
			survives = true
		}
		if !survives {
			continue
		}
		if c.from != nil && entriesOf(c.from)[c.old] == c.node {
			delete(entriesOf(c.from), c.old)
		}
		if c.dir != nil {
			entriesOf(c.dir)[c.name] = c.node
		}
	}
	var build func(*crashNode) *crashNode
	build = func(n *crashNode) *crashNode {
		if n.now == nil {
			b := n.content(o, r)
			return &crashNode{data: b, synced: b}
		}
		dir := newCrashDir()
		entries := entriesOf(n)
		for _, name := range slices.Sorted(maps.Keys(entries)) {
			dir.now[name] = build(entries[name])
		}
		dir.durable = maps.Clone(dir.now)
		return dir
	}
	return &crashDisk{root: build(d.root)}
}

// content gives what a file holds after the crash. Torn: of each write that was
// not synced any sectors, some of them spoilt, and zeros where the length has
// grown without them.
func (n *crashNode) content(o outcome, r *rand.Rand) []byte {
	b := slices.Clone(n.synced)
	for _, w := range n.pending {
		switch {
		case o == kept:
			b = w.apply(b)
		case o == lost:
		case w.cut && r.IntN(2) == 0:
			b = w.apply(b)
		case !w.cut:
			b = w.tear(b, r)
		}
	}
	return b
}

func (w crashWrite) tear(b []byte, r *rand.Rand) []byte {
	const sector = 512
	for at := int64(0); at < int64(len(w.data)); {
		end := min(((w.off+at)/sector+1)*sector-w.off, int64(len(w.data)))
		switch r.IntN(5) {
		case 0, 1:
			b = crashWrite{off: w.off + at, data: w.data[at:end]}.apply(b)
		case 2:
			b = grow(slices.Clone(b), w.off+end)
		case 3:
			b = crashWrite{off: w.off + at, data: w.data[at : at+r.Int64N(end-at)]}.apply(b)
		}
		at = end
	}
	return b
}
