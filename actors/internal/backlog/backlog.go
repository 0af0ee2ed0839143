package backlog

import "time"

// Bounds.
const (
	// MaxRecords is how many records may wait.
	MaxRecords = 65_536
	// Many is from how many waiting records on the next batch does not wait for
	// the interval to be over. A storm is left to be over first: its notices come
	// before its records.
	Many = MaxRecords / 4 * 3
	// MaxStruck is how many users who have left may wait to be struck.
	MaxStruck = 1_000_000
	// MaxPause is the longest pause after a failure.
	MaxPause = 10 * time.Second
	// Beat is how often the roll is told that the server is alive while nobody
	// comes or goes, unless the interval is longer: each time costs a sync.
	Beat = time.Second
)

// Backlog is what waits to be written. U is an entry of the roll, R a record of
// the journal. The zero value is not usable, see [New].
type Backlog[U, R any] struct {
	// static after construction
	interval      time.Duration
	keeps, writes bool // there is a roll, there is a journal

	// owned by whoever calls
	waiting   changes[U]
	sent      changes[U] // of the batch that is out
	unstruck  uint64     // departures that are lost to the roll
	records   []R
	sentOnes  []R
	lost      uint64 // records since the last batch that went well
	sentLost  uint64
	out       bool          // a batch is
	outParts  [2]bool       // which lanes it has
	taken     time.Duration // when the last batch was
	first     bool          // there was none yet
	lanes     [2]lane
	lostTotal uint64
}

// lane is one of the two places that are written to.
type lane struct {
	fails uint
	next  time.Duration // not before
	lost  uint64        // records that were given up while it failed
}

// The lanes.
const (
	Roll = iota
	Journal
)

// New returns an empty backlog of which a batch is taken once an interval.
func New[U, R any](interval time.Duration, roll, journal bool) *Backlog[U, R] {
	return &Backlog[U, R]{interval: interval, keeps: roll, writes: journal, first: true}
}

// Online notes that the user is online, as u says. Came tells that it was not
// before.
func (b *Backlog[U, R]) Online(user string, u U, came bool) {
	if b.keeps {
		b.waiting.online(user, u, came)
	}
}

// Offline notes that the user has left.
func (b *Backlog[U, R]) Offline(user string) {
	if b.keeps && !b.waiting.offline(user) {
		b.unstruck++
	}
}

// Add appends a record, or counts it as lost.
func (b *Backlog[U, R]) Add(r R) {
	switch {
	case !b.writes:
	case len(b.records) >= MaxRecords:
		b.lose(1)
	default:
		b.records = append(b.records, r)
	}
}

func (b *Backlog[U, R]) lose(n int) {
	b.lost += uint64(n)      //nolint:gosec // not negative
	b.lostTotal += uint64(n) //nolint:gosec // not negative
	b.lanes[Journal].lost += uint64(n)
}

// Remove takes out the waiting records that match.
func (b *Backlog[U, R]) Remove(match func(R) bool) (removed int) {
	kept := b.records[:0]
	for _, r := range b.records {
		if match(r) {
			removed++
		} else {
			kept = append(kept, r)
		}
	}
	clear(b.records[len(kept):])
	b.records = kept
	return removed
}

// Batch is what is to be written at once.
type Batch[U, R any] struct {
	Roll    bool // Online and Offline are to be written, be they empty: a sign of life
	Online  []U
	Offline []string
	Journal bool // Records are to be written, behind them that Lost others are missing
	Records []R
	Lost    uint64
}

// Next returns when the next batch is to be taken, or false when there is
// nothing to write or a batch is out.
func (b *Backlog[U, R]) Next() (time.Duration, bool) {
	if b.out {
		return 0, false
	}
	var at time.Duration
	found := false
	for l, has := range [2]bool{b.keeps, b.writes && (len(b.records) > 0 || b.lost > 0)} {
		if !has {
			continue
		}
		due := b.lanes[l].next
		if early := l == Journal && len(b.records) >= Many || b.first; !early {
			due = max(due, b.taken+b.interval)
		}
		if l == Roll && !b.first && b.waiting.live() == 0 {
			due = max(due, b.taken+Beat)
		}
		if !found || due < at {
			at, found = due, true
		}
	}
	return at, found
}

// Take returns the next batch, if one is due and none is out. Force makes all
// due that there is. It must be followed by Done.
func (b *Backlog[U, R]) Take(now time.Duration, force bool) (batch Batch[U, R], ok bool) {
	if next, due := b.Next(); b.out || !force && (!due || next > now) {
		return batch, false
	}
	batch.Roll = b.keeps && (force || now >= b.lanes[Roll].next)
	batch.Journal = b.writes && (len(b.records) > 0 || b.lost > 0) && (force || now >= b.lanes[Journal].next)
	if !batch.Roll && !batch.Journal {
		return batch, false
	}
	b.out, b.taken, b.first, b.outParts = true, now, false, [2]bool{batch.Roll, batch.Journal}
	if batch.Roll {
		b.sent, b.waiting = b.waiting, changes[U]{}
		batch.Online, batch.Offline = b.sent.lists()
	}
	if batch.Journal {
		b.sentOnes, b.sentLost = b.records, b.lost
		b.records, b.lost = nil, 0
		batch.Records, batch.Lost = b.sentOnes, b.sentLost
	}
	return batch, true
}

// Outcome tells what a batch has changed.
type Outcome struct {
	// Began: the lane fails from now on. Ended: it works again, and Lost records
	// were given up meanwhile.
	Began, Ended [2]bool
	Lost         uint64
}

// Done tells how the batch that is out has fared; nil is well.
func (b *Backlog[U, R]) Done(now time.Duration, roll, journal error) (o Outcome) {
	b.out = false
	if b.outParts[Roll] {
		if roll != nil {
			b.unstruck += uint64(b.waiting.after(b.sent)) //nolint:gosec // not negative
		}
		b.sent = changes[U]{}
		b.lanes[Roll].judge(now, b.interval, roll, Roll, &o)
	}
	if b.outParts[Journal] {
		if journal != nil {
			b.putBack()
		}
		b.sentOnes, b.sentLost = nil, 0
		b.lanes[Journal].judge(now, b.interval, journal, Journal, &o)
	}
	return o
}

func (b *Backlog[U, R]) putBack() {
	b.records = append(b.sentOnes, b.records...)
	b.lost += b.sentLost
	if over := len(b.records) - MaxRecords; over > 0 {
		clear(b.records[MaxRecords:])
		b.records = b.records[:MaxRecords]
		b.lose(over)
	}
}

func (l *lane) judge(now, interval time.Duration, err error, which int, o *Outcome) {
	if err == nil {
		if l.fails > 0 {
			o.Ended[which] = true
			o.Lost += l.lost
		}
		*l = lane{}
		return
	}
	o.Began[which] = l.fails == 0
	l.fails++
	pause := min(max(interval, time.Millisecond)<<min(l.fails, 16), MaxPause)
	l.next = now + max(pause, interval)
}

// Failing reports whether the last try of a lane has failed.
func (b *Backlog[U, R]) Failing(which int) bool { return b.lanes[which].fails > 0 }

// Out reports whether a batch is out, and since when.
func (b *Backlog[U, R]) Out() (since time.Duration, out bool) { return b.taken, b.out }

// Lost counts the records that were given up, and the departures that the roll
// has not been told of.
func (b *Backlog[U, R]) Lost() (records, departures uint64) { return b.lostTotal, b.unstruck }

// Waiting counts what waits: changes of the roll, and records.
func (b *Backlog[U, R]) Waiting() (changes, records int) {
	return b.waiting.live(), len(b.records)
}
