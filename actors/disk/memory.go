package disk

import (
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
)

// memoryFS is a disk in memory.
type memoryFS struct {
	mu    sync.Mutex // guards the tree; a node's content has its own
	root  *memoryNode
	locks map[string]bool // owned by mu; one for each lock that is held
}

// memoryNode is a directory, or a file where children is nil.
type memoryNode struct {
	children map[string]*memoryNode // owned by memoryFS.mu

	mu   sync.RWMutex
	data []byte // owned by mu
}

// NewMemory makes an empty disk in memory. Syncing does nothing, since nothing
// outlives the process. It is never full and never fails, and what is removed
// while it is open stays readable.
func NewMemory() FS {
	return &memoryFS{root: newMemoryDir(), locks: make(map[string]bool)}
}

func newMemoryDir() *memoryNode { return &memoryNode{children: make(map[string]*memoryNode)} }

// find gives a node, or nil. The lock must be held.
func (d *memoryFS) find(name string) *memoryNode {
	n := d.root
	if name == "." {
		return n
	}
	for part := range strings.SplitSeq(name, "/") {
		if n == nil {
			return nil
		}
		n = n.children[part] // nil for a file, which has no children
	}
	return n
}

// put enters a node under a name that is free. The lock must be held.
func (d *memoryFS) put(op, name string, n *memoryNode) error {
	parent := d.find(path.Dir(name))
	switch {
	case parent == nil || parent.children == nil:
		return &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	case parent.children[path.Base(name)] != nil:
		return &fs.PathError{Op: op, Path: name, Err: fs.ErrExist}
	}
	parent.children[path.Base(name)] = n
	return nil
}

func (d *memoryFS) Mkdir(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.put("mkdir", name, newMemoryDir())
}

func (d *memoryFS) Create(name string) (File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := new(memoryNode)
	if err := d.put("create", name, n); err != nil {
		return nil, err
	}
	return &memoryFile{node: n}, nil
}

func (d *memoryFS) Edit(name string) (File, error) {
	n, err := d.regular("open", name)
	if err != nil {
		return nil, err
	}
	return &memoryFile{node: n}, nil
}

func (d *memoryFS) View(name string) (File, error) { return d.Edit(name) }

func (d *memoryFS) regular(op, name string) (*memoryNode, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.find(name)
	switch {
	case n == nil:
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	case n.children != nil:
		return nil, &fs.PathError{Op: op, Path: name, Err: ErrIrregular}
	}
	return n, nil
}

func (d *memoryFS) Rename(from, to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.find(from)
	if n == nil {
		return &fs.PathError{Op: "rename", Path: from, Err: fs.ErrNotExist}
	}
	if old := d.find(to); old != nil && old.children == nil && n.children == nil {
		delete(d.find(path.Dir(to)).children, path.Base(to))
	}
	if err := d.put("rename", to, n); err != nil {
		return err
	}
	delete(d.find(path.Dir(from)).children, path.Base(from))
	return nil
}

func (d *memoryFS) Remove(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.find(name)
	if n == nil {
		return nil
	}
	if len(n.children) > 0 {
		return &fs.PathError{Op: "remove", Path: name, Err: fs.ErrExist}
	}
	delete(d.find(path.Dir(name)).children, path.Base(name))
	return nil
}

func (d *memoryFS) List(name string) ([]Entry, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.find(name)
	if n == nil || n.children == nil {
		return nil, &fs.PathError{Op: "list", Path: name, Err: fs.ErrNotExist}
	}
	entries := make([]Entry, 0, len(n.children))
	for name, child := range n.children {
		entries = append(entries, Entry{Name: name, Dir: child.children != nil})
	}
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	return entries, nil
}

func (d *memoryFS) Size(name string) (int64, error) {
	n, err := d.regular("size", name)
	if err != nil {
		return 0, err
	}
	n.mu.RLock()
	defer n.mu.RUnlock()
	return int64(len(n.data)), nil
}

func (d *memoryFS) SyncDir(string) error { return nil }

func (d *memoryFS) Free() (int64, bool) { return 0, false }

func (d *memoryFS) Lock(name string) (io.Closer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.locks[name] {
		return nil, &fs.PathError{Op: "lock", Path: name, Err: ErrLocked}
	}
	if err := d.put("lock", name, new(memoryNode)); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	d.locks[name] = true
	return unlock(sync.OnceFunc(func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.locks, name)
	})), nil
}

// unlock is a lock in memory.
type unlock func()

func (u unlock) Close() error {
	u()
	return nil
}

func (d *memoryFS) Close() error { return nil }

// memoryFile is an open memoryNode.
type memoryFile struct{ node *memoryNode }

func (h *memoryFile) ReadAt(p []byte, off int64) (int, error) {
	h.node.mu.RLock()
	defer h.node.mu.RUnlock()
	if off >= int64(len(h.node.data)) {
		return 0, io.EOF
	}
	n := copy(p, h.node.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (h *memoryFile) WriteAt(p []byte, off int64) (int, error) {
	h.node.mu.Lock()
	defer h.node.mu.Unlock()
	h.node.data = grow(h.node.data, off+int64(len(p)))
	return copy(h.node.data[off:], p), nil
}

func (h *memoryFile) Truncate(size int64) error {
	h.node.mu.Lock()
	defer h.node.mu.Unlock()
	h.node.data = grow(h.node.data, size)[:size]
	return nil
}

// grow makes b at least n bytes long, with zeros.
func grow(b []byte, n int64) []byte {
	if more := n - int64(len(b)); more > 0 {
		b = append(b, make([]byte, more)...)
	}
	return b
}

func (h *memoryFile) Sync() error { return nil }

func (h *memoryFile) Hint(int64, int64) {}

func (h *memoryFile) Close() error { return nil }
