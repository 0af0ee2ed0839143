package filestore

import (
	"encoding"
	"hash"
	"sync"
	"sync/atomic"

	"example.com/rollcall/actors/disk"
)

// writeAhead is how many bytes are written before the disk is told to begin
// with them. See the benchmarks for what it gains.
const writeAhead = 8 << 20

// partial implements Partial.
type partial struct {
	// Static after construction.
	store *store
	entry *unfinished

	// Atomic.
	offset atomic.Int64

	// Owned by mu, which is held while the disk is waited for.
	mu         sync.Mutex
	data, file disk.File // file is the meta file
	hash       hash.Hash
	durable    int64
	settled    bool  // the partial's names are durable, and durable is meant
	hinted     int64 // up to here the disk has been told to begin
	slot       int   // the next checkpoint's
	err        error // why it is closed
}

// enter begins a method: nil, or the reason why there is nothing more to do.
func (p *partial) enter() error {
	if !p.store.enter() {
		return ErrClosed
	}
	p.mu.Lock()
	if p.err != nil {
		err := p.err
		p.leave()
		return err
	}
	return nil
}

func (p *partial) leave() {
	p.mu.Unlock()
	p.store.leave()
}

// Meta implements Partial.
func (p *partial) Meta() Meta { return p.entry.meta.clone() }

// Offset implements Partial.
func (p *partial) Offset() int64 { return p.offset.Load() }

// Write implements Partial.
func (p *partial) Write(b []byte) (int, error) {
	return p.WriteBatch([][]byte{b})
}

// Sync implements Partial.
func (p *partial) Sync() (int64, error) {
	if err := p.enter(); err != nil {
		return 0, err
	}
	defer p.leave()
	if err := p.sync(); err != nil {
		return 0, p.fail(err)
	}
	return p.durable, nil
}

// sync makes durable what was written, and then says so in a checkpoint: in this
// order, so that a checkpoint never promises more than there is.
func (p *partial) sync() error {
	at := p.offset.Load()
	if p.settled && p.durable == at {
		return nil
	}
	s := p.store
	if err := s.sync(p.data); err != nil {
		return diskError("sync the data", err)
	}
	c := checkpoint{Offset: at, At: s.now()}
	p.hash.Sum(c.Digest[:0])
	where := slotOffset(&p.entry.meta, p.slot)
	if err := disk.WriteAll(p.file, appendRecord(nil, kindCheckpoint, c), where); err != nil {
		return diskError("write a checkpoint", err)
	}
	if err := s.sync(p.file); err != nil {
		return diskError("sync a checkpoint", err)
	}
	if !p.settled {
		if err := s.syncDirs(partialPath(p.entry.meta.ID), dirPartial); err != nil {
			return diskError("sync the directory", err)
		}
	}
	p.settled, p.durable, p.slot = true, at, 1-p.slot
	s.mu.Lock()
	p.entry.durable, p.entry.since = at, c.At
	s.mu.Unlock()
	return nil
}

// Suspend implements Partial.
func (p *partial) Suspend() error {
	if err := p.enter(); err != nil {
		return err
	}
	defer p.leave()
	return p.suspendLocked()
}

// suspend is Suspend inside the store's Close; it does nothing when the partial
// has ended.
func (p *partial) suspend() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return nil
	}
	return p.suspendLocked()
}

func (p *partial) suspendLocked() error {
	if err := p.sync(); err != nil {
		return p.fail(err)
	}
	if err := p.end(ErrClosed); err != nil {
		p.store.abandon(p.entry)
		p.err = diskError("close", err)
		return p.err
	}
	// The state of the hash saves the next Resume from reading everything again.
	state, err := p.hash.(encoding.BinaryMarshaler).MarshalBinary()
	if err != nil {
		state = nil
	}
	p.store.mu.Lock()
	p.entry.state = state
	p.store.mu.Unlock()
	p.store.shut(p.entry)
	return nil
}

// Discard implements Partial.
func (p *partial) Discard() error {
	if err := p.enter(); err != nil {
		return nil // it has ended in some other way
	}
	defer p.leave()
	_ = p.end(ErrClosed) // what was not written is not wanted either
	p.store.abandon(p.entry)
	return nil
}

// fail ends the partial because of err, which it gives back, and removes it.
func (p *partial) fail(err error) error {
	_ = p.end(err)
	p.store.abandon(p.entry)
	return err
}

// end closes the handles; from here on every method answers with reason.
func (p *partial) end(reason error) error {
	p.err = reason
	err := p.data.Close()
	if e := p.file.Close(); err == nil {
		err = e
	}
	return err
}
