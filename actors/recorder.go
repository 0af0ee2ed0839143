package actors

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"example.com/rollcall/actors/internal/backlog"
	"example.com/rollcall/actors/record"
)

// recorder is the actor that gathers what is to be kept on the disk: the roll
// (G7) and the journal (P6). It never waits for the disk: one goroutine does
// (recorder_disk.go), and gets one job at a time. What waits meanwhile is bounded
// by the backlog.
type recorder struct {
	guard

	// static after construction
	sys  *System
	jobs chan recordJob // to the goroutine; has room for the one that there may be

	// atomic
	refusalNoted atomic.Int64 // the second, in Unix time, in which a refusal was recorded

	// owned by the actor
	backlog *backlog.Backlog[record.RollUser, any] // events, and records that are none
	version uint64                                 // of presence, as of the last change of the roll
	busy    bool                                   // the goroutine has a job
	began   time.Duration                          // since when
	hung    bool                                   // it was told that a write does not end
	forgets []recordForget                         // to be done, in order; bounded by those who wait for them
	cleared bool                                   // what waited before the first of them has been written
	syncs   []chan<- error                         // wait for a batch that is not out yet; bounded likewise
	syncing []chan<- error                         // wait for the one that is out
	timer   *time.Timer
	armed   time.Duration // when the timer fires; 0: it is not set

	closing  *recordQuit // the last batch is to be written
	attempts int         // at it
	failed   error       // the last attempt's; read by Shutdown when the actor has stopped
}

// hangs is after how long a write is taken for one that may never end.
const hangs = 5 * time.Second

// lastAttempts bounds how often the last batch is tried, once if the disk has been
// failing before: a shutdown may have no deadline.
const lastAttempts = 3

// ErrRecord is returned by a shutdown after which the roll or the journal lacks
// its end: the next start takes this one for a crash.
var ErrRecord = errors.New("rollcall: the end could not be recorded")

var errHangs = fmt.Errorf("a write has not ended for %v", hangs)

func newRecorder(s *System) *recorder {
	return &recorder{
		sys: s, jobs: make(chan recordJob, 1),
		backlog: backlog.New[record.RollUser, any](s.set.RecordInterval, s.set.Roll != nil, s.set.Journal != nil),
	}
}

func (r *recorder) receive(msg any) {
	switch m := msg.(type) {
	case rollOnline:
		r.version = m.user.Version
		r.backlog.Online(m.user.User, m.user, m.came)
	case rollOffline:
		r.version = m.version
		r.backlog.Offline(m.user)
	case Event, record.Record:
		r.backlog.Add(m)
	case recordDue:
		r.armed = 0
		r.lookForHang()
	case recordDone:
		r.done(m)
	case recordSync:
		r.syncs = append(r.syncs, m.done)
	case recordForget:
		m.removed = r.remove(m.user)
		r.forgets = append(r.forgets, m)
	case recordQuit:
		m.failing = r.backlog.Failing(backlog.Roll) || r.backlog.Failing(backlog.Journal)
		r.closing = &m
	case recordGiveUp:
		r.failed = errors.Join(r.failed, errHangs)
		r.end()
	}
}

// turn hands the goroutine its next job, if there is one that is due.
func (r *recorder) turn() {
	if !r.busy && !r.box.stopped {
		r.next()
	}
	if !r.box.stopped {
		r.arm()
	}
}

func (r *recorder) next() {
	if len(r.forgets) > 0 && !r.cleared { // first what waits: a departure of that user, perhaps
		r.cleared = true
		if batch, ok := r.backlog.Take(r.sys.now(), true); ok {
			r.hand(r.job(batch))
			return
		}
	}
	if len(r.forgets) > 0 {
		r.cleared = false
		r.forgets[0].removed += r.remove(r.forgets[0].user) // what a failed batch has put back
		r.hand(recordJob{forget: &r.forgets[0]})
		r.forgets = r.forgets[1:]
		return
	}
	if r.closing != nil {
		r.last()
		return
	}
	batch, ok := r.backlog.Take(r.sys.now(), len(r.syncs) > 0)
	if ok {
		r.hand(r.job(batch))
	} else if len(r.syncs) > 0 { // there is nothing to write
		r.syncing, r.syncs = r.syncs, nil
		r.answer(nil)
	}
}

// remove takes out what waits of a user.
func (r *recorder) remove(user string) int {
	return r.backlog.Remove(func(x any) bool { return concerns(r.recordOf(x), user) })
}

// last writes what is left, and ends.
func (r *recorder) last() {
	if r.attempts == 0 && r.closing.clean {
		r.backlog.Add(&record.Life{
			At: r.sys.set.Wall().UnixMilli(), Epoch: r.sys.set.Epoch, Node: r.sys.set.Node, Ended: true,
		})
	}
	if r.attempts > 0 && (r.failed == nil || r.closing.failing) || r.attempts >= lastAttempts {
		r.end()
		return
	}
	batch, ok := r.backlog.Take(r.sys.now(), r.attempts == 0)
	switch {
	case ok:
		r.attempts++
		r.hand(r.job(batch))
	case r.attempts == 0: // there is nowhere to write to
		r.end()
	}
}

// hand gives the goroutine a job.
func (r *recorder) hand(j recordJob) {
	r.busy, r.began = true, r.sys.now()
	if j.forget == nil {
		r.syncing, r.syncs = r.syncs, nil
	}
	r.jobs <- j
}

func (r *recorder) job(b backlog.Batch[record.RollUser, any]) recordJob {
	at := r.sys.set.Wall().UnixMilli()
	j := recordJob{records: b.Records}
	if b.Roll {
		j.roll = &record.Batch{
			Epoch: r.sys.set.Epoch, At: at, Version: r.version, Online: b.Online, Offline: b.Offline,
			Clean: r.closing != nil && r.closing.clean,
		}
	}
	if b.Lost > 0 {
		why := "more came than could be written"
		if r.backlog.Failing(backlog.Journal) {
			why = "the disk failed"
		}
		// The backlog's records stay as they are, should they be written again.
		j.records = append(j.records[:len(j.records):len(j.records)], &record.Gap{At: at, Count: b.Lost, Why: why})
	}
	return j
}

// done takes in what became of a job.
func (r *recorder) done(m recordDone) {
	r.busy, r.hung = false, false
	if m.forgot {
		return
	}
	r.told(r.backlog.Done(r.sys.now(), m.roll, m.journal), m)
	r.failed = errors.Join(m.roll, m.journal)
	r.answer(r.failed)
}

// told counts failures, and tells of the first and the last of a row.
func (r *recorder) told(o backlog.Outcome, m recordDone) {
	s := r.sys
	s.count.recordBatches.Add(1)
	for lane, err := range [...]error{backlog.Roll: m.roll, backlog.Journal: m.journal} {
		what := [...]string{backlog.Roll: "roll", backlog.Journal: "journal"}[lane]
		if err != nil {
			s.count.recordFailures.Add(1)
		}
		switch {
		case o.Began[lane]:
			s.emit(RecordFailing{What: what, Error: err.Error(), At: s.set.Wall()})
		case o.Ended[lane] && lane == backlog.Journal:
			s.emit(RecordMended{What: what, Lost: o.Lost, At: s.set.Wall()})
		case o.Ended[lane]:
			s.emit(RecordMended{What: what, At: s.set.Wall()})
		}
	}
	records, departures := r.backlog.Lost()
	s.count.recordsLost.Store(records + departures)
}

func (r *recorder) answer(err error) {
	for _, done := range r.syncing {
		done <- err
	}
	r.syncing = nil
}

// lookForHang tells, once, of a write that does not end.
func (r *recorder) lookForHang() {
	if !r.busy || r.hung || r.sys.now()-r.began < hangs {
		return
	}
	r.hung = true
	r.sys.count.recordFailures.Add(1)
	r.sys.emit(RecordFailing{What: "disk", Error: errHangs.Error(), At: r.sys.set.Wall()})
}

// arm sets the one timer: for the next batch, or to look after a job.
func (r *recorder) arm() {
	at, ok := r.backlog.Next()
	if r.busy {
		at, ok = r.began+hangs, !r.hung
	}
	if !ok || r.armed != 0 && r.armed <= at {
		return
	}
	r.armed = max(at, 1)
	wait := max(at-r.sys.now(), 0)
	if r.timer == nil {
		r.timer = time.AfterFunc(wait, func() {
			r.resumes("timer")
			r.tell(recordDue{})
		})
	} else {
		r.timer.Reset(wait)
	}
}

func (r *recorder) end() {
	if r.timer != nil {
		r.timer.Stop()
	}
	close(r.jobs)
	r.answer(ErrShutdown)
	r.syncing, r.syncs = r.syncs, nil
	r.answer(ErrShutdown)
	for _, f := range r.forgets {
		f.answer <- forgotten{err: ErrShutdown}
	}
	r.stop()
}

// recovered: what the message told is taken in all the same, for a change that
// the roll misses would be wrong for ever.
func (r *recorder) recovered(msg, value any, stack []byte) {
	r.sys.fault(r.name(), msg, value, stack)
	if msg != nil {
		r.receive(msg)
	}
	r.turn()
}

// abandoned: the recorder does not go.
func (r *recorder) abandoned() bool { return false }

func (r *recorder) gone() { r.sys.actorStopped() }
