package record

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"

	"example.com/rollcall/actors/disk"
)

// DefaultCompactBytes is RollOptions.CompactBytes if that is 0.
const DefaultCompactBytes = 1 << 20

// compactFactor: a file is written anew when it is this much larger than the
// state that it tells.
const compactFactor = 4

// RollOptions of a roll on disk. The zero value takes the defaults.
type RollOptions struct {
	// CompactBytes is the size up to which a file is never written anew. Beyond
	// it, it is when it is more than four times as large as what it tells.
	CompactBytes int64
}

// roll is the Roll on disk. Each life begins a file of its own; a change is
// appended to it; and where one cannot be trusted any more, or has grown too
// long, a new one takes its place.
type roll struct {
	// Static after construction.
	disk disk.FS
	opts RollOptions
	had  Left

	// Owned by mu, which is held while the disk is waited for.
	mu     sync.Mutex
	closed bool
	lock   io.Closer // nil: not taken yet, since the disk has failed
	state  *rollState
	file   disk.File // nil: the next change begins a new file
	number uint64    // of the file, or of the last one that was tried
	size   int64     // of the file
	buf    bytes.Buffer
}

// OpenRoll opens the roll in the directory roll of a disk, which stays the
// caller's. It takes a lock of its own there: ErrLocked is the one error. If the
// disk fails, the roll can be used all the same: Left tells in its Damage what is
// not known, and Write gives errors until the disk works again.
func OpenRoll(d disk.FS, o RollOptions) (Roll, error) {
	if o.CompactBytes <= 0 {
		o.CompactBytes = DefaultCompactBytes
	}
	r := &roll{disk: d, opts: o}
	var damage []string
	if err := r.claim(); errors.Is(err, ErrLocked) {
		return nil, err
	} else if err != nil {
		damage = append(damage, err.Error())
	}
	state, lost := loadRoll(d)
	r.state = state
	r.had = state.left(append(damage, lost...))
	return r, nil
}

// claim makes the directory and takes the lock.
func (r *roll) claim() error {
	if r.lock != nil {
		return nil
	}
	lock, err := claim(r.disk, dirRoll)
	if err != nil {
		return fmt.Errorf("the roll cannot be written: %w", err)
	}
	r.lock = lock
	return nil
}

// claim makes a directory and takes the lock in it.
func claim(d disk.FS, dir string) (io.Closer, error) {
	if err := d.Mkdir(dir); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	lock, err := d.Lock(dir + "/" + nameLock)
	if errors.Is(err, disk.ErrLocked) {
		return nil, ErrLocked
	}
	return lock, err
}

// Left implements Roll.
func (r *roll) Left() Left { return r.had }

// Write implements Roll. After an error the batch is not lost: the roll has it in
// memory, and the next Write that succeeds makes it durable too. ErrUser refuses
// a batch, of which nothing is kept.
func (r *roll) Write(b Batch) error {
	if err := checkBatch(&b); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return ErrClosed
	}
	r.state.apply(&b)
	if r.file == nil || r.size > max(r.opts.CompactBytes, compactFactor*r.state.bytes) {
		return r.rewrite()
	}
	r.buf.Reset()
	if err := encodeBatch(&r.buf, &b); err != nil {
		return err
	}
	err := disk.WriteAll(r.file, r.buf.Bytes(), r.size)
	if err == nil {
		err = r.file.Sync()
	}
	if err != nil {
		// What is in the file now nobody knows, and a second sync could lie.
		r.abandon()
		return fmt.Errorf("record: write the roll: %w", err)
	}
	r.size += int64(r.buf.Len())
	r.trim()
	return nil
}

// trim gives back the memory of a storm.
func (r *roll) trim() {
	if r.buf.Cap() > maxFrame {
		r.buf = bytes.Buffer{}
	}
}

// abandon gives a file up.
func (r *roll) abandon() {
	if r.file != nil {
		_ = r.file.Close() // it is not trusted anyway
		r.file = nil
	}
}

// rewrite begins a new file with the whole state. The one before stays until the
// new one is durable. The lock must be held.
func (r *roll) rewrite() error {
	if err := r.rewriteFile(); err != nil {
		return fmt.Errorf("record: write the roll anew: %w", err)
	}
	return nil
}

func (r *roll) rewriteFile() error {
	if err := r.claim(); err != nil {
		return err
	}
	all, err := numbers(r.disk, dirRoll, "")
	if err != nil {
		return err
	}
	number := r.number + 1
	if len(all) > 0 {
		number = max(number, all[len(all)-1]+1)
	}
	r.buf.Reset()
	r.buf.Write(appendHeader(nil, fileRoll))
	if err := encodeBatch(&r.buf, r.state.whole()); err != nil {
		return err
	}
	r.abandon()
	r.number = number
	name := numberName(dirRoll, number, "")
	h, err := createWith(r.disk, name+suffixNew, r.buf.Bytes())
	if err != nil {
		return err
	}
	if err = r.disk.Rename(name+suffixNew, name); err == nil {
		err = r.disk.SyncDir(dirRoll)
	}
	if err == nil {
		err = r.disk.SyncDir(".") // the directory's own name
	}
	if err != nil {
		_ = h.Close()
		return err
	}
	r.file, r.size = h, int64(r.buf.Len())
	r.trim()
	_ = r.sweep() // what stays is older, and goes the next time
	return nil
}

// createWith makes a file with a content that is durable. If that fails, nothing
// is left if the disk lets us.
func createWith(d disk.FS, name string, content []byte) (disk.File, error) {
	if err := d.Remove(name); err != nil {
		return nil, err
	}
	h, err := d.Create(name)
	if err != nil {
		return nil, err
	}
	if err = disk.WriteAll(h, content, 0); err == nil {
		err = h.Sync()
	}
	if err != nil {
		_ = h.Close()
		_ = d.Remove(name) // what stays is removed before the next try
		return nil, err
	}
	return h, nil
}

// sweep removes all files but the current one.
func (r *roll) sweep() error {
	found, err := r.disk.List(dirRoll)
	if err != nil {
		return err
	}
	var first error
	for _, e := range found {
		plain, isPlain := parseNumber(e.Name, "")
		_, isNew := parseNumber(e.Name, suffixNew)
		if e.Dir || !isNew && (!isPlain || plain == r.number) {
			continue
		}
		if err := r.disk.Remove(dirRoll + "/" + e.Name); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// Forget implements Roll: it begins a new file and removes all others. ErrOnline
// if the user is online.
func (r *roll) Forget(user string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return ErrClosed
	}
	if err := r.state.forget(user); err != nil {
		return err
	}
	if err := r.rewrite(); err != nil {
		return err
	}
	err := r.sweep()
	if err == nil {
		err = r.disk.SyncDir(dirRoll)
	}
	if err != nil {
		return fmt.Errorf("record: remove the roll of before: %w", err)
	}
	return nil
}

// Close implements Roll. It writes nothing.
func (r *roll) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	r.closed = true
	var first error
	if r.file != nil {
		first = r.file.Close()
	}
	if r.lock != nil {
		if err := r.lock.Close(); first == nil {
			first = err
		}
	}
	return first
}
