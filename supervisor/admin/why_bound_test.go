package admin_test

import (
	"iter"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/rollcall/actors/record"
	"example.com/rollcall/supervisor/admin"
)

// slowJournal is one whose records are read slowly, and which counts its readers.
type slowJournal struct {
	record.Journal
	readers, most atomic.Int32
}

// Records gives no end of records, one a second.
func (j *slowJournal) Records(record.Query) iter.Seq2[record.Record, error] {
	return func(yield func(record.Record, error) bool) {
		now := j.readers.Add(1)
		defer j.readers.Add(-1)
		for most := j.most.Load(); now > most && !j.most.CompareAndSwap(most, now); most = j.most.Load() {
			continue
		}
		for {
			time.Sleep(time.Second) // of the bubble
			if !yield(&record.Stall{At: 1}, nil) {
				return
			}
		}
	}
}

// guards G6: few are told why at one time, each for as long as its request may
// take, and a page of another origin is not told at all.
func TestWhyIsBounded(t *testing.T) {
	j := &slowJournal{Journal: record.NewMemoryJournal(10)}
	inWorldWith(t, admin.Options{Timeout: 10 * time.Second}, j, func(w *world) {
		for range 20 {
			go w.ask(request("GET", "/why?subject=alice"))
		}
		time.Sleep(time.Minute) // of the bubble
		synctest.Wait()
		if j.readers.Load() != 0 || j.most.Load() != 2 {
			t.Errorf("%d still read, %d at most", j.readers.Load(), j.most.Load())
		}
		r := request("GET", "/why?subject=alice")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		if a := w.ask(r); a.Code != http.StatusForbidden {
			t.Errorf("a page of another site is answered with %d", a.Code)
		}
	})
}
