package filestore

import (
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"

	"example.com/rollcall/actors/disk"
)

// store is the one Store there is: the verbs over a disk.
type store struct {
	// Static after construction.
	opts    Options // with defaults
	disk    disk.FS
	held    []io.Closer // the lock, and the disk if it is ours; closed at the end
	notices *noticeBook

	// life is held for reading by every call that touches the disk, and for
	// writing by Close, which therefore waits for them. closing tells the long
	// ones among them to stop.
	life    sync.RWMutex
	closing atomic.Bool
	closed  bool // owned by life

	// pending is how many bytes the open and suspended partials have yet to
	// write: what Begin must leave free on the disk.
	pending atomic.Int64

	// Owned by mu, which is never held while anybody waits for the disk.
	mu       sync.Mutex
	files    index
	partials map[ID]*unfinished // bounded by Options.MaxFiles
	ledger   ledger
	garbage  map[string]int64 // paths to remove, and the bytes they count; Options.MaxFiles bounds it with the files
}

// unfinished is a partial in the index.
type unfinished struct {
	meta Meta // static

	rest atomic.Int64 // bytes that are not written yet; part of store.pending

	// Owned by store.mu.
	open    bool     // somebody has it; the rest may change on the disk
	writer  *partial // nil while not open, or while it is being opened
	durable int64    // bytes
	since   int64    // Unix ms
	state   []byte   // of the hash at durable, if it was suspended in this life of the process
}

// enter begins a call; false: the store is closed.
func (s *store) enter() bool {
	s.life.RLock()
	if s.closed {
		s.life.RUnlock()
		return false
	}
	return true
}

func (s *store) leave() { s.life.RUnlock() }

func (s *store) now() int64 { return max(s.opts.Now().UnixMilli(), 0) }

// sync makes an open file durable, unless the embedder does without.
func (s *store) sync(h disk.File) error {
	if s.opts.NoSync {
		return nil
	}
	return h.Sync()
}

// syncDirs makes the entries of directories durable.
func (s *store) syncDirs(names ...string) error {
	if s.opts.NoSync {
		return nil
	}
	for _, name := range names {
		if err := s.disk.SyncDir(name); err != nil {
			return err
		}
	}
	return nil
}

// replace writes a small file so that it has its old content or its new one,
// whatever crashes.
func (s *store) replace(dir, name string, content []byte) error {
	path := dir + "/" + name
	if dir == "." {
		path = name
	}
	if err := s.disk.Remove(path + suffixNew); err != nil {
		return err
	}
	h, err := s.disk.Create(path + suffixNew)
	if err != nil {
		return err
	}
	err = disk.WriteAll(h, content, 0)
	if err == nil {
		err = s.sync(h)
	}
	if e := h.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = s.disk.Rename(path+suffixNew, path)
	}
	if err != nil {
		_ = s.disk.Remove(path + suffixNew) // what stays is replaced or swept later
		return err
	}
	return s.syncDirs(dir)
}

// Usage implements Store.
func (s *store) Usage() Usage {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := usageOf(s.ledger.all)
	u.Garbage, u.GarbageBytes = int(s.ledger.garbage.files), s.ledger.garbage.bytes
	return u
}

// UserUsage implements Store.
func (s *store) UserUsage(user string) Usage {
	s.mu.Lock()
	defer s.mu.Unlock()
	return usageOf(s.ledger.of(user))
}

func usageOf(a account) Usage {
	return Usage{Files: int(a.files), Bytes: a.bytes, Partials: int(a.partials), Reserved: a.reserved}
}

// Close implements Store.
func (s *store) Close() error {
	s.closing.Store(true)
	s.life.Lock()
	defer s.life.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	var first error
	for _, p := range s.writers() {
		if err := p.suspend(); err != nil && first == nil {
			first = fmt.Errorf("filestore: close: %w", err)
		}
	}
	for _, c := range s.held {
		if err := c.Close(); err != nil && first == nil {
			first = diskError("close", err)
		}
	}
	return first
}

// writers gives the partials that are open, in the order of their IDs.
func (s *store) writers() []*partial {
	s.mu.Lock()
	defer s.mu.Unlock()
	var open []*partial
	for _, e := range s.partials {
		if e.writer != nil {
			open = append(open, e.writer)
		}
	}
	slices.SortFunc(open, func(a, b *partial) int { return a.entry.meta.ID.Compare(b.entry.meta.ID) })
	return open
}
