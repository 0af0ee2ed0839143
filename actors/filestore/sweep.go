package filestore

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"

	"example.com/rollcall/actors/disk"
)

// openStore builds a store over a disk that nobody else uses.
func openStore(d disk.FS, o Options, held ...io.Closer) (*store, Swept, error) {
	s := &store{
		opts: o.withDefaults(), disk: d, held: held,
		files: newIndex(), partials: make(map[ID]*unfinished),
		ledger: newLedger(), garbage: make(map[string]int64),
	}
	var swept Swept
	for _, step := range []func(*Swept) error{
		s.prepare, s.settle, s.sweepFiles, s.sweepPartials, s.sweepTrash, s.sweepNotices,
	} {
		if err := step(&swept); err != nil {
			return nil, Swept{}, err
		}
	}
	return s, swept, nil
}

// prepare makes what a new directory lacks. VERSION comes first: from then on
// the directory is ours.
func (s *store) prepare(*Swept) error {
	if err := checkOwn(s.disk); err != nil {
		return err
	}
	found, err := s.disk.List(".")
	if err != nil {
		return diskError("read the data directory", err)
	}
	there := make(map[string]bool)
	for _, e := range found {
		there[e.Name] = true
	}
	if !there[nameVersion] {
		if err := s.replace(".", nameVersion, []byte(versionContent)); err != nil {
			return diskError("write "+nameVersion, err)
		}
	}
	for _, dir := range []string{dirPartial, dirFiles, dirTrash, dirNotices} {
		if there[dir] {
			continue
		}
		if err := s.disk.Mkdir(dir); err != nil {
			return diskError("make "+dir, err)
		}
	}
	epoch := uint64(1)
	if there[nameEpoch] {
		b, err := disk.ReadFile(s.disk, nameEpoch, 32)
		if err != nil {
			return diskError("read "+nameEpoch, err)
		}
		last, err := strconv.ParseUint(strings.TrimSuffix(string(b), "\n"), 10, 31)
		if err != nil {
			return diskError("read "+nameEpoch, err)
		}
		epoch = last + 1
	}
	if err := s.replace(".", nameEpoch, []byte(strconv.FormatUint(epoch, 10)+"\n")); err != nil {
		return diskError("write "+nameEpoch, err)
	}
	s.notices = newNoticeBook(s, epoch)
	return nil
}

// verdict is what a look at the directory of a file or a partial says.
type verdict int

const (
	sound verdict = iota
	broken
	unreadable // the disk gives an error: it is left alone, since it may get better
)

// inspect reads a directory of partial/ or files/.
func (s *store) inspect(path string, e disk.Entry) (f metaFile, size int64, v verdict) {
	id, err := ParseID(e.Name)
	if err != nil || !e.Dir {
		return f, 0, broken
	}
	b, err := disk.ReadFile(s.disk, path+"/"+nameMeta, maxMeta)
	if err == nil {
		size, err = s.disk.Size(path + "/" + nameData)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, disk.ErrTooLong), errors.Is(err, disk.ErrIrregular):
		return f, 0, broken
	case err != nil:
		return f, 0, unreadable
	}
	f, ok := decodeMeta(b)
	if !ok || f.meta.ID != id {
		return f, 0, broken
	}
	return f, size, sound
}

// sweepFiles reads what is visible. What is not as Commit left it is not shown,
// and not removed either: no crash explains it, so somebody should look at it.
func (s *store) sweepFiles(swept *Swept) error {
	found, err := s.disk.List(dirFiles)
	if err != nil {
		return diskError("read "+dirFiles, err)
	}
	for _, e := range found {
		f, size, v := s.inspect(dirFiles+"/"+e.Name, e)
		switch {
		case v == unreadable:
			swept.Failed++
		case v == broken, !f.complete, size != f.meta.Size:
			if s.quarantine(e) == nil {
				swept.Quarantined++
			} else {
				swept.Failed++
			}
		default:
			m := f.visible()
			s.files.add(&m)
			s.ledger.addFile(m.Owner, m.Size, 1)
			swept.Files++
		}
	}
	return nil
}

// quarantine moves an entry of files/ out of the way.
func (s *store) quarantine(e disk.Entry) error {
	if err := s.disk.Mkdir(dirQuarantine); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	there, err := s.disk.List(dirQuarantine)
	if err != nil {
		return err
	}
	name, taken := e.Name, true
	for n := 1; taken; n++ {
		taken = false
		for _, t := range there {
			taken = taken || t.Name == name
		}
		if taken {
			name = fmt.Sprintf("%s.%d", e.Name, n)
		}
	}
	return s.disk.Rename(dirFiles+"/"+e.Name, dirQuarantine+"/"+name)
}

// sweepPartials keeps what can be resumed and removes the rest (P8).
func (s *store) sweepPartials(swept *Swept) error {
	found, err := s.disk.List(dirPartial)
	if err != nil {
		return diskError("read "+dirPartial, err)
	}
	for _, e := range found {
		f, size, v := s.inspect(dirPartial+"/"+e.Name, e)
		_, notOurs := ParseID(e.Name)
		switch {
		case v == unreadable:
			swept.Failed++
		case notOurs != nil || !e.Dir:
			s.sweepOut(dirPartial, e, &swept.Stray, swept)
		case v == broken, size < f.durable.Offset, s.files.byID[f.meta.ID] != nil:
			s.sweepOut(dirPartial, e, &swept.Broken, swept)
		default:
			since := f.meta.Created
			if f.durable.At != 0 {
				since = f.durable.At
			}
			s.adopt(&unfinished{meta: f.meta, durable: f.durable.Offset, since: since})
			swept.Partials++
		}
	}
	return nil
}

func (s *store) sweepTrash(swept *Swept) error {
	found, err := s.disk.List(dirTrash)
	if err != nil {
		return diskError("read "+dirTrash, err)
	}
	for _, e := range found {
		s.sweepOut(dirTrash, e, &swept.Trash, swept)
	}
	return nil
}

// sweepOut removes an entry and counts it.
func (s *store) sweepOut(dir string, e disk.Entry, count *int, swept *Swept) {
	path := dir + "/" + e.Name
	size, err := s.disk.Size(path + "/" + nameData)
	if err != nil {
		size = 0
	}
	if disk.RemoveTree(s.disk, dir, e) == nil {
		*count++
		return
	}
	swept.Failed++
	if e.Dir {
		s.discardLater(path, size)
	}
}

// settle makes durable what a killed process had renamed and not synced, before
// anything is done about it: what is visible now must stay so, and a file that is
// in the trash must not come back without the content that the sweep removes.
func (s *store) settle(*Swept) error {
	if err := s.syncDirs(dirFiles, dirPartial, dirTrash, dirNotices, "."); err != nil {
		return diskError("sync the directories", err)
	}
	return nil
}
