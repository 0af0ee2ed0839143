package filestore

import (
	"crypto/sha256"
	"encoding"
	"errors"
	"fmt"
	"hash"

	"example.com/rollcall/actors/disk"
)

// rehashBuffer is what Resume reads at a time.
const rehashBuffer = 256 << 10

// Resume implements Store.
func (s *store) Resume(id ID) (Partial, error) {
	if !s.enter() {
		return nil, ErrClosed
	}
	defer s.leave()
	e, err := s.acquire(id)
	if err != nil {
		return nil, err
	}
	p, err := s.reopen(e)
	switch {
	case errors.Is(err, ErrChecksum):
		s.abandon(e)
		return nil, err
	case err != nil:
		s.shut(e)
		return nil, err
	}
	s.opened(e, p)
	return p, nil
}

// reopen opens a partial and checks that what was durable still is what it was.
func (s *store) reopen(e *unfinished) (_ *partial, err error) {
	dir := partialPath(e.meta.ID)
	b, err := disk.ReadFile(s.disk, dir+"/"+nameMeta, maxMeta)
	if err != nil {
		return nil, diskError("read the metadata", err)
	}
	f, ok := decodeMeta(b)
	if !ok || f.meta.ID != e.meta.ID || f.durable.Offset != e.durable {
		return nil, fmt.Errorf("%w: the metadata of %s is damaged", ErrChecksum, e.meta.ID)
	}
	p := &partial{store: s, entry: e, durable: e.durable, hinted: e.durable, slot: f.next}
	data, err := s.disk.Edit(dir + "/" + nameData)
	if err != nil {
		return nil, diskError("open the data", err)
	}
	defer func() {
		if err != nil {
			data.Close()
		}
	}()
	p.data = data
	// Beyond the checkpoint a crash leaves what it likes: zeros, old blocks.
	if err := data.Truncate(e.durable); err != nil {
		return nil, diskError("cut the data", err)
	}
	if p.hash = restore(e.state); p.hash == nil {
		if p.hash, err = s.rehash(data, e.durable); err != nil {
			return nil, err
		}
	}
	if [sha256.Size]byte(p.hash.Sum(nil)) != f.durable.Digest && e.durable > 0 {
		return nil, fmt.Errorf("%w: the data of %s is not what was written", ErrChecksum, e.meta.ID)
	}
	if p.file, err = s.disk.Edit(dir + "/" + nameMeta); err != nil {
		return nil, diskError("open the metadata", err)
	}
	// Names that we have read after a kill need not be durable, nor need the
	// checkpoint: the next Sync does both again.
	p.settled = e.state != nil
	p.offset.Store(e.durable)
	return p, nil
}

// restore gives the hash as Suspend left it, or nil.
func restore(state []byte) hash.Hash {
	if state == nil {
		return nil
	}
	h := sha256.New()
	if h.(encoding.BinaryUnmarshaler).UnmarshalBinary(state) != nil {
		return nil
	}
	return h
}

// rehash reads and hashes the first n bytes.
func (s *store) rehash(data disk.File, n int64) (hash.Hash, error) {
	sum := sha256.New()
	buffer := make([]byte, min(rehashBuffer, n))
	for at := int64(0); at < n; at += int64(len(buffer)) {
		if s.closing.Load() {
			return nil, ErrClosed
		}
		buffer = buffer[:min(int64(len(buffer)), n-at)]
		if err := disk.ReadFull(data, buffer, at); err != nil {
			return nil, diskError("read the data", err)
		}
		sum.Write(buffer)
	}
	return sum, nil
}
