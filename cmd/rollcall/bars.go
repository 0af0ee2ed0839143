package main

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"example.com/rollcall/wire/client"
)

// barPeriod is how often the bars are drawn, and what they show is averaged by
// the client library.
const barPeriod = 200 * time.Millisecond

// barName is the most of a file's name that is shown beside its bar, in
// characters.
const barName = 28

// bars are the progress bars of one command, at the bottom of its terminal.
type bars struct {
	// static after construction
	progress   *mpb.Progress
	withErrors bool // standard error is a terminal too: its lines have to go above the bars

	// owned by whoever holds mu
	mu  sync.Mutex
	all []*mpb.Bar
}

// bars takes the terminal that standard output is over. It is nil when there is
// none, or none that can move its cursor.
func (p *program) bars() *bars {
	if kind, _ := p.env("TERM"); kind == "dumb" || !isTerminal(p.out) {
		return nil
	}
	return &bars{
		progress:   mpb.New(mpb.WithOutput(p.out), mpb.WithRefreshRate(barPeriod), mpb.WithAutoRefresh()),
		withErrors: isTerminal(p.err),
	}
}

// say writes a line above the bars.
func (b *bars) say(line string) { _, _ = b.progress.Write([]byte(line + "\n")) }

// close takes what is left of the bars off the terminal and gives it back. It
// waits for the last drawing: a Shutdown alone may leave out just that.
func (b *bars) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, x := range b.all {
		x.Abort(true)
	}
	b.progress.Wait()
}

// bar is one file's.
type bar struct {
	// static after construction
	bar *mpb.Bar

	// atomic
	latest atomic.Pointer[client.Progress] // nil: it has not begun
}

// add adds a bar. A negative size is not known yet.
func (b *bars) add(file string, whole int64) *bar {
	x := &bar{}
	name := []rune(printable(file))
	if len(name) > barName {
		name = append([]rune("…"), name[len(name)-barName+1:]...)
	}
	x.bar = b.progress.New(0, mpb.BarStyle().Lbound("[").Filler("=").Tip(">").Padding(" ").Rbound("]").Refiller("-"),
		mpb.PrependDecorators(decor.Name(string(name), decor.WCSyncWidthR)),
		mpb.AppendDecorators(
			decor.Any(func(decor.Statistics) string { return x.amount(whole) }, decor.WCSyncWidth),
			decor.Any(func(decor.Statistics) string { return x.speed() }, decor.WCSyncSpace),
			decor.Any(func(decor.Statistics) string { return x.left() }, decor.WCSyncSpace),
		))
	if whole >= 0 {
		x.bar.SetTotal(whole, false)
	}
	b.mu.Lock()
	b.all = append(b.all, x.bar)
	b.mu.Unlock()
	return x
}

// move shows how far the file has come. The first time tells where it goes on
// from.
func (x *bar) move(p client.Progress, first bool) {
	x.latest.Store(&p)
	x.bar.SetTotal(p.Size, false)
	x.bar.SetCurrent(p.Offset)
	if first && p.Offset > 0 {
		x.bar.SetRefill(p.Offset)
	}
}

// drop takes the bar off the terminal.
func (x *bar) drop() { x.bar.Abort(true) }

func (x *bar) amount(whole int64) string {
	switch p := x.latest.Load(); {
	case p != nil:
		return size(p.Offset) + " of " + size(p.Size)
	case whole >= 0:
		return size(whole)
	default:
		return ""
	}
}

func (x *bar) speed() string {
	p := x.latest.Load()
	if p == nil || p.Rate <= 0 {
		return ""
	}
	return size(int64(p.Rate)) + "/s"
}

func (x *bar) left() string {
	p := x.latest.Load()
	switch {
	case p == nil:
		return "waiting"
	case p.Offset >= p.Size:
		return "finishing"
	case p.Rate <= 0:
		return ""
	}
	return timeLeft(float64(p.Size-p.Offset)/p.Rate) + " left"
}

// timeLeft is a number of seconds for a person.
func timeLeft(seconds float64) string {
	if seconds > 99*3600 {
		return "days"
	}
	return time.Duration(max(seconds, 1) * float64(time.Second)).Round(time.Second).String()
}
