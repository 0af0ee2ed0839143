package filestore

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"example.com/rollcall/actors/disk"
)

// seqBits is how many bits of a Seq count within one life of the process.
const seqBits = 32

// noticeBook keeps the notices of all users: one log for each user who has some.
type noticeBook struct {
	// Static after construction.
	store *store

	// Atomic.
	last  atomic.Uint64 // the Seq given out last
	bytes atomic.Int64  // of all logs on the disk

	// Owned by mu, which is never held while anybody waits for the disk.
	mu     sync.Mutex
	logs   map[userKey]*noticeLog // bounded by Options.MaxNoticeUsers
	latest userKey                // the log that Expire has read last and nobody had read before
}

func newNoticeBook(s *store, epoch uint64) *noticeBook {
	b := &noticeBook{store: s, logs: make(map[userKey]*noticeLog)}
	b.last.Store(epoch << seqBits)
	return b
}

// AddNotice implements Store.
func (s *store) AddNotice(user string, body []byte) error {
	if !s.enter() {
		return ErrClosed
	}
	defer s.leave()
	switch {
	case !validText(user, 1, MaxUser):
		return fmt.Errorf("%w: user", ErrNotice)
	case len(body) > MaxNotice:
		return fmt.Errorf("%w: %d bytes, %d at most", ErrNotice, len(body), MaxNotice)
	}
	l, err := s.notices.take(user, true)
	if err != nil {
		return err
	}
	defer s.notices.release(l)
	return l.add(user, body)
}

// Notices implements Store.
func (s *store) Notices(user string) ([]Notice, error) {
	if !s.enter() {
		return nil, ErrClosed
	}
	defer s.leave()
	l, err := s.notices.take(user, false)
	if l == nil {
		return nil, err
	}
	defer s.notices.release(l)
	return l.read()
}

// DropNotices implements Store.
func (s *store) DropNotices(user string, upTo Seq) error {
	if !s.enter() {
		return ErrClosed
	}
	defer s.leave()
	l, err := s.notices.take(user, false)
	if l == nil {
		return err
	}
	defer s.notices.release(l)
	return l.drop(upTo)
}

// take gives a user's log, locked, and makes it if that is wanted; nil if there
// is none.
func (b *noticeBook) take(user string, create bool) (*noticeLog, error) {
	key := keyOf(user)
	for {
		b.mu.Lock()
		l := b.logs[key]
		if l == nil {
			if !create {
				b.mu.Unlock()
				return nil, nil
			}
			if int64(len(b.logs)) >= b.store.opts.MaxNoticeUsers {
				b.mu.Unlock()
				return nil, fmt.Errorf("%w: users", ErrQuotaNotices)
			}
			l = &noticeLog{book: b, key: key, state: loaded, oldest: never}
			b.logs[key] = l
		}
		b.mu.Unlock()
		l.mu.Lock()
		if !l.gone {
			return l, nil
		}
		l.mu.Unlock() // somebody removed it in between
	}
}

// release gives a log back, and takes it out of the book if it has no file.
func (b *noticeBook) release(l *noticeLog) {
	if l.size == 0 {
		l.gone = true
		b.mu.Lock()
		delete(b.logs, l.key)
		b.mu.Unlock()
	}
	l.mu.Unlock()
}

// expireStep bounds how many logs one Expire reads that nobody has read before.
const expireStep = 1000

// expire drops what has reached its end. A log for which somebody waits on the
// disk is left to the next Expire: it is not to hold up the others, nor those who
// are told of files that have expired.
func (b *noticeBook) expire(now int64) {
	retention := b.store.opts.Retention
	if retention < 0 {
		return
	}
	due := now - retention.Milliseconds()
	reads := 0
	for _, l := range b.round() {
		if b.store.closing.Load() {
			return
		}
		if !l.mu.TryLock() {
			continue
		}
		if l.gone {
			l.mu.Unlock()
			continue
		}
		if l.state == unknown {
			if reads++; reads <= expireStep {
				b.reading(l)
			}
		}
		if l.state != unknown || reads <= expireStep {
			l.expire(due) // what fails is tried again by the next Expire
		}
		b.release(l)
	}
}

// round gives all logs in the order of their keys, from behind the one that was
// read last: those that cannot be read do not keep Expire from the others.
func (b *noticeBook) round() []*noticeLog {
	b.mu.Lock()
	logs := make([]*noticeLog, 0, len(b.logs))
	for _, l := range b.logs {
		logs = append(logs, l)
	}
	latest := b.latest
	b.mu.Unlock()
	slices.SortFunc(logs, func(x, y *noticeLog) int { return bytes.Compare(x.key[:], y.key[:]) })
	at := slices.IndexFunc(logs, func(l *noticeLog) bool { return bytes.Compare(l.key[:], latest[:]) > 0 })
	if at < 0 {
		return logs
	}
	return slices.Concat(logs[at:], logs[:at])
}

// reading notes that Expire reads a log that nobody has read before.
func (b *noticeBook) reading(l *noticeLog) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.latest = l.key
}

// sweepNotices finds the logs. It reads none of them: each is read when its user
// is first asked for.
func (s *store) sweepNotices(swept *Swept) error {
	found, err := s.disk.List(dirNotices)
	if err != nil {
		return diskError("read "+dirNotices, err)
	}
	for _, e := range found {
		key, ok := parseKey(e.Name)
		if !ok || e.Dir {
			s.sweepOut(dirNotices, e, &swept.Stray, swept)
			continue
		}
		size, err := s.disk.Size(noticePath(key))
		switch {
		case errors.Is(err, disk.ErrIrregular):
			s.sweepOut(dirNotices, e, &swept.Stray, swept)
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			swept.Failed++
		default:
			l := &noticeLog{book: s.notices, key: key}
			l.resize(max(size, 1))
			s.notices.logs[key] = l
		}
	}
	return nil
}

// live gives those of the notices that are after dropped: the newest MaxNotices.
func live(all []Notice, dropped Seq) []Notice {
	all = slices.DeleteFunc(all, func(n Notice) bool { return n.Seq <= dropped })
	return all[max(0, len(all)-MaxNotices):]
}

// never is an age that no notice reaches.
const never = math.MaxInt64
