package filestore

import (
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
)

// memoryDisk is a disk in memory. Syncing does nothing, since nothing outlives
// the process. What is removed while it is open stays readable.
type memoryDisk struct {
	mu   sync.Mutex // guards the tree; a node's content has its own
	root *memoryNode
}

// memoryNode is a directory, or a file where children is nil.
type memoryNode struct {
	children map[string]*memoryNode // owned by memoryDisk.mu

	mu   sync.RWMutex
	data []byte // owned by mu
}

func newMemoryDisk() *memoryDisk { return &memoryDisk{root: newMemoryDir()} }

func newMemoryDir() *memoryNode { return &memoryNode{children: make(map[string]*memoryNode)} }

// find gives a node, or nil. The lock must be held.
func (d *memoryDisk) find(name string) *memoryNode {
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
func (d *memoryDisk) put(op, name string, n *memoryNode) error {
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

func (d *memoryDisk) mkdir(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.put("mkdir", name, newMemoryDir())
}

func (d *memoryDisk) create(name string) (handle, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := new(memoryNode)
	if err := d.put("create", name, n); err != nil {
		return nil, err
	}
	return &memoryHandle{node: n}, nil
}

func (d *memoryDisk) edit(name string) (handle, error) {
	n, err := d.regular("open", name)
	if err != nil {
		return nil, err
	}
	return &memoryHandle{node: n}, nil
}

func (d *memoryDisk) view(name string) (handle, error) { return d.edit(name) }

func (d *memoryDisk) regular(op, name string) (*memoryNode, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.find(name)
	switch {
	case n == nil:
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	case n.children != nil:
		return nil, &fs.PathError{Op: op, Path: name, Err: errIrregular}
	}
	return n, nil
}

func (d *memoryDisk) rename(from, to string) error {
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

func (d *memoryDisk) remove(name string) error {
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

func (d *memoryDisk) list(name string) ([]entry, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.find(name)
	if n == nil || n.children == nil {
		return nil, &fs.PathError{Op: "list", Path: name, Err: fs.ErrNotExist}
	}
	entries := make([]entry, 0, len(n.children))
	for name, child := range n.children {
		entries = append(entries, entry{name: name, dir: child.children != nil})
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	return entries, nil
}

func (d *memoryDisk) size(name string) (int64, error) {
	n, err := d.regular("size", name)
	if err != nil {
		return 0, err
	}
	n.mu.RLock()
	defer n.mu.RUnlock()
	return int64(len(n.data)), nil
}

func (d *memoryDisk) syncDir(string) error { return nil }

func (d *memoryDisk) free() (int64, bool) { return 0, false }

func (d *memoryDisk) close() error { return nil }

// memoryHandle is an open memoryNode.
type memoryHandle struct{ node *memoryNode }

func (h *memoryHandle) ReadAt(p []byte, off int64) (int, error) {
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

func (h *memoryHandle) WriteAt(p []byte, off int64) (int, error) {
	h.node.mu.Lock()
	defer h.node.mu.Unlock()
	h.node.data = grow(h.node.data, off+int64(len(p)))
	return copy(h.node.data[off:], p), nil
}

func (h *memoryHandle) Truncate(size int64) error {
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

func (h *memoryHandle) Sync() error { return nil }

func (h *memoryHandle) hint(int64, int64) {}

func (h *memoryHandle) Close() error { return nil }
