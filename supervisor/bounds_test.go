package supervisor_test

import (
	"context"
	"fmt"
	"reflect"
	"testing"
	"time"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// narrow gives a peer's link small buffers, so that a reader that stops is felt
// early.
func (p *peer) narrow() *peer {
	p.link.server.out.change(func(q *pipe) { q.room = 512 })
	return p
}

// TestRecentTerminations: the list of those who left has a bound, keeps the
// newest, and can be asked for by user. Guards N17, P6, G6.
func TestRecentTerminations(t *testing.T) {
	inBubble(t, supervisor.Config{Recent: 16}, func(w *world) {
		for i := range 50 {
			p := w.join(fmt.Sprint("user ", i%5))
			if i%2 == 0 {
				p.cut()
			} else {
				p.send(&wire.Bye{Reason: wire.ReasonBye})
			}
			w.settle()
		}
		list := func(cursor uint64, limit int, match func(*supervisor.Termination) bool) supervisor.TerminationPage {
			page, err := w.s.Terminations(ctx, cursor, limit, match)
			if err != nil {
				t.Fatal(err)
			}
			return page
		}
		all := list(0, 1000, nil)
		if len(all.Terminations) != 16 || all.Next != 0 {
			t.Fatalf("N17: %d are kept, next %d", len(all.Terminations), all.Next)
		}
		for i, x := range all.Terminations {
			if x.Connection != uint64(50-i) {
				t.Errorf("in place %d is connection %d", i, x.Connection)
			}
		}
		var paged []supervisor.Termination
		for cursor := uint64(0); ; {
			page := list(cursor, 5, nil)
			paged = append(paged, page.Terminations...)
			if cursor = page.Next; cursor == 0 {
				break
			}
		}
		if !reflect.DeepEqual(paged, all.Terminations) {
			t.Errorf("pages of 5 give %d, others", len(paged))
		}
		mine := list(0, 0, func(x *supervisor.Termination) bool { return x.User == "user 3" })
		if len(mine.Terminations) != 3 {
			t.Errorf("P6: %d of user 3", len(mine.Terminations))
		}
	})
}

// TestSlowWatcher: a watcher that does not read for a while gets the newest
// state when it does, in few frames. Guards P7.
func TestSlowWatcher(t *testing.T) {
	inBubble(t, supervisor.Config{}, func(w *world) {
		slow, quick := w.watcher("slow"), w.watcher("quick")
		slow.narrow().look(func(v *view) { v.slow = true })
		before := len(has[*wire.Delta](slow))
		slow.freeze()
		for i := range 300 {
			p := w.join(fmt.Sprint("user ", i%10))
			if i < 290 {
				p.cut()
			}
			w.settle()
		}
		w.agree(quick)
		slow.thaw()
		w.agree(slow, quick)
		n := w.s.Counters()
		if n.Collapsed < 400 || n.Resnapshots != 0 {
			t.Errorf("%d changes collapsed, %d snapshots anew: the test proves nothing", n.Collapsed, n.Resnapshots)
		}
		if k := len(has[*wire.Delta](slow)) - before; k > 40 {
			t.Errorf("P7: %d frames for 590 changes of 10 users", k)
		}
		w.join("user 3") // and then it goes on as ever
		w.join("new").cut()
		w.agree(slow, quick)
		w.same("new", slow.told("new"), "+", "eof")
	})
}

// TestVerySlowWatcher: past the bound of what is collapsed it gets a snapshot.
// Guards P7, G6.
func TestVerySlowWatcher(t *testing.T) {
	inBubble(t, supervisor.Config{}, func(w *world) {
		slow := w.watcher("slow").narrow()
		slow.look(func(v *view) { v.slow = true })
		slow.freeze()
		many := w.dial().hello("many")
		for i := range 4700 { // more than the 4096 users that collapse
			if i%20 == 0 {
				w.settle()
			}
			many.login(fmt.Sprint("user ", i))
			r := many.next()
			many.send(&wire.Logout{Request: r})
			many.answer(r)
			if i%100 == 0 {
				w.after(10 * time.Millisecond) // past a flush interval: what is gathered goes out
			}
		}
		w.join("stays")
		w.settle()
		slow.thaw()
		w.agree(slow)
		if n := w.s.Counters().Resnapshots; n != 1 {
			t.Errorf("P7: %d snapshots anew", n)
		}
		slow.look(func(v *view) {
			if v.snapshots != 2 {
				t.Errorf("%d snapshots came", v.snapshots)
			}
		})
		w.join("new")
		w.agree(slow)
		w.same("new", slow.told("new"), "+")
	})
}

// TestWatcherThatNeverReads: it is cut, and its reason is told to the others.
// Guards P7, G6.
func TestWatcherThatNeverReads(t *testing.T) {
	inBubble(t, supervisor.Config{WriteTimeout: 5 * time.Second}, func(w *world) {
		watcher, slow := w.watcher("watcher"), w.watcher("slow").narrow()
		slow.freeze()
		for i := range 100 {
			w.join(fmt.Sprint("user ", i))
			w.settle()
		}
		w.after(5 * time.Second)
		last := w.ended(slow, wire.ReasonSlowConsumer)
		if last.QueueFrames == 0 || last.QueueBytes == 0 {
			t.Errorf("evidence %+v", last)
		}
		w.same("slow", watcher.told("slow"), "+", "slow_consumer")
		w.agree(watcher)
		slow.thaw()
	})
}

// TestClientsThatOnlyAsk: who asks and never reads the answers is cut, whatever
// it asks for, before it has cost much. Guards G6, H6.
func TestClientsThatOnlyAsk(t *testing.T) {
	for name, ask := range map[string]func(p *peer) wire.Message{
		"pings":   func(*peer) wire.Message { return &wire.Ping{Time: 1} },
		"watches": func(p *peer) wire.Message { return &wire.Watch{Request: p.next(), Everyone: true} },
		"sends":   func(p *peer) wire.Message { return &wire.Send{ID: p.next(), To: "asker", Body: make([]byte, 2000)} },
		"unknown": func(p *peer) wire.Message { return &wire.Request{Request: p.next(), Kind: "nobody's"} },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, supervisor.Config{QueueFrames: 100, QueueBytes: 64 << 10}, func(w *world) {
				for i := range 30 {
					w.join(fmt.Sprint("a user with a name of some length, number ", i))
				}
				other, p := w.join("other"), w.join("asker").narrow()
				p.freeze()
				for i := range 400 {
					if i == 200 {
						w.after(5 * time.Second) // till now it could have been a burst
					}
					if p.put(ask(p)) != nil {
						break
					}
				}
				w.after(20 * time.Second) // answers to requests wait with their credits, up to the write timeout
				last := w.ended(p, wire.ReasonSlowConsumer)
				if last.QueueFrames > 300 || last.QueueBytes > 128<<10 {
					t.Errorf("G6: %d frames, %d bytes were queued", last.QueueFrames, last.QueueBytes)
				}
				w.alive(other)
				p.thaw()
			})
		})
	}
}

// TestCredits: what a client has in flight inside the server is bounded: past it
// the server does not read, and the client's writes wait. Guards G6, H6.
func TestCredits(t *testing.T) {
	inBubble(t, supervisor.Config{Credits: 32}, func(w *world) {
		release := make(chan struct{})
		handled := 0
		if err := supervisor.Handle(w.s, "slow", func(context.Context, supervisor.Caller, []byte) error {
			<-release
			handled++
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		p, other := w.join("p"), w.join("other")
		const n = 500
		sent := make(chan error, 1)
		go func() {
			for range n {
				if err := p.put(&wire.App{Kind: "slow", Body: make([]byte, 1000)}); err != nil {
					sent <- err
					return
				}
			}
			sent <- nil
		}()
		w.after(time.Minute)
		info, err := w.s.Connection(ctx, p.id)
		if err != nil || info.FramesIn > 2+32+1 || info.BytesIn > 64<<10 {
			t.Errorf("G6: %d frames, %d bytes were read, %v", info.FramesIn, info.BytesIn, err)
		}
		select {
		case err := <-sent:
			t.Errorf("the client could send everything: %v", err)
		default:
		}
		w.alive(other)
		close(release)
		if err := <-sent; err != nil {
			t.Error(err)
		}
		w.settle()
		if handled != n {
			t.Errorf("%d of %d were handled", handled, n)
		}
		w.alive(p, other)
	})
}

// TestManyNames: a watcher may name so many users and no more. Guards G6.
func TestManyNames(t *testing.T) {
	inBubble(t, supervisor.Config{}, func(w *world) {
		p := w.join("watcher")
		names := make([]string, 500)
		for i := range 21 {
			for k := range names {
				names[k] = fmt.Sprint(i, "/", k)
			}
			r := p.next()
			p.send(&wire.Watch{Request: r, Users: names})
			m := p.answer(r)
			if e, ok := m.(*wire.Error); i == 20 && (!ok || e.Code != wire.CodeTooMany) {
				t.Errorf("the watch of 10,500 names was answered by %+v", m)
			} else if i < 20 && ok {
				t.Fatalf("the watch of %d names was answered by %+v", (i+1)*500, m)
			}
		}
		w.alive(p)
	})
}
