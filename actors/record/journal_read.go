package record

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"net/netip"
	"slices"
	"strings"

	"example.com/rollcall/actors/disk"
)

// Records implements Journal. It holds one segment in memory at a time, without
// any lock, and sees what was durable when it came to the segment.
func (j *journal) Records(q Query) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		segments, err := j.list()
		if err != nil {
			yield(nil, err)
			return
		}
		filter := newFilter(q)
		for _, s := range slices.Backward(segments) {
			if !filter.mayHold(s) {
				continue
			}
			if s.lost != "" && !yield(nil, damaged("%s", s.lost)) {
				return
			}
			b, err := j.contentOf(s)
			if errors.Is(err, fs.ErrNotExist) {
				continue // dropped or forgotten meanwhile
			}
			if err != nil {
				if !yield(nil, damaged("%s cannot be read: %v", s.name(), err)) {
					return
				}
				continue
			}
			if !filter.walk(b, yield) {
				return
			}
		}
	}
}

// contentOf reads a segment as it is now: it may have been rewritten since it was
// listed.
func (j *journal) contentOf(s *segment) ([]byte, error) {
	h, s, err := j.open(s)
	if err != nil {
		return nil, err
	}
	defer h.Close()
	return readSegment(h, s)
}

// open opens the file of a segment, and gives the segment as it is now. Forget
// replaces both while it holds the lock.
func (j *journal) open(s *segment) (disk.File, *segment, error) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	at := slices.IndexFunc(j.segments, func(o *segment) bool { return o.number == s.number })
	if at < 0 {
		return nil, nil, fs.ErrNotExist
	}
	h, err := j.disk.View(s.name())
	return h, j.segments[at], err
}

// filter is a query, with what the bytes of a record must contain to match it,
// so that most records need not be decoded.
type filter struct {
	Query
	needles [][]byte
}

func newFilter(q Query) *filter {
	f := &filter{Query: q}
	if q.User != "" {
		f.needles = append(f.needles, []byte(q.User))
	}
	for _, n := range []uint64{q.Connection, q.Epoch} {
		if n != 0 {
			var buf bytes.Buffer
			if encoder.MarshalToBuffer(n, &buf) == nil {
				f.needles = append(f.needles, buf.Bytes())
			}
		}
	}
	if q.Endpoint != "" {
		f.needles = append(f.needles, []byte(hostOf(q.Endpoint)))
	}
	return f
}

// hostOf gives the text that every endpoint that matches contains.
func hostOf(endpoint string) string {
	if ap, err := netip.ParseAddrPort(endpoint); err == nil {
		return ap.Addr().Unmap().WithZone("").String()
	}
	if a, err := netip.ParseAddr(strings.Trim(endpoint, "[]")); err == nil {
		return a.Unmap().WithZone("").String()
	}
	return endpoint
}

// mayHold tells whether a segment can have records of the query's time.
func (f *filter) mayHold(s *segment) bool {
	if s.oldest == 0 {
		return true
	}
	return (f.Since.IsZero() || s.newest >= f.Since.UnixMilli()) && (f.Until.IsZero() || s.oldest <= f.Until.UnixMilli())
}

// walk gives the records of a segment that match, the newest first; false: enough.
func (f *filter) walk(b []byte, yield func(Record, error) bool) bool {
	type found struct {
		kind    byte
		payload []byte
	}
	var all []found
	for rest := b; len(rest) > 0; {
		kind, payload, after, ok := cutFrame(rest)
		if !ok {
			if !yield(nil, damaged("%d bytes of a segment have changed since it was opened", len(rest))) {
				return false
			}
			break
		}
		if f.may(kind, payload) {
			all = append(all, found{kind, payload})
		}
		rest = after
	}
	for _, r := range slices.Backward(all) {
		rec, err := decode(r.kind, r.payload)
		if err == nil && !f.Matches(rec) {
			continue
		}
		if !yield(rec, err) {
			return false
		}
	}
	return true
}

// may tells, without decoding it, whether a record can match.
func (f *filter) may(kind byte, payload []byte) bool {
	if at := peekAt(payload); at != 0 {
		if !f.Since.IsZero() && at < f.Since.UnixMilli() || !f.Until.IsZero() && at > f.Until.UnixMilli() {
			return false
		}
	}
	if kind == kindLife || kind == kindStall || kind == kindGap {
		return true
	}
	for _, n := range f.needles {
		if !bytes.Contains(payload, n) {
			return false
		}
	}
	return true
}

// String tells a segment, for errors of tests.
func (s *segment) String() string {
	return fmt.Sprintf("%s: %d of %d bytes, %d…%d", s.name(), s.valid, s.bytes, s.oldest, s.newest)
}
