package filestore

import (
	"errors"
	"io/fs"
	"sync"

	"example.com/rollcall/actors/disk"
)

// A log of notices begins with the user's record; then come notices, and records
// that drop all up to one. It is appended to, and written anew when it has
// maxLogRecords.
const (
	maxLogRecords = 2 * MaxNotices
	maxLog        = (maxLogRecords + 2) * (recordHead + MaxNotice + 64)
)

type logUser struct {
	User string `cbor:"1,keyasint"`
}

type logNotice struct {
	Seq  Seq    `cbor:"1,keyasint"`
	At   int64  `cbor:"2,keyasint"`
	Body []byte `cbor:"3,keyasint"`
}

type logDropped struct {
	UpTo Seq `cbor:"1,keyasint"`
}

type logState int

const (
	unknown logState = iota // not read yet
	loaded                  // the fields say what is on the disk
	suspect                 // a write or a sync has failed: it must be written anew
)

// noticeLog is one user's log.
type noticeLog struct {
	// Static after construction.
	book *noticeBook
	key  userKey

	// Owned by mu, which is held while the disk is waited for.
	mu      sync.Mutex
	gone    bool // not in the book any more
	state   logState
	user    logUser
	size    int64 // of the file; 0: there is none
	valid   int64 // of its records: what follows was torn
	records int
	oldest  int64 // At of the oldest notice that is kept, never if none
}

// resize notes the length of the file.
func (l *noticeLog) resize(size int64) {
	l.book.bytes.Add(size - l.size)
	l.size = size
}

// add appends a notice, durably.
func (l *noticeLog) add(user string, body []byte) error {
	if err := l.tidy(); err != nil {
		return err
	}
	s := l.book.store
	n := logNotice{Seq: Seq(l.book.last.Add(1)), At: s.now(), Body: body}
	record := appendRecord(nil, kindNotice, n)
	if l.size == 0 {
		record = append(appendRecord(nil, kindUser, logUser{User: user}), record...)
	}
	if int64(len(record)) > s.opts.MaxNoticeBytes-l.book.bytes.Load() {
		return ErrQuotaNotices
	}
	l.user.User = user
	if err := l.append(record, true); err != nil {
		return diskError("add a notice", err)
	}
	l.oldest = min(l.oldest, n.At)
	return nil
}

// read gives the notices that are kept.
func (l *noticeLog) read() ([]Notice, error) {
	b, err := disk.ReadFile(l.book.store.disk, noticePath(l.key), maxLog)
	switch {
	case errors.Is(err, fs.ErrNotExist) && l.state == loaded:
		return nil, nil // made, but not written yet
	case errors.Is(err, disk.ErrTooLong), errors.Is(err, disk.ErrIrregular):
		b = nil // no log of ours
	case err != nil:
		return nil, diskError("read notices", err)
	}
	c := decodeLog(b, l.key)
	if l.state == unknown {
		l.state = loaded
		l.user.User, l.records = c.user, c.records
		l.valid = c.valid
		l.note(c.notices)
		if c.valid == 0 {
			return nil, l.removeFile()
		}
	}
	return c.notices, nil
}

// note keeps the age of the oldest notice.
func (l *noticeLog) note(kept []Notice) {
	l.oldest = never
	if len(kept) > 0 {
		l.oldest = kept[0].At
	}
}

// tidy reads the log if nobody has, and writes it anew if it has grown too long
// or cannot be trusted.
func (l *noticeLog) tidy() error {
	if l.size == 0 {
		return nil
	}
	if l.state == loaded && l.records < maxLogRecords {
		return nil
	}
	kept, err := l.read()
	if err != nil || l.state == loaded && l.records < maxLogRecords {
		return err
	}
	return l.rewrite(kept)
}

// rewrite replaces the log by one that has these notices and nothing else.
func (l *noticeLog) rewrite(kept []Notice) error {
	if len(kept) == 0 {
		return l.removeFile()
	}
	content := appendRecord(nil, kindUser, l.user)
	for _, n := range kept {
		content = appendRecord(content, kindNotice, logNotice(n))
	}
	if err := l.book.store.replace(dirNotices, l.key.String(), content); err != nil {
		l.state = suspect
		return diskError("write notices", err)
	}
	l.resize(int64(len(content)))
	l.state, l.valid, l.records = loaded, l.size, len(kept)
	l.note(kept)
	return nil
}

// append writes a record at the end of what is valid.
func (l *noticeLog) append(record []byte, durable bool) (err error) {
	s := l.book.store
	open, fresh := s.disk.Edit, l.size == 0
	if fresh {
		open = s.disk.Create
	}
	h, err := open(noticePath(l.key))
	if err != nil {
		return err
	}
	defer func() {
		if e := h.Close(); err == nil {
			err = e
		}
		switch {
		case err == nil:
		case fresh && s.disk.Remove(noticePath(l.key)) == nil:
		default:
			// The record may be there or not. Nothing is appended behind it: a
			// later crash could leave a gap that hides what follows.
			l.state = suspect
			l.resize(l.valid + int64(len(record)))
		}
	}()
	if l.valid < l.size {
		if err := h.Truncate(l.valid); err != nil {
			return err
		}
	}
	if err := disk.WriteAll(h, record, l.valid); err != nil {
		return err
	}
	if durable {
		if err := s.sync(h); err != nil {
			return err
		}
		if fresh {
			if err := s.syncDirs(dirNotices); err != nil {
				return err
			}
		}
	}
	l.valid += int64(len(record))
	l.resize(l.valid)
	l.records++
	return nil
}

// drop removes the notices up to and with upTo.
func (l *noticeLog) drop(upTo Seq) error {
	if err := l.tidy(); err != nil {
		return err
	}
	kept, err := l.read()
	if err != nil || len(kept) > 0 && kept[0].Seq > upTo {
		return err
	}
	if kept = live(kept, upTo); len(kept) == 0 {
		return l.removeFile()
	}
	if err := l.append(appendRecord(nil, kindDropped, logDropped{UpTo: upTo}), false); err != nil {
		return diskError("drop notices", err)
	}
	l.note(kept)
	return nil
}

// expire drops the notices whose At is not after due.
func (l *noticeLog) expire(due int64) {
	if l.state == loaded && l.oldest > due {
		return
	}
	kept, err := l.read()
	if err != nil {
		return
	}
	l.note(kept)
	for i := len(kept) - 1; i >= 0; i-- {
		if kept[i].At <= due {
			_ = l.drop(kept[i].Seq)
			return
		}
	}
}

func (l *noticeLog) removeFile() error {
	if err := l.book.store.disk.Remove(noticePath(l.key)); err != nil {
		return diskError("remove notices", err)
	}
	l.resize(0)
	l.state, l.valid, l.records, l.oldest = loaded, 0, 0, never
	return nil
}

// logContent is a log, decoded.
type logContent struct {
	user    string
	notices []Notice // that are kept
	records int
	valid   int64 // bytes up to the end of the last record
}

// decodeLog reads a log up to its first record that is torn or not ours. One
// that does not begin with its user is no log.
func decodeLog(b []byte, key userKey) logContent {
	var c logContent
	var dropped Seq
	rest := b
	for first := true; ; first = false {
		kind, body, after, ok := cutRecord(rest)
		if !ok {
			break
		}
		var u logUser
		var n logNotice
		var d logDropped
		switch {
		case first:
			ok = kind == kindUser && decoder.Unmarshal(body, &u) == nil && keyOf(u.User) == key
			c.user = u.User
		case kind == kindNotice:
			if ok = decoder.Unmarshal(body, &n) == nil && len(n.Body) <= MaxNotice; ok {
				c.notices = append(c.notices, Notice(n))
			}
		case kind == kindDropped:
			if ok = decoder.Unmarshal(body, &d) == nil; ok {
				dropped = max(dropped, d.UpTo)
			}
		default:
			ok = false
		}
		if !ok {
			break
		}
		if !first {
			c.records++
		}
		rest = after
		c.valid = int64(len(b) - len(rest))
	}
	if c.valid == 0 {
		return logContent{}
	}
	c.notices = live(c.notices, dropped)
	return c
}
