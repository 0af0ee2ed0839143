package supervisor_test

import (
	"errors"
	"io"
	"runtime"
	"testing"
	"time"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// badInput is something that no client should send.
type badInput struct {
	name    string
	greeted bool // after the handshake, not instead of it
	bytes   []byte
	reason  wire.Reason
}

// TestBadInput tries the table of bad inputs against a running server over real
// sockets, many times each: every one gets a goodbye with its reason and then
// the end of the stream, not a reset; the counters tell of it; the memory of the
// server stays bounded; and other clients notice nothing. Guards G2, G6.
func TestBadInput(t *testing.T) {
	r := serve(t, supervisor.Config{Node: "bad input"})
	stop := r.healthyPair(t)
	const times = 5
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	table := badInputs()
	expected := map[string]uint64{}
	for _, c := range table {
		t.Run(c.name, func(t *testing.T) {
			for range times {
				p := r.dial(t)
				if c.greeted {
					p.hello("bad")
				}
				// The server may have closed before all is written.
				sent := make(chan struct{})
				go func() { defer close(sent); _ = p.putRaw(c.bytes) }()
				if bye, err := p.bye(); bye == nil || bye.Reason != c.reason || !errors.Is(err, io.EOF) {
					t.Fatalf("the client read %+v, then %v", bye, err)
				}
				p.cut()
				<-sent
			}
		})
		expected[c.reason.String()] += times
	}
	runtime.ReadMemStats(&after)
	// What the runtime has taken from the system never falls, so that this sees
	// the highest point. The largest input is a megabyte, and is held by the test.
	const bound = 64 << 20
	if grown := int64(after.Sys) - int64(before.Sys); grown > bound {
		t.Errorf("G6: the process has grown by %d bytes", grown)
	}
	if n := stop(); n == 0 {
		t.Error("the healthy pair has exchanged nothing")
	}
	for reason, n := range expected {
		if got := r.s.Counters().Terminations[reason]; got != n {
			t.Errorf("%d terminations with %s, want %d", got, reason, n)
		}
	}
	if n := r.s.Counters(); n.Panics != 0 || n.HandlerPanics != 0 {
		t.Errorf("%d panics", n.Panics)
	}
	t.Logf("%d inputs, %d times each", len(table), times)
}

// TestSlowInput is the part of the table that takes time: silence, half of
// something and then silence, and a byte now and then.
func TestSlowInput(t *testing.T) {
	r := serve(t, supervisor.Config{
		HandshakeTimeout: time.Second, FrameTimeout: time.Second,
	})
	stop := r.healthyPair(t)
	hello, err := wire.Append(nil, &wire.Hello{MinVersion: 1, MaxVersion: 1, Identifier: "slow"})
	if err != nil {
		t.Fatal(err)
	}
	half := frame(wire.TypeSend, make([]byte, 1000)...)[:500]
	t.Run("group", func(t *testing.T) { // waits for its parallel parts
		for _, c := range []struct {
			name    string
			greeted bool
			once    []byte // at first
			drip    []byte // and then these, byte by byte
			reason  wire.Reason
		}{
			{"silence", false, nil, nil, wire.ReasonHandshakeTimeout},
			{"half a header", false, hello[:3], nil, wire.ReasonHandshakeTimeout},
			{"half a hello", false, hello[:9], nil, wire.ReasonHandshakeTimeout},
			{"a hello byte by byte", false, nil, hello, wire.ReasonHandshakeTimeout},
			{"a hello and silence", true, nil, nil, wire.ReasonHeartbeatTimeout},
			{"half a frame and silence", true, half, nil, wire.ReasonProtocolError},
			{"a frame byte by byte", true, half, make([]byte, 100), wire.ReasonProtocolError},
		} {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				p := r.dial(t)
				p.silence()
				if c.greeted {
					h := &wire.Hello{MinVersion: 1, MaxVersion: 1, Identifier: "slow"}
					if c.reason == wire.ReasonHeartbeatTimeout {
						h.Timeout = 2000 // the least that there is
					}
					p.helloWith(h)
				}
				p.raw(c.once)
				drip := time.NewTicker(200 * time.Millisecond)
				defer drip.Stop()
				for _, b := range c.drip {
					select {
					case <-drip.C:
					case <-p.done:
					}
					if p.putRaw([]byte{b}) != nil {
						break
					}
				}
				if bye, err := p.bye(); bye == nil || bye.Reason != c.reason || !errors.Is(err, io.EOF) {
					t.Errorf("the client read %+v, then %v", bye, err)
				}
			})
		}
	})
	if n := stop(); n == 0 {
		t.Error("the healthy pair has exchanged nothing")
	}
}

// TestUnknownIsSkipped: frames of unknown types and unknown fields are no bad
// input after the handshake; the client is served on.
func TestUnknownIsSkipped(t *testing.T) {
	r := serve(t, supervisor.Config{})
	p := r.join(t, "newer")
	p.raw(frame(100, 0xa0))
	p.raw(frame(255))
	p.raw(frame(77, 0xff, 0xff)) // its body is not looked at
	p.raw(frame(wire.TypePing, 0xa3, 1, 9, 0x18, 99, 0x81, 0x81, 1, 0x18, 100, 0xfb, 0, 0, 0, 0, 0, 0, 0, 0))
	if pong := want[*wire.Pong](p); pong.Echo != 9 {
		t.Errorf("pong %+v", pong)
	}
	if n := r.s.Counters().UnknownFrames; n != 3 {
		t.Errorf("%d unknown frames were counted", n)
	}
}
