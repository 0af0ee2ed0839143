package supervisor_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// TestConfigErrors: every mistake is reported, all at once, by name.
func TestConfigErrors(t *testing.T) {
	bad := supervisor.Config{
		Node: "a\nnode", HandshakeTimeout: -1, WriteTimeout: -1, Grace: 50 * 24 * time.Hour, Policy: 7,
		MaxFrame: 100, Recent: -1, Credits: -5, Interval: time.Minute, Timeout: 90 * time.Second,
	}
	err := bad.Validate()
	if !errors.Is(err, supervisor.ErrConfig) {
		t.Fatalf("%v", err)
	}
	for _, word := range []string{"node", "handshake timeout", "write timeout", "grace", "policy", "frames", "recent", "credits", "interval"} {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("nothing is said of %s in:\n%v", word, err)
		}
	}
	if _, err := supervisor.New(bad); !errors.Is(err, supervisor.ErrConfig) {
		t.Errorf("New says %v", err)
	}
	for _, c := range []supervisor.Config{
		{Node: strings.Repeat("x", 65)}, {Node: "\xff"}, {MaxFrame: 2 << 20}, {Timeout: -1}, {Interval: time.Hour, Timeout: time.Minute},
		{MinTimeout: time.Hour}, {QueueBytes: -1}, {Linger: -1}, {FrameTimeout: 1}, {LoginTimeout: time.Microsecond},
	} {
		if err := c.Validate(); !errors.Is(err, supervisor.ErrConfig) {
			t.Errorf("%+v is taken: %v", c, err)
		}
	}
	if err := (supervisor.Config{}).Validate(); err != nil {
		t.Errorf("the zero value is refused: %v", err)
	}
}

// TestWhateverIsValidWorks: a server with any config that is taken serves a
// client.
func TestWhateverIsValidWorks(t *testing.T) {
	small := func(rt *rapid.T, name string) int { return rapid.SampledFrom([]int{0, 1, 2, 3, 100}).Draw(rt, name) }
	span := func(rt *rapid.T, name string) time.Duration {
		return rapid.SampledFrom([]time.Duration{
			0, 1, time.Microsecond, time.Millisecond, 100 * time.Millisecond, time.Second,
		}).Draw(rt, name)
	}
	whole := func(rt *rapid.T, name string) time.Duration {
		return rapid.SampledFrom([]time.Duration{0, time.Millisecond, time.Second, time.Hour}).Draw(rt, name)
	}
	tried := 0
	rapid.Check(t, func(rt *rapid.T) {
		beat := rapid.SampledFrom([]supervisor.Config{
			{}, {Interval: time.Millisecond}, {Timeout: time.Millisecond}, {Interval: time.Second, Timeout: time.Minute},
			{MinInterval: time.Millisecond, MinTimeout: time.Second}, {Timeout: 1},
			{Interval: 100 * time.Microsecond, Timeout: time.Second}, {Timeout: time.Hour},
		}).Draw(rt, "heartbeat")
		c := supervisor.Config{
			Node:     rapid.SampledFrom([]string{"", "n", "a node of ours", strings.Repeat("x", 64)}).Draw(rt, "node"),
			Interval: beat.Interval, Timeout: beat.Timeout, MinInterval: beat.MinInterval, MinTimeout: beat.MinTimeout,
			Grace: span(rt, "grace"), Linger: span(rt, "linger"), FlushInterval: span(rt, "flush"),
			HandshakeTimeout: whole(rt, "handshake"), WriteTimeout: whole(rt, "write"), FrameTimeout: whole(rt, "frame"),
			MaxSessions: small(rt, "sessions"), MaxConnections: small(rt, "connections"),
			MaxFrame:   rapid.SampledFrom([]int{0, 4096, 5000, 1 << 20}).Draw(rt, "max frame"),
			ReadBuffer: small(rt, "read buffer"), Credits: small(rt, "credits"),
			QueueBytes: rapid.SampledFrom([]int{0, 8 << 10}).Draw(rt, "queue bytes"), QueueFrames: rapid.SampledFrom([]int{0, 4}).Draw(rt, "queue frames"),
			History: small(rt, "history"), Recent: small(rt, "recent"),
		}
		if c.Validate() != nil {
			return
		}
		tried++
		if !t.Run("", func(t *testing.T) {
			inBubble(t, c, func(w *world) {
				p := w.dial().hello("device").login("alice")
				p.watch()
				p.send(&wire.Send{ID: 100, To: "alice", Body: make([]byte, 3000)})
				if m, ok := p.answer(100).(*wire.Ack); !ok {
					t.Errorf("the message was answered by %T", m)
				}
				want[*wire.Deliver](p)
				w.agree(p)
			})
		}) {
			rt.Fatalf("%+v does not work", c)
		}
	})
	least := 50
	if testing.Short() {
		least = 5 // rapid makes fewer tries
	}
	if tried < least {
		t.Errorf("only %d configs were tried", tried)
	}
}
