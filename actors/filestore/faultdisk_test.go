package filestore

import "sync"

// faultDisk is a disk that does to each operation what the test says: fail it,
// or let it wait.
type faultDisk struct {
	disk
	dry bool // no real sync: the test is not about the disk below

	mu   sync.Mutex
	hook func(op, path string) error // owned by mu; nil: all is well
}

// set puts a fault in place, or takes it away.
func (d *faultDisk) set(hook func(op, path string) error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.hook = hook
}

func (d *faultDisk) ask(op, path string) error {
	d.mu.Lock()
	hook := d.hook
	d.mu.Unlock()
	if hook == nil {
		return nil
	}
	return hook(op, path)
}

// changes says whether an operation writes: those are what a full or read-only
// disk can refuse.
func changes(op string) bool {
	switch op {
	case "mkdir", "create", "edit", "rename", "remove", "syncdir", "write", "truncate", "sync":
		return true
	}
	return false
}

func (d *faultDisk) mkdir(name string) error {
	if err := d.ask("mkdir", name); err != nil {
		return err
	}
	return d.disk.mkdir(name)
}

func (d *faultDisk) open(op, name string, open func(string) (handle, error)) (handle, error) {
	if err := d.ask(op, name); err != nil {
		return nil, err
	}
	h, err := open(name)
	if err != nil {
		return nil, err
	}
	return &faultHandle{h, d, name}, nil
}

func (d *faultDisk) create(name string) (handle, error) { return d.open("create", name, d.disk.create) }

func (d *faultDisk) edit(name string) (handle, error) { return d.open("edit", name, d.disk.edit) }

func (d *faultDisk) view(name string) (handle, error) { return d.open("view", name, d.disk.view) }

func (d *faultDisk) rename(from, to string) error {
	if err := d.ask("rename", from); err != nil {
		return err
	}
	return d.disk.rename(from, to)
}

func (d *faultDisk) remove(name string) error {
	if err := d.ask("remove", name); err != nil {
		return err
	}
	return d.disk.remove(name)
}

func (d *faultDisk) list(name string) ([]entry, error) {
	if err := d.ask("list", name); err != nil {
		return nil, err
	}
	return d.disk.list(name)
}

func (d *faultDisk) size(name string) (int64, error) {
	if err := d.ask("size", name); err != nil {
		return 0, err
	}
	return d.disk.size(name)
}

func (d *faultDisk) syncDir(name string) error {
	if err := d.ask("syncdir", name); err != nil {
		return err
	}
	if d.dry {
		return nil
	}
	return d.disk.syncDir(name)
}

type faultHandle struct {
	handle
	disk *faultDisk
	name string
}

func (h *faultHandle) ReadAt(p []byte, off int64) (int, error) {
	if err := h.disk.ask("read", h.name); err != nil {
		return 0, err
	}
	return h.handle.ReadAt(p, off)
}

// WriteAt gets half-way before it fails, as a disk does that fills up.
func (h *faultHandle) WriteAt(p []byte, off int64) (int, error) {
	if err := h.disk.ask("write", h.name); err != nil {
		n, _ := h.handle.WriteAt(p[:len(p)/2], off)
		return n, err
	}
	return h.handle.WriteAt(p, off)
}

func (h *faultHandle) Truncate(size int64) error {
	if err := h.disk.ask("truncate", h.name); err != nil {
		return err
	}
	return h.handle.Truncate(size)
}

func (h *faultHandle) Sync() error {
	if err := h.disk.ask("sync", h.name); err != nil {
		return err
	}
	if h.disk.dry {
		return nil
	}
	return h.handle.Sync()
}
