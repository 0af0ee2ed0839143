package filestore

import (
	"bytes"

	"example.com/rollcall/actors/disk"
)

// Commit implements Partial.
func (p *partial) Commit(now int64) (Meta, error) {
	if err := p.enter(); err != nil {
		return Meta{}, err
	}
	defer p.leave()
	m := p.entry.meta.clone()
	if p.offset.Load() != m.Size {
		return Meta{}, ErrSize
	}
	if !bytes.Equal(p.hash.Sum(nil), m.SHA256[:]) {
		return Meta{}, p.fail(ErrChecksum)
	}
	m.Committed = max(now, 0)
	m.Expires = p.store.opts.expiry(m.Expires, m.Committed)
	if err := p.complete(&m); err != nil {
		return Meta{}, p.fail(err)
	}
	_ = p.end(ErrClosed) // the handles are closed already
	if err := p.store.publish(p.entry, &m); err != nil {
		p.err = err
		return Meta{}, err
	}
	return m.clone(), nil
}

// complete makes the partial durable, with its commitment: after it, the rename
// is all that is missing. A commitment without the rename means nothing.
func (p *partial) complete(m *Meta) error {
	s := p.store
	record := appendRecord(nil, kindCommit, commitment{Committed: m.Committed, Expires: m.Expires})
	if err := disk.WriteAll(p.file, record, slotOffset(&p.entry.meta, slotCommit)); err != nil {
		return diskError("write the commitment", err)
	}
	if err := s.sync(p.data); err != nil {
		return diskError("sync the data", err)
	}
	if err := s.sync(p.file); err != nil {
		return diskError("sync the metadata", err)
	}
	// Closed before the rename, which Windows asks for.
	if err := p.data.Close(); err != nil {
		return diskError("close the data", err)
	}
	if err := p.file.Close(); err != nil {
		return diskError("close the metadata", err)
	}
	if !p.settled {
		if err := s.syncDirs(partialPath(m.ID)); err != nil {
			return diskError("sync the directory", err)
		}
	}
	return nil
}

// publish makes a complete partial visible: one rename carries data and
// metadata. Only when that is durable does anybody see it (G5).
func (s *store) publish(e *unfinished, m *Meta) error {
	if err := s.disk.Rename(partialPath(m.ID), filePath(m.ID)); err != nil {
		s.abandon(e)
		return diskError("rename", err)
	}
	if err := s.syncDirs(dirFiles, dirPartial); err != nil {
		s.retract(e)
		return diskError("sync the rename", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgetLocked(e)
	s.ledger.addFile(m.Owner, m.Size, 1)
	s.files.add(m)
	return nil
}

// retract removes what was renamed and is not known to be durable. If the disk
// refuses that too and the process then crashes, the file can be there
// afterwards: complete and verified, though its sender was told that it failed.
func (s *store) retract(e *unfinished) {
	path := filePath(e.meta.ID)
	if err := s.disk.Rename(path, trashPath(e.meta.ID)); err == nil {
		path = trashPath(e.meta.ID)
	}
	s.mu.Lock()
	s.forgetLocked(e)
	s.discardLater(path, e.meta.Size)
	s.mu.Unlock()
	s.collect()
}
