package filestore

import (
	"runtime"

	"example.com/rollcall/actors/disk"
)

// besideBytes is from how many bytes on a batch is hashed beside the write: for
// less, waking another goroutine costs more than it gains.
const besideBytes = 32 << 10

// WriteBatch implements BatchWriter.
func (p *partial) WriteBatch(parts [][]byte) (int, error) {
	if err := p.enter(); err != nil {
		return 0, err
	}
	defer p.leave()
	at, n := p.offset.Load(), int64(0)
	for _, b := range parts {
		n += int64(len(b))
	}
	if n > p.entry.meta.Size-at {
		return 0, ErrBeyondEnd
	}
	if err := p.append(parts, at, n); err != nil {
		return 0, p.fail(diskError("write", err))
	}
	p.offset.Store(at + n)
	p.entry.rest.Add(-n)
	p.store.pending.Add(-n)
	if !p.store.opts.NoSync && at+n-p.hinted >= writeAhead {
		p.data.Hint(p.hinted, at+n-p.hinted)
		p.hinted = at + n
	}
	return int(n), nil
}

// append writes and hashes n bytes, side by side when they are many. Both have
// ended when it returns, whatever came of the write, so that nobody reads the
// parts or the hash any more. When the write has failed, the hash is of no use.
func (p *partial) append(parts [][]byte, at, n int64) error {
	if n < besideBytes || runtime.GOMAXPROCS(0) == 1 {
		err := p.writeParts(parts, at)
		if err == nil {
			p.hashParts(parts)
		}
		return err
	}
	hashed := make(chan struct{})
	go func() {
		defer close(hashed)
		p.hashParts(parts)
	}()
	defer func() { <-hashed }()
	return p.writeParts(parts, at)
}

func (p *partial) writeParts(parts [][]byte, at int64) error {
	for _, b := range parts {
		if err := disk.WriteAll(p.data, b, at); err != nil {
			return err
		}
		at += int64(len(b))
	}
	return nil
}

func (p *partial) hashParts(parts [][]byte) {
	for _, b := range parts {
		p.hash.Write(b)
	}
}
