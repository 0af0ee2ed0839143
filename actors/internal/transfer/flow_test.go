package transfer_test

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"example.com/rollcall/actors/internal/transfer"
)

// naiveInflow counts bytes one by one, from the words of the protocol alone.
type naiveInflow struct {
	size, window     uint64
	came, stored     uint64
	granted, ceiling uint64
}

func (n *naiveInflow) chunk(offset, size uint64) error {
	for i := range size {
		at := offset + i
		switch {
		case i == 0 && at != n.came:
			return transfer.ErrOrder
		case offset+size > n.size:
			return transfer.ErrBeyondEnd
		case at >= n.granted:
			return transfer.ErrWindow
		}
	}
	if size == 0 && offset != n.came {
		return transfer.ErrOrder
	}
	n.came += size
	return nil
}

// Whatever comes, is stored or is granted behind: no chunk is taken that is not
// next, within the file and within the limit; a refused one changes nothing; the
// memory holds at most the window; the limit never falls and never passes what
// the receiver grants; and who has sent all that it may is never forgotten.
func TestInflowModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Uint64Range(0, 400).Draw(t, "size")
		offset := rapid.Uint64Range(0, size).Draw(t, "offset")
		window := rapid.Uint64Range(0, 120).Draw(t, "window")
		ceiling := size
		f := transfer.NewInflow(size, offset, window)
		if rapid.Bool().Draw(t, "relay") {
			ceiling = rapid.Uint64Range(0, size+50).Draw(t, "granted")
			f = transfer.NewRelay(size, offset, window, ceiling)
		}
		n := naiveInflow{size: size, window: max(window, 1), came: offset, stored: offset, ceiling: min(max(ceiling, offset), size)}
		n.granted = f.Limit()
		check := func() {
			t.Helper()
			switch limit := f.Limit(); {
			case f.Came() != n.came || f.StoredTo() != n.stored:
				t.Fatalf("came %d stored %d, want %d and %d", f.Came(), f.StoredTo(), n.came, n.stored)
			case n.came-n.stored > n.window || limit > n.stored+n.window:
				t.Fatalf("came %d, stored %d, limit %d: more than the window of %d", n.came, n.stored, limit, n.window)
			case limit > n.ceiling:
				t.Fatalf("limit %d is past what is granted, %d", limit, n.ceiling)
			case limit < n.granted:
				t.Fatalf("the limit falls from %d to %d", n.granted, limit)
			case n.came == limit && n.stored == n.came && limit != n.ceiling:
				t.Fatalf("all of %d has come and is stored, and no more is granted up to %d", limit, n.ceiling)
			case f.Whole() != (n.stored == size):
				t.Fatalf("whole: %t at %d of %d", f.Whole(), n.stored, size)
			}
		}
		check()
		told := func(grant bool) {
			t.Helper()
			if grant != (f.Limit() != n.granted) {
				t.Fatalf("grant %t, limit %d after %d", grant, f.Limit(), n.granted)
			}
			check()
			n.granted = f.Limit()
		}
		t.Repeat(map[string]func(*rapid.T){
			"chunk": func(t *rapid.T) {
				at := n.came
				if rapid.IntRange(0, 3).Draw(t, "wrong") == 0 {
					at = rapid.Uint64Range(0, size+10).Draw(t, "at")
				}
				k := rapid.Uint64Range(0, 150).Draw(t, "bytes")
				before := f
				err := f.Chunk(at, k)
				if want := n.chunk(at, k); !errors.Is(err, want) || (want == nil) != (err == nil) {
					t.Fatalf("chunk of %d at %d: %v, want %v", k, at, err, want)
				}
				if err != nil && f != before {
					t.Fatalf("a refused chunk has changed %+v to %+v", before, f)
				}
				check()
			},
			"stored": func(t *rapid.T) {
				k := rapid.Uint64Range(0, n.came-n.stored).Draw(t, "bytes")
				n.stored += k
				told(f.Stored(k))
			},
			"allow": func(t *rapid.T) {
				k := rapid.Uint64Range(0, size+60).Draw(t, "limit")
				n.ceiling = max(n.ceiling, min(k, size))
				told(f.Allow(k))
			},
		})
	})
}

// A sender never has more than its window in memory, never sends what was not
// granted, and takes no credit for what it has not sent.
func TestOutflowModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Uint64Range(0, 400).Draw(t, "size")
		offset := rapid.Uint64Range(0, size).Draw(t, "offset")
		window := rapid.Uint64Range(0, 120).Draw(t, "window")
		limit := rapid.Uint64Range(0, size+50).Draw(t, "limit")
		f := transfer.NewOutflow(size, offset, limit, window)
		sent, passed := offset, offset
		granted := min(max(limit, offset), size)
		t.Repeat(map[string]func(*rapid.T){
			"next": func(t *rapid.T) {
				most := rapid.Uint64Range(1, 90).Draw(t, "most")
				least := rapid.Uint64Range(0, most).Draw(t, "least")
				at, n := f.Next(least, most)
				switch may := min(granted-sent, max(window, 1)-(sent-passed), most); {
				case at != sent || n > may:
					t.Fatalf("%d bytes at %d, though only %d at %d may be sent", n, at, may, sent)
				case n == 0 && may > 0 && (may >= least || may == size-sent || sent == passed):
					t.Fatalf("nothing is sent, though %d bytes may be", may)
				case n > 0 && n != may:
					t.Fatalf("%d bytes are sent of %d that may be", n, may)
				}
				sent += n
			},
			"passed": func(t *rapid.T) {
				n := rapid.Uint64Range(0, sent-passed).Draw(t, "bytes")
				f.Passed(n)
				passed += n
			},
			"credit": func(t *rapid.T) {
				at := rapid.Uint64Range(0, size+10).Draw(t, "at")
				to := rapid.Uint64Range(0, size+50).Draw(t, "limit")
				before := f
				err := f.Credit(at, to)
				if (at > sent) != errors.Is(err, transfer.ErrCredit) || err != nil && f != before {
					t.Fatalf("credit at %d of %d sent: %v", at, sent, err)
				}
				if err == nil {
					granted = max(granted, min(to, size))
				}
			},
			"": func(t *rapid.T) {
				if f.SentTo() != sent || f.Whole() != (passed == size) {
					t.Fatalf("sent to %d, whole %t; want %d, %t", f.SentTo(), f.Whole(), sent, passed == size)
				}
			},
		})
	})
}

// sink is a receiving client: an Inflow, and a disk that may be slow.
type sink struct {
	flow transfer.Inflow
	wire []uint64 // chunks on their way, by size
	disk uint64   // bytes that wait for the disk
}

// However a get's two sides take turns, it comes to its end, and neither holds
// more than its window.
func TestGetAlwaysEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Uint64Range(0, 3000).Draw(t, "size")
		offset := rapid.Uint64Range(0, size).Draw(t, "offset")
		chunk := rapid.Uint64Range(1, 100).Draw(t, "chunk")
		mine := rapid.Uint64Range(1, 400).Draw(t, "server's window")
		s := sink{flow: transfer.NewInflow(size, offset, rapid.Uint64Range(1, 400).Draw(t, "client's window"))}
		out := transfer.NewOutflow(size, offset, s.flow.Limit(), mine)
		var queue []uint64 // chunks in the server's memory
		for idle := 0; !s.flow.Whole(); {
			before := s.flow
			was := len(queue) + len(s.wire) + int(s.disk)
			switch rapid.IntRange(0, 3).Draw(t, "who") {
			case 0: // the server reads
				_, n := out.Next(2*chunk, 4*chunk)
				for ; n > 0; n -= min(n, chunk) {
					queue = append(queue, min(n, chunk))
				}
			case 1: // the server writes
				if len(queue) > 0 {
					out.Passed(queue[0])
					s.wire, queue = append(s.wire, queue[0]), queue[1:]
				}
			case 2: // the client reads
				if len(s.wire) > 0 {
					if err := s.flow.Chunk(s.flow.Came(), s.wire[0]); err != nil {
						t.Fatal(err)
					}
					s.disk, s.wire = s.disk+s.wire[0], s.wire[1:]
				}
			case 3: // the client's disk, and its credit
				n := rapid.Uint64Range(0, s.disk).Draw(t, "stored")
				s.disk -= n
				if s.flow.Stored(n) {
					if err := out.Credit(s.flow.StoredTo(), s.flow.Limit()); err != nil {
						t.Fatal(err)
					}
				}
			}
			held := uint64(0)
			for _, n := range queue {
				held += n
			}
			if held > mine {
				t.Fatalf("the server holds %d bytes with a window of %d", held, mine)
			}
			if before == s.flow && was == len(queue)+len(s.wire)+int(s.disk) {
				idle++
			} else {
				idle = 0
			}
			if idle > 500 {
				t.Fatalf("stuck at %d of %d: %+v %+v", s.flow.StoredTo(), size, out, s.flow)
			}
		}
	})
}

// However the three sides of a relay take turns, it comes to its end: also when
// the receiver grants everything at once and never says a word again.
func TestRelayAlwaysEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Uint64Range(0, 3000).Draw(t, "size")
		offset := rapid.Uint64Range(0, size).Draw(t, "offset")
		window := rapid.Uint64Range(1, 400).Draw(t, "server's window")
		silent := rapid.Bool().Draw(t, "silent receiver")
		s := sink{flow: transfer.NewInflow(size, offset, rapid.Uint64Range(1, 400).Draw(t, "receiver's window"))}
		if silent {
			s.flow = transfer.NewInflow(size, offset, size+1)
		}
		mid := transfer.NewRelay(size, offset, window, s.flow.Limit())
		limit, sent := mid.Limit(), offset // the sender's
		var up, queue []uint64             // on the way to the server, and in its memory
		for idle := 0; !s.flow.Whole(); {
			was := [...]uint64{sent, limit, uint64(len(up)), uint64(len(queue)), uint64(len(s.wire)), s.disk, s.flow.StoredTo()}
			switch rapid.IntRange(0, 4).Draw(t, "who") {
			case 0: // the sender
				if n := rapid.Uint64Range(0, limit-sent).Draw(t, "chunk"); n > 0 {
					up, sent = append(up, n), sent+n
				}
			case 1: // the server reads
				if len(up) > 0 {
					if err := mid.Chunk(mid.Came(), up[0]); err != nil {
						t.Fatal(err)
					}
					queue, up = append(queue, up[0]), up[1:]
				}
			case 2: // the server writes
				if len(queue) > 0 {
					if mid.Stored(queue[0]) {
						limit = mid.Limit()
					}
					s.wire, queue = append(s.wire, queue[0]), queue[1:]
				}
			case 3: // the receiver reads
				if len(s.wire) > 0 {
					if err := s.flow.Chunk(s.flow.Came(), s.wire[0]); err != nil {
						t.Fatal(err)
					}
					s.disk, s.wire = s.disk+s.wire[0], s.wire[1:]
				}
			case 4: // the receiver's disk, and its credit
				n := rapid.Uint64Range(0, s.disk).Draw(t, "stored")
				s.disk -= n
				if s.flow.Stored(n) && !silent && mid.Allow(s.flow.Limit()) {
					limit = mid.Limit()
				}
			}
			held := uint64(0)
			for _, n := range append(up, queue...) {
				held += n
			}
			if held > window {
				t.Fatalf("%d bytes are on their way to or in the server, with a window of %d", held, window)
			}
			if was == [...]uint64{sent, limit, uint64(len(up)), uint64(len(queue)), uint64(len(s.wire)), s.disk, s.flow.StoredTo()} {
				idle++
			} else {
				idle = 0
			}
			if idle > 600 {
				t.Fatalf("stuck at %d of %d, limit %d: %+v %+v", s.flow.StoredTo(), size, limit, mid, s.flow)
			}
		}
	})
}

// The numbers of the largest file do not overflow.
func TestLargestFile(t *testing.T) {
	const size = 1<<63 - 1
	f := transfer.NewRelay(size, size-10, 1<<63, 1<<64-1)
	if f.Limit() != size {
		t.Errorf("limit %d", f.Limit())
	}
	if err := f.Chunk(size-10, 11); !errors.Is(err, transfer.ErrBeyondEnd) {
		t.Errorf("past the end: %v", err)
	}
	if err := f.Chunk(size-10, 1<<64-1); !errors.Is(err, transfer.ErrBeyondEnd) {
		t.Errorf("far past the end: %v", err)
	}
	o := transfer.NewOutflow(size, 0, 1<<64-1, 1<<63)
	if _, n := o.Next(1, 1<<64-1); n != size {
		t.Errorf("next %d", n)
	}
}
