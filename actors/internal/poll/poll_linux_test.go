package poll_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"testing"

	"example.com/rollcall/actors/internal/poll"
)

// party is a client of the pollers: it gathers what comes.
type party struct {
	t    *testing.T
	seat poll.Seat
	conn net.Conn // the polled end
	peer net.Conn

	mu    sync.Mutex
	moved *sync.Cond
	got   []byte
	err   error
	left  int
	own   []byte      // non-nil: read into it
	after func() bool // asked after each read whether the connection is handed over
	given int
}

func (p *party) Space() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.own
}

func (p *party) Came(b []byte, err error) func() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.got, p.err = append(p.got, b...), err
	p.moved.Broadcast()
	if err == nil && (p.after == nil || !p.after()) {
		return nil
	}
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.given++
		p.moved.Broadcast()
	}
}

func (p *party) Left() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left++
	p.moved.Broadcast()
}

func (p *party) until(holds func() bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for !holds() {
		p.moved.Wait()
	}
}

func tcp(t *testing.T) (*net.TCPConn, *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	a, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	b, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close(); _ = b.Close() })
	return a.(*net.TCPConn), b.(*net.TCPConn)
}

func pollers(t *testing.T) *poll.Pollers {
	ps := new(poll.Pollers)
	t.Cleanup(ps.Close)
	return ps
}

func newParty(t *testing.T, id uint64) *party {
	peer, conn := tcp(t)
	p := &party{t: t, conn: conn, peer: peer}
	p.moved = sync.NewCond(&p.mu)
	p.seat = poll.SeatOf(conn, id, p)
	return p
}

func (p *party) send(b string) {
	p.t.Helper()
	if _, err := p.peer.Write([]byte(b)); err != nil {
		p.t.Fatal(err)
	}
}

// Bytes come, in order, for many connections; a handed over one is read by its
// owner and parked again.
func TestBytesCome(t *testing.T) {
	ps := pollers(t)
	var all []*party
	for i := range 50 {
		p := newParty(t, uint64(i)<<31+1) // numbers past 32 bits too
		if i%2 == 0 {
			p.own = make([]byte, 3)
		}
		p.send("early ")
		if !ps.Take(&p.seat) {
			t.Fatal("not taken")
		}
		all = append(all, p)
	}
	for _, p := range all {
		p.send("and late")
	}
	for _, p := range all {
		p.until(func() bool { return string(p.got) == "early and late" })
		p.mu.Lock()
		p.after = func() bool { return true }
		p.mu.Unlock()
		p.send("!")
		p.until(func() bool { return p.given == 1 })
		p.send("mine")
		b := make([]byte, 4)
		if _, err := io.ReadFull(p.conn, b); err != nil || string(b) != "mine" {
			t.Fatalf("%q, %v", b, err)
		}
		p.after = nil
		p.send("again")
		if !ps.Take(&p.seat) {
			t.Fatal("not taken again")
		}
		p.until(func() bool { return string(p.got) == "early and late!again" })
		ps.Leave(&p.seat)
		_ = p.conn.Close()
		if p.until(func() bool { return p.left == 1 }); p.err != nil {
			t.Error(p.err)
		}
	}
}

// The end of a stream is told with what came before it, once, and how it ended.
func TestEnds(t *testing.T) {
	ps := pollers(t)
	p := newParty(t, 1)
	ps.Take(&p.seat)
	p.send("last words")
	_ = p.peer.Close()
	p.until(func() bool { return p.given == 1 })
	if string(p.got) != "last words" || !errors.Is(p.err, io.EOF) {
		t.Errorf("%q, %v", p.got, p.err)
	}
	ps.Leave(&p.seat)
	if p.left != 0 {
		t.Error("told twice")
	}
	q := newParty(t, 2)
	ps.Take(&q.seat)
	_ = q.peer.(*net.TCPConn).SetLinger(0)
	_ = q.peer.Close()
	q.until(func() bool { return q.given == 1 })
	if !errors.Is(q.err, syscall.ECONNRESET) {
		t.Errorf("%v", q.err)
	}
}

// Whoever leaves while bytes come and go is told so exactly once, either way.
func TestLeavesAmidBytes(t *testing.T) {
	ps := pollers(t)
	for i := range 200 {
		p := newParty(t, uint64(i)+1)
		p.after = func() bool { return i%3 == 0 }
		if !ps.Take(&p.seat) {
			t.Fatal("not taken")
		}
		var writing sync.WaitGroup
		writing.Go(func() { _, _ = p.peer.Write([]byte("x")) })
		ps.Leave(&p.seat)
		_ = p.conn.Close()
		writing.Wait()
		p.until(func() bool { return p.left+p.given == 1 })
		ps.Leave(&p.seat) // once more does nothing
		if p.left+p.given != 1 {
			t.Fatalf("left %d, given %d", p.left, p.given)
		}
	}
}

// A closed transport cannot be parked; its owner finds out by reading.
func TestTakesNoClosedOne(t *testing.T) {
	ps := pollers(t)
	p := newParty(t, 1)
	_ = p.conn.Close()
	if ps.Take(&p.seat) {
		t.Error("taken")
	}
	pipe, other := net.Pipe()
	defer pipe.Close()
	defer other.Close()
	s := poll.SeatOf(pipe, 2, p)
	if ps.Take(&s) {
		t.Error("a pipe was taken")
	}
	if n, err := s.TryWrite([][]byte{{1}}); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	ps.Leave(&s)
}

// TryWrite writes all frames, more than one call of the system takes, and of what
// does not fit only what does.
func TestTryWrite(t *testing.T) {
	p := newParty(t, 1)
	var frames [][]byte
	var want []byte
	for i := range 3000 {
		frames = append(frames, []byte{byte(i), byte(i >> 8)})
		want = append(want, byte(i), byte(i>>8))
	}
	if n, err := p.seat.TryWrite(frames); err != nil || n != int64(len(want)) {
		t.Fatalf("%d, %v", n, err)
	}
	got := make([]byte, len(want))
	if _, err := io.ReadFull(p.peer, got); err != nil || !bytes.Equal(got, want) {
		t.Fatal("it came otherwise")
	}
	huge := [][]byte{make([]byte, 8<<20), make([]byte, 8<<20)}
	n, err := p.seat.TryWrite(huge)
	if err != nil || n <= 0 || n >= 16<<20 {
		t.Fatalf("%d, %v", n, err)
	}
	if n, err := p.seat.TryWrite(huge); n != 0 || err != nil {
		t.Errorf("%d more, %v", n, err)
	}
	_ = p.conn.Close()
	if _, err := p.seat.TryWrite(huge); err == nil {
		t.Error("written to what is closed")
	}
}
