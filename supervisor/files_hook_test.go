package supervisor_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// TestOfferHook: the embedding program refuses in its own words, and is told
// everything that it needs for it; a panic in it costs that one offer.
func TestOfferHook(t *testing.T) {
	var seen atomic.Pointer[supervisor.FileOffer]
	hook := func(_ context.Context, o supervisor.FileOffer) error {
		seen.Store(&o)
		switch o.Meta.Name {
		case "refused":
			return errors.New("not in this house")
		case "panics":
			panic("a secret")
		case "bad error":
			return wordless{}
		}
		return nil
	}
	inDepot(t, supervisor.Config{Offer: hook}, func(d *depot) {
		ann, bob := d.join("ann"), d.join("bob")
		for _, relay := range []bool{false, true} {
			offer := func(name string) wire.Message {
				m := putOf(name, []byte("x"), "bob")
				m.Relay, m.Media = relay, "text/plain"
				return ann.ask(m)
			}
			if e, ok := offer("refused").(*wire.Error); !ok || e.Code != wire.CodeNotAllowed || e.Text != "not in this house" {
				t.Errorf("refused: %+v", e)
			}
			if o := seen.Load(); o.Connection != ann.id || o.Relay != relay || o.Meta.Owner != "ann" || o.Meta.Size != 1 ||
				o.Meta.Type != "text/plain" || len(o.Meta.Recipients) != 1 || o.Meta.Created == 0 {
				t.Errorf("the program was asked for %+v", o)
			}
			for _, name := range []string{"panics", "bad error"} {
				if e, ok := offer(name).(*wire.Error); !ok || e.Code != wire.CodeInternal || e.Text != "internal error" {
					t.Errorf("%s: %+v", name, e)
				}
			}
			if _, ok := offer("taken").(*wire.PutOK); !ok {
				t.Error("it was not taken")
			}
		}
		d.heard(bob, "offered taken")
		if n := d.s.Counters().HandlerPanics; n != 4 {
			t.Errorf("%d panics of the program's are counted", n)
		}
	})
}

type wordless struct{}

func (wordless) Error() string { panic("no words") }

// TestOfferHookMayBlock: for as long as its connection lives, and it delays
// nothing but its own offer. Guards H10.
func TestOfferHookMayBlock(t *testing.T) {
	var waiting atomic.Int32
	gate := make(chan struct{})
	hook := func(ctx context.Context, o supervisor.FileOffer) error {
		if o.Meta.Name != "waits" {
			return nil
		}
		waiting.Add(1)
		defer waiting.Add(-1)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-gate:
			return nil
		}
	}
	inDepot(t, supervisor.Config{Offer: hook}, func(d *depot) {
		gate = make(chan struct{}) // of this bubble
		ann, bob := d.join("ann"), d.join("bob")
		m := putOf("waits", nil, "bob")
		for i := range 10 {
			m.Request = uint64(100 + i)
			ann.send(m)
		}
		ann.upload(putOf("passes", nil, "bob"), nil)
		bob.upload(putOf("passes", nil, "bob"), nil)
		d.after(10 * time.Minute)
		d.alive(ann, bob)
		if n := waiting.Load(); n != 10 {
			t.Errorf("%d offers wait", n)
		}
		ann.cut()
		d.settle()
		if n := waiting.Load(); n != 0 {
			t.Errorf("%d offers of a connection that has gone wait", n)
		}
		// Who logs out and in again meanwhile is another.
		m.Request = 200
		bob.send(m, &wire.Logout{Request: 201}, &wire.Login{Request: 202, User: "eve"})
		d.settle()
		close(gate)
		if e, ok := bob.fileAnswer(200).(*wire.Error); !ok || e.Code != wire.CodeNotLoggedIn {
			t.Errorf("the offer of a user who has gone was answered by %+v", e)
		}
		if len(d.stored()) != 2 {
			t.Errorf("%d files are stored", len(d.stored()))
		}
	})
}

// TestShutdownEndsAWaitingHook: a shutdown does not wait for a judgement that
// nobody needs any more.
func TestShutdownEndsAWaitingHook(t *testing.T) {
	hook := func(ctx context.Context, _ supervisor.FileOffer) error {
		<-ctx.Done()
		return nil // as if it were all right
	}
	inDepot(t, supervisor.Config{Offer: hook}, func(d *depot) {
		ann := d.join("ann")
		m := putOf("x", nil, "bob")
		m.Request = 100
		ann.send(m)
		d.settle()
		start := time.Now()
		if err := d.s.Shutdown(ctx); err != nil || time.Since(start) > 2*time.Second {
			t.Errorf("shutdown: %v after %v", err, time.Since(start))
		}
		d.down = true
		if n := d.disk.called("Begin", "x"); n != 0 {
			t.Errorf("%d files were begun", n)
		}
	})
}
