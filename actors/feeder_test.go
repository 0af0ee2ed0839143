package actors

import (
	"bytes"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/rollcall/wire"
)

// fedEnd is a Feeder with a client that the test plays.
type fedEnd struct {
	net.Conn // nil: what is not below is never called
	to       Fed
	mu       sync.Mutex
	room     int // how much TryWrite takes; negative: everything
	sent     []byte
	closed   int
}

func (f *fedEnd) Feed(to Fed) { f.to = to }

func (f *fedEnd) TryWrite(frames [][]byte) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, b := range frames {
		k := len(b)
		if f.room >= 0 {
			k = min(k, f.room)
			f.room -= k
		}
		f.sent = append(f.sent, b[:k]...)
		if n += k; k < len(b) {
			break
		}
	}
	return int64(n), nil
}

func (f *fedEnd) LocalAddr() net.Addr  { return addr("10.0.0.9:1") }
func (f *fedEnd) RemoteAddr() net.Addr { return addr("10.0.0.8:1") }

func (f *fedEnd) Close() error {
	f.mu.Lock()
	f.closed++
	f.mu.Unlock()
	return nil
}

// messages takes what was sent so far.
func (f *fedEnd) messages(t *testing.T) (all []wire.Message) {
	t.Helper()
	synctest.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	for {
		frame, n, err := wire.Cut(f.sent, wire.MaxMaxFrame)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return all
		}
		m, err := wire.Decode(frame.Type, frame.Body)
		if err != nil {
			t.Fatal(err)
		}
		f.sent = f.sent[n:]
		all = append(all, m)
	}
}

func parkedWorld(t *testing.T, test func(t *testing.T, w *world, f *fedEnd), change ...func(*Settings)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, change...)
		f := &fedEnd{room: -1}
		if err := w.sys.Accept(f); err != nil {
			t.Fatal(err)
		}
		test(t, w, f)
	})
}

func frames(all ...wire.Message) (b []byte) {
	for _, m := range all {
		b = append(b, frameOf(m)...)
	}
	return b
}

// What comes in pieces of any size is what was sent.
func TestParkedPieces(t *testing.T) {
	for _, size := range []int{1, 2, 7, 100, 1 << 16} {
		parkedWorld(t, func(t *testing.T, w *world, f *fedEnd) {
			b := frames(hello("x"), &wire.Login{Request: 1, User: "ann"})
			for i := range 5 {
				b = append(b, frames(&wire.Send{ID: uint64(10 + i), To: "ann", Body: make([]byte, 300*i)})...) //nolint:gosec // small
			}
			for len(b) > 0 {
				k := min(size, len(b))
				f.to.Came(b[:k])
				b = b[k:]
			}
			next := uint64(10)
			for _, m := range f.messages(t) {
				if d, ok := m.(*wire.Deliver); ok {
					if d.ID != next || len(d.Body) != int(300*(next-10)) { //nolint:gosec // small
						t.Fatalf("pieces of %d: %d came with %d bytes", size, d.ID, len(d.Body))
					}
					next++
				}
			}
			if next != 15 {
				t.Errorf("pieces of %d: %d of 5 came", size, next-10)
			}
			f.to.Ended(io.EOF)
			synctest.Wait()
			w.wantEnd(1, wire.ReasonEOF)
			if f.closed != 1 {
				t.Errorf("closed %d times", f.closed)
			}
		})
	}
}

// guards N1, G2: an end in the middle of a frame ends the connection at once, once.
func TestParkedEndMidFrame(t *testing.T) {
	parkedWorld(t, func(t *testing.T, w *world, f *fedEnd) {
		f.to.Came(frames(hello("x")))
		b := frames(&wire.Ping{Time: 1 << 40})
		f.to.Came(b[:len(b)-1])
		f.to.Ended(io.EOF)
		f.to.Ended(io.EOF)
		synctest.Wait()
		if end := w.wantEnd(1, wire.ReasonEOF); !end.MidFrame {
			t.Error("not in the middle of a frame")
		}
	})
}

// guards H6, G4: without credits nothing more is handed on, nothing is lost, the
// order stays, and the silence counts as ours.
func TestParkedWithoutCredits(t *testing.T) {
	gate := make(chan struct{})
	parkedWorld(t, func(t *testing.T, w *world, f *fedEnd) {
		f.to.Came(frames(hello("x"), &wire.Login{Request: 1, User: "ann"}))
		synctest.Wait()
		var b []byte
		for i := range 40 {
			b = append(b, frames(&wire.Send{ID: uint64(100 + i), To: "ann", NoAck: true})...) //nolint:gosec // small
		}
		w.onMessage(func(id string, msg any) {
			if _, ok := msg.(*parcel); ok && id == "test/users" {
				<-gate
			}
		})
		if !f.to.Came(b) {
			t.Error("it took 40 frames for 8 credits")
		}
		if !f.to.Came(frames(&wire.Ping{Time: 7})) {
			t.Error("it is no longer full")
		}
		if !w.sys.registry.all[1].credits.held() {
			t.Error("the silence is not ours")
		}
		close(gate)
		next, pong := uint64(100), false
		for _, m := range f.messages(t) {
			switch m := m.(type) {
			case *wire.Deliver:
				if m.ID != next {
					t.Fatalf("%d came in place of %d", m.ID, next)
				}
				next++
			case *wire.Pong:
				pong = true
			}
		}
		if next != 140 || !pong {
			t.Errorf("%d of 40 came, the ping's answer: %t", next-100, pong)
		}
		f.to.Ended(io.EOF)
	}, func(s *Settings) { s.Credits = 8 })
}

// guards P7, G6: what a transport does not take waits, goes on where it was, and
// ends the connection after the write timeout.
func TestParkedWithoutRoom(t *testing.T) {
	parkedWorld(t, func(t *testing.T, w *world, f *fedEnd) {
		f.to.Came(frames(hello("x"), &wire.Login{Request: 1, User: "ann"}))
		f.messages(t)
		f.mu.Lock()
		f.room = 100
		f.mu.Unlock()
		body := bytes.Repeat([]byte{'x'}, 1000)
		f.to.Came(frames(&wire.Send{ID: 1, To: "ann", Body: body, NoAck: true}, &wire.Send{ID: 2, To: "ann", Body: body, NoAck: true}))
		if got := f.messages(t); len(got) != 0 || len(f.sent) != 100 {
			t.Fatalf("%d messages, %d bytes", len(got), len(f.sent))
		}
		f.mu.Lock()
		f.room = -1
		f.mu.Unlock()
		f.to.Room()
		got := f.messages(t)
		if len(got) != 2 || !bytes.Equal(got[1].(*wire.Deliver).Body, body) {
			t.Fatalf("%d messages", len(got))
		}
		f.mu.Lock()
		f.room = 3
		f.mu.Unlock()
		f.to.Came(frames(&wire.Ping{Time: 1}))
		for range 24 { // it goes on sending, and does not read
			time.Sleep(time.Second)
			f.to.Came(frames(&wire.Pong{Echo: 1}))
		}
		synctest.Wait()
		w.wantEnd(1, wire.ReasonSlowConsumer)
	})
}

// guards G4: who is silent is pinged, and ended at its timeout.
func TestParkedSilence(t *testing.T) {
	parkedWorld(t, func(t *testing.T, w *world, f *fedEnd) {
		f.to.Came(frames(hello("x")))
		f.messages(t)
		time.Sleep(29 * time.Second)
		pinged := false
		for _, m := range f.messages(t) {
			_, ok := m.(*wire.Ping)
			pinged = pinged || ok
		}
		if !pinged || w.terminationOf(1) != nil {
			t.Errorf("pinged %t, ended %v", pinged, w.terminationOf(1))
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		w.wantEnd(1, wire.ReasonHeartbeatTimeout)
		f.to.Ended(io.EOF)
	})
}

// A frame that is none ends the connection with its reason, and the client is
// told.
func TestParkedBadFrames(t *testing.T) {
	for reason, b := range map[wire.Reason][]byte{
		wire.ReasonFrameTooLarge: {0xff, 0xff, 0xff, 0xff, 1},
		wire.ReasonProtocolError: {0, 0, 0, 2, 1, 0xff},
	} {
		parkedWorld(t, func(t *testing.T, w *world, f *fedEnd) {
			f.to.Came(b)
			f.to.Came([]byte("more"))
			got := f.messages(t)
			if bye, ok := got[len(got)-1].(*wire.Bye); !ok || bye.Reason != reason {
				t.Errorf("%v", got)
			}
			synctest.Wait()
			f.to.Ended(io.EOF)
			synctest.Wait()
			w.wantEnd(1, reason)
		})
	}
}
