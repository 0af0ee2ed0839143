package faultdisk

import (
	"io"
	"slices"
	"syscall"
)

// file is an open file of a Disk.
type file struct {
	disk *Disk
	node *node
	name string
}

func (h *file) ReadAt(p []byte, off int64) (int, error) {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	if h.disk.dead {
		return 0, ErrCrashed
	}
	if off >= int64(len(h.node.data)) {
		return 0, io.EOF
	}
	n := copy(p, h.node.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (h *file) WriteAt(p []byte, off int64) (int, error) {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	var full error
	if d := h.disk; d.capacity > 0 {
		room := max(d.capacity-d.used, 0) + int64(len(h.node.data)) - off
		if room < int64(len(p)) {
			p, full = p[:max(room, 0)], failed(OpWrite, h.name, syscall.ENOSPC)
		}
	}
	w := edit{off: off, data: slices.Clone(p)}
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
	h.apply(w)
	return len(p), full
}

func (h *file) Truncate(size int64) error {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	if err := h.disk.step(); err != nil {
		return err
	}
	w := edit{off: size, cut: true}
	h.node.pending = append(h.node.pending, w)
	h.apply(w)
	return nil
}

// apply does an edit in what the processes see.
func (h *file) apply(w edit) {
	before := len(h.node.data)
	h.node.data = w.apply(h.node.data)
	if !h.node.gone {
		h.disk.used += int64(len(h.node.data) - before)
	}
}

// apply does an edit in b, which is given away.
func (w edit) apply(b []byte) []byte {
	b = grow(b, w.off+int64(len(w.data)))
	copy(b[w.off:], w.data)
	if w.cut {
		return b[:w.off]
	}
	return b
}

// grow makes b at least n bytes long, with zeros.
func grow(b []byte, n int64) []byte {
	if more := n - int64(len(b)); more > 0 {
		b = append(b, make([]byte, more)...)
	}
	return b
}

func (h *file) Sync() error {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	if err := h.disk.step(); err != nil {
		return err
	}
	for _, w := range h.node.pending {
		h.node.synced = w.apply(h.node.synced)
	}
	h.node.pending = nil
	return nil
}

func (h *file) Hint(int64, int64) {}

func (h *file) Close() error { return nil }
