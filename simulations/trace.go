package simulations

import (
	"fmt"
	"hash"
	"hash/fnv"
	"io"
	"strconv"
	"time"
)

// trace is what has happened, one line each. It is always hashed, so that two
// runs can be compared; it is written when somebody wants it; and the latest
// lines are kept for the report of a failure.
type trace struct {
	out   io.Writer // nil: nobody wants it, or it has failed
	err   error     // of out, the first
	sum   hash.Hash64
	line  []byte
	lines uint64
	last  []string // ring of the latest
	next  int
}

// keptLines is how many lines are kept.
const keptLines = 60

func newTrace(out io.Writer) *trace {
	return &trace{out: out, sum: fnv.New64a(), last: make([]string, 0, keptLines)}
}

// add notes that at a time somebody did something.
func (t *trace) add(at time.Duration, who, what string) {
	l := strconv.AppendInt(t.line[:0], int64(at), 10)
	l = append(l, ' ')
	l = append(l, who...)
	l = append(l, ' ')
	l = append(l, what...)
	l = append(l, '\n')
	t.line = l
	_, _ = t.sum.Write(l)
	t.lines++
	if t.out == nil {
		return
	}
	if _, err := fmt.Fprintf(t.out, "%12.6f  %-34s %s\n", at.Seconds(), who, what); err != nil {
		t.out, t.err = nil, err
	}
}

// tell notes what a person wants to read of a failure.
func (t *trace) tell(at time.Duration, who, what string) {
	t.add(at, who, what)
	s := fmt.Sprintf("%12.6f  %-20s %s", at.Seconds(), who, what)
	if len(t.last) < keptLines {
		t.last = append(t.last, s)
		return
	}
	t.last[t.next] = s
	t.next = (t.next + 1) % keptLines
}

// latest returns the kept lines in order.
func (t *trace) latest() []string {
	return append(append([]string(nil), t.last[t.next:]...), t.last[:t.next]...)
}

// Sum is the hash of the whole trace so far.
func (t *trace) Sum() string { return fmt.Sprintf("%016x-%d", t.sum.Sum64(), t.lines) }
