package supervisor_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// TestEveryReasonInTheMiddleOfTransfers: however a connection ends in the middle
// of a put, a get, a relay that it sends and one that it receives, everyone who
// waits for them is told at once, and again when the grace is over; and nothing
// is left. Guards G2, G5, N1.
func TestEveryReasonInTheMiddleOfTransfers(t *testing.T) {
	for _, c := range reasonCases() {
		if c.bare || c.loner {
			continue // such a connection has no transfers
		}
		for name, grace := range map[string]time.Duration{"grace": 5 * time.Minute, "no grace": -1} {
			t.Run(c.name+", "+name, func(t *testing.T) {
				cfg := c.config
				cfg.FileGrace = grace
				inDepot(t, cfg, func(d *depot) { c.amidst(d) })
			})
		}
	}
}

func (c reasonCase) amidst(d *depot) {
	t := d.t
	bob := d.join("bob")
	p := d.dial().hello(device).login(subject)
	data := textOf("amidst", 200<<10)
	id := p.upload(putOf("there", data, subject), data)
	put := p.offer(putOf("put", data, "bob", "cid"), data)
	put.feed(50 << 10)
	sends := p.offer(relayOf("sends", data, "bob"), data)
	gets := bob.accept(offered(bob, "sends"), nil)
	pump(sends, gets, 50<<10)
	feeds := bob.offer(relayOf("receives", data, subject), data)
	pump(feeds, p.accept(offered(p, "receives"), nil), 50<<10)
	p.fetch(id, nil).receive(len(data))
	d.settle()

	c.end(d.world, p)
	d.faults += c.faults
	d.ended(p, c.reason)
	feeds.wantEnd(wire.CodeInterrupted, subject)
	wantAbort(bob, gets.end(), wire.CodeInterrupted, subject)
	told := []string{"offered put", "interrupted put"}
	ends := []string{"aborted put expired subject", "aborted sends expired subject"}
	if d.cfg.FileGrace > 0 {
		d.heard(bob, told...)
		if n := len(d.kept.Partials()); n != 1 {
			t.Errorf("%d partials wait", n)
		}
		d.after(d.cfg.FileGrace)
	}
	d.inspect()
	d.settle()
	got := strings.Join(bob.notices(), ", ")
	for _, want := range append(told, ends...) {
		if strings.Count(got, want) != 1 {
			t.Errorf("bob was told %q, want %q once", got, want)
		}
	}
	// Those who were away: cid of the put, the subject of what it received.
	d.heard(d.join("cid"), "aborted put expired subject")
	d.heard(d.dial().hello(device).login(subject), "aborted receives expired subject")
	d.alive(bob)
}

// TestReplacedInTheMiddle: a login that takes a user's place interrupts its
// transfers, and goes on with them.
func TestReplacedInTheMiddle(t *testing.T) {
	inDepot(t, supervisor.Config{Policy: supervisor.Replace}, func(d *depot) {
		bob := d.join("bob")
		s, data := d.begun(d.join("ann"))
		ann := d.dial().hello("another device").login("ann")
		d.ended(s.p, wire.ReasonReplaced)
		again := ann.offer(s.put, data)
		if again.ok.Offset != 100<<10 {
			t.Errorf("goes on at %d", again.ok.Offset)
		}
		again.finish()
		d.heard(bob, "offered begun", "interrupted begun", "resumed begun", "completed begun")
	})
}

// TestShutdownInTheMiddle: puts are suspended for the next life and go on there;
// relays and gets end with their connections; nobody is told that a file will not
// come which may still do.
func TestShutdownInTheMiddle(t *testing.T) {
	inDepot(t, supervisor.Config{}, func(d *depot) {
		ann, bob := d.join("ann"), d.join("bob")
		s, data := d.begun(ann)
		relay := ann.offer(relayOf("relay", data, "bob"), data)
		pump(relay, bob.accept(offered(bob, "relay"), nil), 10<<10)
		id := bob.upload(putOf("there", data, "bob"), data)
		bob.fetch(id, nil)
		first := d.world
		d.parts = 1
		d.restart()
		d.parts = 0
		for _, x := range events[supervisor.FileAborted](first.rec) {
			if x.Meta.Name == "begun" {
				t.Errorf("the program was told of an end: %+v", x)
			}
		}
		bob = d.join("bob")
		again := d.join("ann").offer(s.put, data)
		if again.ok.Offset != 100<<10 {
			t.Errorf("goes on at %d", again.ok.Offset)
		}
		again.finish()
		d.settle()
		// The end of the relay bob was told of in the life before, or is now.
		all := bob.notices()
		got := slices.DeleteFunc(slices.Clone(all), func(n string) bool { return n == "aborted relay shutting_down" })
		if !slices.Equal(got, []string{"interrupted begun", "resumed begun", "completed begun"}) || len(all) > 4 {
			t.Errorf("bob was told %q", all)
		}
	})
}

// TestRequestsDuringAShutdown: what comes too late is answered so.
func TestRequestsDuringAShutdown(t *testing.T) {
	inDepot(t, supervisor.Config{}, func(d *depot) {
		ann := d.join("ann")
		id := ann.upload(putOf("x", nil, "bob"), nil)
		requests := []wire.Message{
			putOf("y", nil, "bob"), &wire.Get{File: id, Limit: 1}, &wire.Files{}, &wire.Remove{File: id},
		}
		done := make(chan error)
		release := d.disk.block("Write", "slow")
		s := ann.offer(putOf("slow", []byte("slow"), "bob"), []byte("slow"))
		s.feed(4)
		d.settle()
		go func() { done <- d.s.Shutdown(ctx) }()
		for i, m := range requests {
			switch m := m.(type) {
			case *wire.Put:
				m.Request = uint64(100 + i)
			case *wire.Get:
				m.Request = uint64(100 + i)
			case *wire.Files:
				m.Request = uint64(100 + i)
			case *wire.Remove:
				m.Request = uint64(100 + i)
			}
			_ = ann.put(m) // the connection may be gone
		}
		d.settle()
		release()
		if err := <-done; err != nil {
			t.Error(err)
		}
		d.down = true
		for _, e := range has[*wire.Error](ann) {
			if e.Request == 101 && e.Code == wire.CodeNotFound {
				continue // both came before the shutdown, and the removal was faster
			}
			if e.Request >= 100 && e.Code != wire.CodeShuttingDown && e.Code != wire.CodeNotLoggedIn {
				t.Errorf("request %d was answered by %s", e.Request, e.Code)
			}
		}
		for _, p := range d.kept.Partials() {
			if p.Meta.Name == "slow" || p.Meta.Name == "y" { // y, if it came before the shutdown
				d.parts++
			}
		}
		if d.parts < 1 {
			t.Errorf("%d partials wait for the next life", d.parts)
		}
	})
}
