package actors

import (
	"errors"
	"io"
	"slices"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"example.com/rollcall/actors/record"
	"example.com/rollcall/wire"
)

// TestRoundTrips keeps the last ones, the oldest first, however many there were.
func TestRoundTrips(t *testing.T) {
	var r roundTrips
	if (*roundTrips)(nil).list() != nil || r.list() != nil {
		t.Error("there were none")
	}
	var all []time.Duration
	for i := range 3000 {
		d := time.Duration(i+1) * time.Microsecond
		r.add(d)
		all = append(all, d)
		if want := all[max(0, len(all)-record.MaxRTTs):]; !slices.Equal(r.list(), want) {
			t.Fatalf("after %d: %v, want %v", i+1, r.list(), want)
		}
	}
	r.add(1000 * time.Hour)
	if got := r.list()[record.MaxRTTs-1]; got != (1<<32-1)*time.Microsecond {
		t.Errorf("a long one is %v", got)
	}
}

// TestEvidenceIsCheap: what the evidence has added to a connection is two words,
// and one small object when it has answered a ping.
func TestEvidenceIsCheap(t *testing.T) {
	var c connection
	if n := unsafe.Sizeof(c.trips) + unsafe.Sizeof(c.wrote) + unsafe.Sizeof(roundTrips{}); n > 64 {
		t.Errorf("%d bytes", n)
	}
}

// TestFirst tells who ended a connection.
func TestFirst(t *testing.T) {
	for _, c := range []struct {
		reason wire.Reason
		err    error
		want   record.Side
	}{
		{wire.ReasonBye, nil, record.SideClient},
		{wire.ReasonEOF, io.EOF, record.SideClient},
		{wire.ReasonReset, syscall.ECONNRESET, record.SideClient},
		{wire.ReasonReset, syscall.EPIPE, record.SideClient},
		{wire.ReasonReset, syscall.ETIMEDOUT, record.SideUnknown},
		{wire.ReasonWriteFailed, errors.New("no route"), record.SideUnknown},
		{wire.ReasonHeartbeatTimeout, nil, record.SideServer},
		{wire.ReasonKicked, nil, record.SideServer},
		{wire.ReasonPanic, nil, record.SideServer},
	} {
		if got := first(c.reason, c.err); got != c.want {
			t.Errorf("%s, %v: %d, want %d", c.reason, c.err, got, c.want)
		}
	}
}
