package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"example.com/rollcall/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// What the floors and the load write by hand, the protocol's own codec reads;
// and the other way round.
func TestScanIsTheProtocol(t *testing.T) {
	for _, n := range []uint64{1, 23, 24, 255, 256, 65535, 65536, 1 << 40} {
		b := appendDeliver(nil, n, "ann", []byte("hi"), n+1)
		ty, body, size, err := cut(b)
		if err != nil || size != len(b) {
			t.Fatal(size, err)
		}
		m, err := wire.Decode(ty, body)
		if d, ok := m.(*wire.Deliver); err != nil || !ok || d.ID != n || d.From != "ann" || string(d.Body) != "hi" || d.Connection != n+1 {
			t.Errorf("%+v, %v", m, err)
		}
		ty, body, _, _ = cut(appendPong(nil, n))
		if m, err := wire.Decode(ty, body); err != nil || m.(*wire.Pong).Echo != n {
			t.Errorf("%+v, %v", m, err)
		}
		_, body, _, _ = cut(must(&wire.Send{ID: n, To: "bob", Body: []byte("text"), NoAck: true}))
		if id, to, text := message(body); id != n || string(to) != "bob" || string(text) != "text" {
			t.Error(id, to, text)
		}
		_, body, _, _ = cut(must(&wire.Delta{Epoch: 1, From: n, To: n + 1}))
		if got := numbers(body); got[2] != n || got[3] != n+1 {
			t.Error(got)
		}
		_, body, _, _ = cut(must(&wire.Login{Request: n, User: "ann"}))
		if request, user := login(body); request != n || user != "ann" {
			t.Error(request, user)
		}
	}
}

func TestScanOfNonsense(t *testing.T) {
	for _, b := range [][]byte{nil, {0xa1}, {0xa1, 1}, {0xa1, 1, 0x62, 'x'}, {0xbf}, {0xa5, 1, 0x1b, 0}, {0x82, 1, 2}} {
		numbers(b)
		message(b)
		login(b)
	}
	if _, _, _, err := cut([]byte{0, 0, 0, 0, 1}); err == nil {
		t.Error("a frame without a type")
	}
}

// Both floors do the job that they are the floor of: presence and routing.
func TestFloorsDoTheJob(t *testing.T) {
	for _, kind := range []string{"epoll", "go"} {
		t.Run(kind, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			r, w := io.Pipe()
			done := make(chan error, 1)
			go func() { done <- Floor(ctx, kind, "127.0.0.1:0", w) }()
			defer func() { <-done }()
			defer cancel()
			var at string
			if _, err := fmt.Fscanf(r, "listening on %s\n", &at); err != nil {
				t.Fatal(err)
			}
			v, err := newVisitors(at)
			if err != nil {
				t.Fatal(err)
			}
			defer v.loop.close()
			all, err := v.enter(ctx, 3, func(i int) visit { return visit{user: fmt.Sprint("user-", i)} })
			if err != nil {
				t.Fatal(err)
			}
			if err := v.watch(ctx, all[:1]); err != nil {
				t.Fatal(err)
			}
			var got []byte
			v.frame = func(c *conn, ty wire.Type, body []byte) {
				if ty == wire.TypeDeliver && c == all[2] {
					got = append(got, body...)
				}
			}
			v.loop.send(all[1], must(&wire.Send{ID: 9, To: "user-2", Body: []byte("hi")}))
			if err := v.until(ctx, func() bool { return len(got) > 0 }); err != nil || !bytes.Contains(got, []byte("user-1")) {
				t.Fatalf("%q, %v", got, err)
			}
			before := all[0].version
			delete(v.loop.conns, all[1].fd)
			_ = os.NewFile(uintptr(all[1].fd), "socket").Close() //nolint:gosec // a descriptor
			if err := v.until(ctx, func() bool { return all[0].version == before+1 }); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestMedians(t *testing.T) {
	if m := median([]float64{3, 1, 2}); m != 2 {
		t.Error(m)
	}
	if q := quantile([]float64{1, 2, 3, 4}, 0.99); q != 4 {
		t.Error(q)
	}
	if r := ratio([]float64{2, 9, 4}, []float64{1, 3, 2}); r != 2 {
		t.Error(r)
	}
	if r := ratio(nil, nil); r != 0 {
		t.Error(r)
	}
}

var _ net.Conn = (*memory)(nil)

// In memory too, everybody comes in, is told of, and goes.
func TestScale(t *testing.T) {
	v, err := Scale{Count: 300, Interval: time.Second, Duration: 50 * time.Millisecond, Leavers: 100}.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range v {
		if x.Name == "connections still there" && x.Value != 300 {
			t.Errorf("%v of 300 are left", x.Value)
		}
	}
}

// Who interrupts it is told what is known so far, and how far it had come.
func TestScaleInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	why := errors.New("interrupted")
	s := Scale{Count: 3000, Interval: time.Second, Duration: time.Hour}
	s.Progress = func(format string, _ ...any) {
		if strings.Contains(format, "watching") {
			cancel(why)
		}
	}
	v, err := s.Run(ctx)
	if !errors.Is(err, why) {
		t.Error(err)
	}
	known := map[string]float64{}
	for _, x := range v {
		known[x.Name] = x.Value
	}
	if known["connections, logged in"] != 3000 || known["live heap each"] < 500 || known["connections still there"] != 0 {
		t.Error(known)
	}
}

// fedCount stands for the server's side of a client in memory.
type fedCount struct{ ended int }

func (*fedCount) Came([]byte) bool { return true }
func (*fedCount) Room()            {}
func (f *fedCount) Ended(error)    { f.ended++ }

// Those whom the server has ended are not waited for, and none of them leaves.
func TestScaleLost(t *testing.T) {
	c := newCrowded()
	defer c.stop()
	all := people{pieces: [][]memory{make([]memory, fillBatch), make([]memory, 6)}, count: fillBatch + 6}
	feds := make([]fedCount, all.count)
	for i := range feds {
		*all.at(i) = memory{of: &c.before, to: &feds[i]}
	}
	all.at(1).of = &c.within // has logged in, and is lost all the same
	c.logged.Store(int64(all.count - 2))
	for _, i := range []int{0, 1, fillBatch} {
		_ = all.at(i).Close()
	}
	if n := c.left(all.count); n != 0 {
		t.Errorf("%d are left", n)
	}
	// Of every two one goes: of the first two, none is there.
	n := all.end(all.count/2, c.lost.all())
	if want := int64(all.count/2 - 1); n != want {
		t.Errorf("%d have left, want %d", n, want)
	}
	for i, f := range feds {
		lost := i < 2 || i == fillBatch
		if goes := i%2 == 0 && !lost || i == fillBatch+1; goes != (f.ended == 1) || f.ended > 1 {
			t.Errorf("client %d left %d times", i, f.ended)
		}
	}
	_ = all.at(2).Close()
	if len(c.lost.all()) != 3 || c.lost.strangers.Load() != 2 {
		t.Error("who left is lost")
	}
	if n := all.end(0, nil); n != 0 {
		t.Errorf("of none, %d left", n)
	}
}

// Memory that does not suffice is told of beforehand, and the collector is left
// alone when somebody has chosen.
func TestScaleMemory(t *testing.T) {
	for _, x := range []struct {
		gc     int
		chosen bool
		room   int64
		want   memoryPlan
	}{
		{0, false, 2 << 30, memoryPlan{2 << 30, -1}},
		{50, false, 1 << 30, memoryPlan{math.MaxInt64, 50}},
		{50, true, 1 << 30, memoryPlan{math.MaxInt64, 50}},
		{0, true, 1 << 30, memoryPlan{math.MaxInt64, 0}},
	} {
		if got := planMemory(x.gc, x.chosen, x.room); got != x.want {
			t.Errorf("%+v: %+v", x, got)
		}
	}
	var told []string
	s := Scale{Count: 1, Leave: math.MaxInt64 / 4, Progress: func(format string, _ ...any) { told = append(told, format) }}
	memoryPlan{math.MaxInt64, 0}.begin(s)()
	if len(told) != 1 || !strings.Contains(told[0], "will fit") {
		t.Error(told)
	}
}
