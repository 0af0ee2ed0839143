package outbox_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"example.com/rollcall/actors/internal/outbox"
)

// frame makes a frame of a size that says which it is: lane, number.
func frame(lane byte, n, size int) []byte {
	f := fmt.Appendf(nil, "%c%06d", lane, n)
	return append(f, make([]byte, max(size-len(f), 0))...)
}

// model is what an outbox is to do, written down naively: four lists, and what
// is on its way.
type model struct {
	bounds               outbox.Bounds
	control, data, state [][]byte
	bulk                 [][]byte
	last                 []byte
	finished             bool
	flying               [][]byte // nil: nothing is
}

func bytesOf(frames [][]byte) (n int) {
	for _, f := range frames {
		n += len(f)
	}
	return n
}

// flyingData are the frames of the data lane that are on their way.
func (m *model) flyingData() (frames [][]byte) {
	for _, f := range m.flying {
		if f[0] == 'd' {
			frames = append(frames, f)
		}
	}
	return frames
}

func (m *model) admitsData(f []byte) bool {
	waits := append(m.flyingData(), m.data...)
	return len(waits) == 0 || len(waits) < m.bounds.Frames && bytesOf(waits)+len(f) <= m.bounds.Bytes
}

// take checks what was handed out, and takes it over.
func (m *model) take(t *rapid.T, got [][]byte, budget int) {
	if m.flying != nil {
		if len(got) != 0 {
			t.Fatalf("%d frames while a write is under way", len(got))
		}
		return
	}
	nothing := len(m.control)+len(m.data)+len(m.state)+len(m.bulk) == 0 && m.last == nil
	if (len(got) == 0) != nothing {
		t.Fatalf("%d frames; nothing waits: %v", len(got), nothing)
	}
	waiting := [2]int{len(m.data), len(m.state)}
	control, bulk := len(m.control), 0
	parts := len(m.bulk)
	for i, f := range got {
		lane := map[byte]*[][]byte{'c': &m.control, 'd': &m.data, 's': &m.state, 'f': &m.bulk}[f[0]]
		switch {
		case f[0] == 'c' && i >= control, f[0] != 'c' && i < control:
			t.Fatalf("frame %d of %d is of lane %c, with %d heartbeats", i, len(got), f[0], control) // guards N21
		case f[0] == 'b':
			if len(m.data)+len(m.state)+len(m.control) != 0 || i != len(got)-1 {
				t.Fatal("the goodbye is not the last")
			}
			m.last = nil
		case len(*lane) == 0 || string((*lane)[0]) != string(f):
			t.Fatalf("%.7s is out of turn", f)
		default:
			*lane = (*lane)[1:]
			if f[0] == 'f' {
				bulk++
			} else if bulk > 0 {
				t.Fatalf("%.7s comes behind a part of a file", f)
			}
		}
	}
	if parts > 0 && bulk == 0 {
		t.Fatal("the file does not go on")
	}
	// About the budget: the heartbeats, and then no more than it, or one frame.
	// One frame of the state lane comes in any case (guards G3).
	rest := slices.Clone(got[:len(got)-bulk])
	if i := slices.IndexFunc(rest, func(f []byte) bool { return f[0] == 's' }); i >= 0 {
		rest = slices.Delete(rest, i, i+1)
	} else if waiting[1] > 0 {
		t.Fatal("the state lane does not go on")
	}
	if n := len(rest) - control; n > 1 && bytesOf(rest[:len(rest)-1]) >= budget {
		t.Fatalf("%d bytes before the last of %d frames, with a budget of %d", bytesOf(rest[:len(rest)-1]), n, budget)
	}
	if bulk > 1 && bytesOf(got[:len(got)-1]) >= budget {
		t.Fatalf("%d parts of files, past the budget", bulk)
	}
	if len(got) > 0 {
		m.flying = got
	}
}

func (m *model) check(t *rapid.T, o *outbox.Outbox) {
	frames, bytes := o.Queued()
	wantFrames := len(m.control) + len(m.data) + len(m.state) + len(m.bulk)
	wantBytes := bytesOf(m.control) + bytesOf(m.data) + bytesOf(m.state) + bytesOf(m.bulk)
	for _, f := range m.flying {
		if f[0] != 'b' {
			wantFrames++
			wantBytes += len(f)
		}
	}
	if frames != wantFrames || bytes != wantBytes {
		t.Fatalf("queued %d frames, %d bytes; want %d, %d", frames, bytes, wantFrames, wantBytes)
	}
	if n := o.StateQueued(); n != len(m.state) {
		t.Fatalf("%d state frames, want %d", n, len(m.state))
	}
	idle := m.flying == nil && wantFrames == 0 && m.last == nil
	if o.Idle() != idle {
		t.Fatalf("idle: %v, want %v", o.Idle(), idle)
	}
}

// guards N21, G6: against a naive model, in any order of calls: each frame is
// handed out once, whole, in the order of its lane, heartbeats first, the
// goodbye last; and no lane holds more than its bound.
func TestOutboxIsItsModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := outbox.Bounds{
			Bytes:   rapid.IntRange(10, 400).Draw(t, "bytes"),
			Frames:  rapid.IntRange(1, 12).Draw(t, "frames"),
			Control: rapid.IntRange(0, 6).Draw(t, "control"),
		}
		o, m := outbox.New(b), &model{bounds: b}
		n := 0
		draw := func(lane byte) []byte {
			n++
			return frame(lane, n, rapid.IntRange(7, 80).Draw(t, "size"))
		}
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) { m.check(t, &o) },
			"control": func(t *rapid.T) {
				f := draw('c')
				full := len(m.control) >= b.Control && !m.finished
				if err := o.Control(f); (err != nil) != full {
					t.Fatalf("%v with %d heartbeats", err, len(m.control))
				} else if err == nil && !m.finished {
					m.control = append(m.control, f)
				}
			},
			"data": func(t *rapid.T) {
				f := draw('d')
				ok := m.finished || m.admitsData(f)
				if err := o.Data(f); (err == nil) != ok {
					t.Fatalf("%v for %d bytes; waiting %d, %d bytes; flying %d", err, len(f), len(m.data), bytesOf(m.data), len(m.flyingData()))
				} else if err == nil && !m.finished {
					m.data = append(m.data, f)
				}
			},
			"force": func(t *rapid.T) {
				f := draw('d')
				if rapid.IntRange(0, 5).Draw(t, "large") == 0 {
					f = append(f, make([]byte, 2*b.Bytes)...)
				}
				ok := len(m.data) < 1024 && bytesOf(m.data)+len(f) <= 4*b.Bytes
				if err := o.Force(f); (err == nil) != (ok || m.finished) {
					t.Fatalf("%v for %d bytes; %d wait", err, len(f), bytesOf(m.data))
				} else if err == nil && !m.finished {
					m.data = append(m.data, f)
				}
			},
			"renew": func(t *rapid.T) {
				f := draw('c')
				o.Renew(f)
				switch {
				case m.finished:
				case len(m.control) < 16*max(b.Control, 1):
					m.control = append(m.control, f)
				default:
					m.control[len(m.control)-1] = f
				}
			},
			"state": func(t *rapid.T) {
				f, g := draw('s'), draw('s')
				o.State(f, g)
				if !m.finished {
					m.state = append(m.state, f, g)
				}
			},
			"bulk": func(t *rapid.T) {
				f := draw('f')
				o.Bulk(f)
				if !m.finished {
					m.bulk = append(m.bulk, f)
				}
			},
			"take": func(t *rapid.T) {
				budget := rapid.IntRange(1, 200).Draw(t, "budget")
				prefix := [][]byte{[]byte("x")}[:rapid.IntRange(0, 1).Draw(t, "prefix")]
				got := o.Take(prefix, budget)
				m.take(t, got[len(prefix):], budget)
			},
			"written": func(*rapid.T) {
				o.Written()
				m.flying = nil
			},
			"finish": func(t *rapid.T) {
				if rapid.IntRange(0, 9).Draw(t, "finish") > 0 {
					return
				}
				last := [][]byte{nil, frame('b', 0, 20)}[rapid.IntRange(0, 1).Draw(t, "last")]
				drop := rapid.Bool().Draw(t, "drop")
				o.Finish(last, drop)
				if m.finished {
					return // the first one stands
				}
				m.finished, m.last, m.bulk = true, last, nil
				if drop {
					m.control, m.data, m.state = nil, nil, nil
				}
			},
		})
		// However it stands, it runs dry.
		for i := 0; !o.Idle(); i++ {
			if i > 1000 {
				t.Fatal("it does not run dry")
			}
			o.Written()
			m.flying = nil
			m.take(t, o.Take(nil, 50), 50)
			m.check(t, &o)
		}
	})
}
