package filestore

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"example.com/rollcall/actors/disk"
	"example.com/rollcall/actors/disk/faultdisk"
)

func TestNotices(t *testing.T) {
	stores(t, Options{}, func(t *testing.T, s Store) {
		for i := range 5 {
			ok(t, s.AddNotice("bob", fmt.Append(nil, i)))
			ok(t, s.AddNotice("carol", fmt.Append(nil, i+10)))
		}
		bobs := must[[]Notice](t)(s.Notices("bob"))
		if bodies(bobs) != "0 1 2 3 4 " {
			t.Fatalf("bob has %q", bodies(bobs))
		}
		ok(t, s.DropNotices("bob", bobs[2].Seq))
		ok(t, s.DropNotices("bob", bobs[0].Seq)) // a late one does nothing
		ok(t, s.AddNotice("bob", []byte("5")))
		bobs = must[[]Notice](t)(s.Notices("bob"))
		if bodies(bobs) != "3 4 5 " {
			t.Fatalf("bob has %q", bodies(bobs))
		}
		old := bobs[2].Seq
		ok(t, s.DropNotices("bob", old))
		if left := must[[]Notice](t)(s.Notices("bob")); len(left) != 0 {
			t.Fatalf("bob has %q", bodies(left))
		}
		ok(t, s.AddNotice("bob", []byte("6")))
		ok(t, s.DropNotices("bob", old)) // numbers are never used again
		if left := must[[]Notice](t)(s.Notices("bob")); bodies(left) != "6 " {
			t.Fatalf("bob has %q", bodies(left))
		}
		if left := must[[]Notice](t)(s.Notices("carol")); bodies(left) != "10 11 12 13 14 " {
			t.Fatalf("carol has %q", bodies(left))
		}
		if none := must[[]Notice](t)(s.Notices("nobody")); len(none) != 0 {
			t.Fatalf("nobody has %q", bodies(none))
		}
		ok(t, s.DropNotices("nobody", 1))
		for _, err := range []error{
			s.AddNotice("", nil), s.AddNotice(strings.Repeat("u", MaxUser+1), nil), s.AddNotice("a\x00b", nil),
			s.AddNotice("bob", make([]byte, MaxNotice+1)),
		} {
			if !errors.Is(err, ErrNotice) {
				t.Errorf("a bad notice: %v", err)
			}
		}
	})
}

// TestNoticeNumbersGrowAcrossRestarts, when the log is gone too.
func TestNoticeNumbersGrowAcrossRestarts(t *testing.T) {
	d := disk.NewMemory()
	var last Seq
	for range 5 {
		s := openOn(t, d, Options{})
		for range 3 {
			ok(t, s.AddNotice("bob", nil))
		}
		kept := must[[]Notice](t)(s.Notices("bob"))
		if len(kept) != 3 || kept[0].Seq <= last {
			t.Fatalf("after %d come %+v", last, kept)
		}
		last = kept[2].Seq
		ok(t, s.DropNotices("bob", last))
		ok(t, s.Close())
	}
}

// TestNoticeBounds: a user's oldest notices give way, the log on the disk does
// not grow without end, and what all users have is bounded.
func TestNoticeBounds(t *testing.T) {
	d := disk.NewMemory()
	s := openOn(t, d, Options{MaxNoticeUsers: 2, MaxNoticeBytes: 5 << 20})
	for i := range 2*MaxNotices + 7 {
		ok(t, s.AddNotice("bob", fmt.Append(nil, i)))
	}
	kept := must[[]Notice](t)(s.Notices("bob"))
	if len(kept) != MaxNotices || string(kept[0].Body) != fmt.Sprint(MaxNotices+7) {
		t.Fatalf("%d are kept, from %q on", len(kept), kept[0].Body)
	}
	if n := must[int64](t)(d.Size(noticePath(keyOf("bob")))); n > 3*MaxNotices*50 {
		t.Fatalf("the log has %d bytes", n)
	}
	for i := range MaxNotices + 100 { // one is kept, and everything else dropped again and again
		ok(t, s.AddNotice("carol", make([]byte, MaxNotice)))
		if kept := must[[]Notice](t)(s.Notices("carol")); len(kept) > 1 {
			ok(t, s.DropNotices("carol", kept[len(kept)-2].Seq))
		}
		if n := must[int64](t)(d.Size(noticePath(keyOf("carol")))); n > maxLog {
			t.Fatalf("after %d the log has %d bytes", i, n)
		}
	}
	if err := s.AddNotice("dave", nil); !errors.Is(err, ErrQuotaNotices) || !errors.Is(err, ErrQuota) {
		t.Fatalf("a third user: %v", err)
	}
	carols := must[[]Notice](t)(s.Notices("carol"))
	ok(t, s.DropNotices("carol", carols[len(carols)-1].Seq))
	ok(t, s.AddNotice("dave", nil))
	var full error
	for range 2 * maxLogRecords {
		if full = s.AddNotice("dave", make([]byte, MaxNotice)); full != nil {
			break
		}
	}
	// Each log is written anew before it is over its own bound, so that one user
	// cannot fill up what is there for all.
	if full != nil {
		t.Fatalf("one user: %v", full)
	}
	tight := openOn(t, disk.NewMemory(), Options{MaxNoticeBytes: 3000})
	for range 2 {
		ok(t, tight.AddNotice("bob", make([]byte, MaxNotice)))
	}
	if err := tight.AddNotice("carol", make([]byte, MaxNotice)); !errors.Is(err, ErrQuotaNotices) {
		t.Fatalf("bytes in all: %v", err)
	}
	ok(t, tight.DropNotices("bob", 1<<60))
	ok(t, tight.AddNotice("carol", make([]byte, MaxNotice)))
	if got, want := tight.notices.bytes.Load(), must[int64](t)(tight.disk.Size(noticePath(keyOf("carol")))); got != want {
		t.Fatalf("counted are %d bytes, there are %d", got, want)
	}
}

func TestNoticesExpire(t *testing.T) {
	d, c := disk.NewMemory(), &clock{ms: 10_000}
	o := Options{Retention: 5 * time.Second, Now: c.now}
	s := openOn(t, d, o)
	ok(t, s.AddNotice("bob", []byte("old")))
	ok(t, s.AddNotice("carol", []byte("old")))
	c.ms = 12_000
	ok(t, s.AddNotice("bob", []byte("new")))
	ok(t, s.Close())
	s = openOn(t, d, o)
	s.Expire(14_999)
	if got := must[[]Notice](t)(s.Notices("bob")); bodies(got) != "old new " {
		t.Fatalf("too early: %q", bodies(got))
	}
	s.Expire(15_000)
	if got := must[[]Notice](t)(s.Notices("bob")); bodies(got) != "new " || got[0].At != 12_000 {
		t.Fatalf("bob has %q", bodies(got))
	}
	if got := must[[]Notice](t)(s.Notices("carol")); len(got) != 0 {
		t.Fatalf("carol has %q", bodies(got))
	}
	s.Expire(17_000)
	checkNoOrphan(t, d, s)
	if len(s.notices.logs) != 0 || s.notices.bytes.Load() != 0 {
		t.Fatalf("%d logs, %d bytes are left", len(s.notices.logs), s.notices.bytes.Load())
	}
}

// TestExpireWaitsForNoLog: a disk that does not answer for one user's notices
// holds up neither those of others nor the files that expire. Found by simulation.
func TestExpireWaitsForNoLog(t *testing.T) {
	c := &clock{ms: 10_000}
	d := faultdisk.Over(disk.NewMemory())
	s := openOn(t, d, Options{Retention: 5 * time.Second, Now: c.now})
	for _, user := range []string{"bob", "carol"} {
		ok(t, s.AddNotice(user, []byte("old")))
	}
	waits, goOn, added := make(chan struct{}), make(chan struct{}), make(chan error)
	d.Set(func(op faultdisk.Op, _ string) error {
		if op == faultdisk.OpSync {
			close(waits)
			<-goOn
		}
		return nil
	})
	go func() { added <- s.AddNotice("carol", []byte("new")) }()
	<-waits
	d.Set(nil)
	s.Expire(15_000)
	if got := must[[]Notice](t)(s.Notices("bob")); len(got) != 0 {
		t.Errorf("bob has %q", bodies(got))
	}
	close(goOn)
	ok(t, <-added)
	s.Expire(15_000) // both were written at 10,000
	if got := must[[]Notice](t)(s.Notices("carol")); len(got) != 0 {
		t.Errorf("carol has %q", bodies(got))
	}
}

// TestNoticesExpireAll: logs that cannot be read do not keep Expire from those
// behind them, and it always goes in the same order.
func TestNoticesExpireAll(t *testing.T) {
	c := &clock{ms: 10_000}
	o := Options{Retention: time.Second, Now: c.now}
	d := faultdisk.Over(disk.NewMemory())
	s := openOn(t, d, o)
	for i := range expireStep + 10 {
		ok(t, s.AddNotice(fmt.Sprintf("user%d", i), []byte("old")))
	}
	ok(t, s.Close())
	s = openOn(t, d, o)
	var tried []string
	d.Set(func(_ faultdisk.Op, path string) error {
		tried = append(tried, path)
		return syscall.EIO
	})
	s.Expire(20_000)
	if len(tried) != expireStep || !slices.IsSorted(tried) {
		t.Fatalf("%d tried, in order: %v", len(tried), slices.IsSorted(tried))
	}
	s.Expire(20_000)
	slices.Sort(tried)
	if n := len(slices.Compact(tried)); n != expireStep+10 {
		t.Fatalf("%d tried", n)
	}
	d.Set(nil)
	s.Expire(20_000)
	s.Expire(20_000)
	if len(s.notices.logs) != 0 {
		t.Fatalf("%d logs are left", len(s.notices.logs))
	}
}

// TestNoticeAfterFault: a notice that could not be written does not hide those
// that come after it, whatever crashes next.
func TestNoticeAfterFault(t *testing.T) {
	for _, broken := range []faultdisk.Op{faultdisk.OpCreate, faultdisk.OpEdit, faultdisk.OpWrite, faultdisk.OpSync, faultdisk.OpSyncDir} {
		for _, first := range []bool{true, false} {
			crash := faultdisk.New()
			d := faultdisk.Over(crash)
			s := openOn(t, d, Options{})
			want := ""
			if !first {
				ok(t, s.AddNotice("bob", []byte("before")))
				ok(t, s.AddNotice("bob", []byte("second")))
				ok(t, s.DropNotices("bob", must[[]Notice](t)(s.Notices("bob"))[0].Seq)) // not synced
				want = "second "
			}
			failed := false
			d.Set(func(op faultdisk.Op, path string) error {
				if op != broken {
					return nil
				}
				failed = true
				if op == "sync" {
					crash.LoseUnsynced(path)
				}
				return syscall.EIO
			})
			if err := s.AddNotice("bob", []byte("lost?")); failed != errors.Is(err, ErrDisk) {
				t.Fatalf("%s fails: %v", broken, err)
			}
			d.Set(nil)
			if first && failed {
				checkNoOrphan(t, d, s)
				if len(s.notices.logs) != 0 || s.notices.bytes.Load() != 0 {
					t.Fatalf("%s fails: %d logs, %d bytes are left", broken, len(s.notices.logs), s.notices.bytes.Load())
				}
			}
			ok(t, s.AddNotice("bob", []byte("after")))
			for _, o := range []faultdisk.Outcome{faultdisk.Lost, faultdisk.Kept} {
				again := openOn(t, crash.After(o, 1), Options{})
				got := bodies(must[[]Notice](t)(again.Notices("bob")))
				got = strings.Replace(got, "lost? ", "", 1)
				if got != want+"after " {
					t.Fatalf("%s fails (first %v), %s: %q", broken, first, o, got)
				}
			}
		}
	}
}

// TestTornNoticeStaysTorn: what lies behind a torn record does not become a
// notice when another record is written over its beginning, even if somebody has
// made it look like one.
func TestTornNoticeStaysTorn(t *testing.T) {
	d := disk.NewMemory()
	s := openOn(t, d, Options{})
	ok(t, s.AddNotice("bob", []byte("one")))
	torn := must[int64](t)(d.Size(noticePath(keyOf("bob"))))
	ok(t, s.AddNotice("bob", []byte("two")))
	two := must[int64](t)(d.Size(noticePath(keyOf("bob")))) - torn
	ok(t, s.DropNotices("bob", 1<<60))
	ok(t, s.AddNotice("bob", []byte("one")))
	forged := appendRecord(nil, kindNotice, logNotice{Seq: 1 << 50, Body: []byte("forged")})
	ok(t, s.AddNotice("bob", slices.Concat(make([]byte, two), forged)))
	ok(t, s.Close())
	damage(t, d, noticePath(keyOf("bob")), func(b []byte) []byte {
		b[torn] ^= 1 // the second record is torn
		// and what it holds stands where a record as long as "two" would end
		copy(b[torn+two:], forged)
		return b
	})
	s = openOn(t, d, Options{})
	ok(t, s.AddNotice("bob", []byte("two")))
	ok(t, s.Close())
	s = openOn(t, d, Options{})
	if got := must[[]Notice](t)(s.Notices("bob")); bodies(got) != "one two " {
		t.Fatalf("bob has %q", bodies(got))
	}
}

// TestNoticesOfManyAtOnce: each notice is either read and dropped or still there,
// whoever adds and drops at the same time.
func TestNoticesOfManyAtOnce(t *testing.T) {
	stores(t, Options{NoSync: true}, func(t *testing.T, s Store) {
		const adders, each = 4, 200 // together fewer than MaxNotices
		var adding, dropping sync.WaitGroup
		for range adders {
			adding.Go(func() {
				for j := range each {
					if err := s.AddNotice("bob", nil); err != nil {
						t.Error(err)
					}
					if j%50 == 0 {
						s.Expire(1)
					}
				}
			})
		}
		seen := make(map[Seq]bool)
		done := make(chan struct{})
		dropping.Go(func() {
			for last := false; ; {
				kept, err := s.Notices("bob")
				if err != nil {
					t.Error(err)
				}
				for _, n := range kept {
					seen[n.Seq] = true
				}
				if len(kept) > 0 {
					if err := s.DropNotices("bob", kept[len(kept)-1].Seq); err != nil {
						t.Error(err)
					}
				}
				if last {
					return
				}
				select {
				case <-done:
					last = true
				default:
				}
			}
		})
		adding.Wait()
		close(done)
		dropping.Wait()
		if len(seen) != adders*each {
			t.Errorf("%d notices were added, %d have been seen", adders*each, len(seen))
		}
	})
}
