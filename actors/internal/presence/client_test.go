package presence_test

import (
	"maps"
	"slices"

	"example.com/rollcall/actors/internal/presence"
	"example.com/rollcall/wire"
)

// fataler is what testing.T and rapid.T have in common here.
type fataler interface {
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// truth is every change that ever was, in a list: what a watcher's state is
// checked against.
type truth struct{ changes []wire.Change }

// at returns who of the watched was online at the version.
func (r *truth) at(version uint64, watched func(string) bool) map[string]bool {
	online := map[string]bool{}
	for _, c := range r.changes[:version] {
		if c.Online {
			online[c.User] = true
		} else {
			delete(online, c.User)
		}
	}
	maps.DeleteFunc(online, func(u string, _ bool) bool { return !watched(u) })
	return online
}

// between returns the changes of the watched in (from, to].
func (r *truth) between(from, to uint64, watched func(string) bool) []wire.Change {
	var all []wire.Change
	for _, c := range r.changes[from:to] {
		if watched(c.User) {
			all = append(all, c)
		}
	}
	return all
}

// client is a watcher that obeys the protocol, and checks each thing that it is
// sent. It knows the rules of PROTOCOL.md and nothing of the board.
type client struct {
	truth  *truth
	epoch  uint64
	budget int

	all   bool
	names map[string]bool

	known  bool // it has a state
	have   uint64
	online map[string]bool
	parts  uint64 // of the snapshot that is coming
	coming map[string]bool
}

func newClient(r *truth, epoch uint64, budget int) *client {
	return &client{truth: r, epoch: epoch, budget: budget, names: map[string]bool{}}
}

func (c *client) watches(user string) bool { return c.all || c.names[user] }

// receive takes frames as they come over the wire, and checks the state that
// they lead to.
func (c *client) receive(t fataler, frames []*presence.Frame) {
	if len(frames) == 0 {
		t.Fatal("no frames")
	}
	for _, f := range frames {
		b, err := f.Encode()
		if err != nil {
			t.Fatalf("encoding: %v", err)
		}
		if len(b) > c.budget {
			t.Fatalf("a frame of %d bytes, more than %d", len(b), c.budget)
		}
		m, err := wire.Decode(wire.Type(b[4]), b[wire.HeaderSize:])
		if err != nil {
			t.Fatalf("decoding: %v", err)
		}
		switch m := m.(type) {
		case *wire.Snapshot:
			c.snapshot(t, m)
		case *wire.Delta:
			c.delta(t, m, true)
		}
	}
	c.check(t)
}

func (c *client) snapshot(t fataler, s *wire.Snapshot) {
	if s.Epoch != c.epoch || s.Part != c.parts {
		t.Fatalf("part %d of epoch %d, not %d of %d", s.Part, s.Epoch, c.parts, c.epoch)
	}
	if s.Part == 0 {
		c.coming = map[string]bool{}
	}
	for _, o := range s.Online {
		if c.coming[o.User] {
			t.Fatalf("%s is listed twice", o.User)
		}
		c.coming[o.User] = true
	}
	if c.parts++; s.More {
		return
	}
	c.online, c.have, c.known = c.coming, s.Version, true
	c.coming, c.parts = nil, 0
	c.check(t)
}

// delta applies a delta by the rules. If every change must be listed, it checks
// that none is missing.
func (c *client) delta(t fataler, d *wire.Delta, every bool) {
	if c.parts != 0 {
		t.Fatal("a delta within a snapshot")
	}
	if !c.known || d.Epoch != c.epoch || d.From > c.have {
		t.Fatalf("a gap: have %d, known %v; the delta goes from %d to %d", c.have, c.known, d.From, d.To)
	}
	var applied []wire.Change
	for _, ch := range d.Changes {
		if !c.watches(ch.User) {
			t.Fatalf("told of %s, whom nobody asked about", ch.User)
		}
		if ch.Version > c.have {
			applied = append(applied, ch)
			if ch.Online {
				c.online[ch.User] = true
			} else {
				delete(c.online, ch.User)
			}
		}
	}
	if every {
		// What a delta claims must be true, or a lost one before it would not
		// be seen as a gap.
		if want := c.truth.between(d.From, d.To, c.watches); !slices.Equal(d.Changes, want) {
			t.Fatalf("a delta from %d to %d holds %v, not %v", d.From, d.To, d.Changes, want)
		}
	}
	if every && d.To > c.have {
		if want := c.truth.between(c.have, d.To, c.watches); !slices.Equal(applied, want) {
			t.Fatalf("from %d to %d: told of %v, want %v", c.have, d.To, applied, want)
		}
	}
	c.have = max(c.have, d.To)
}

// check compares the state with that of the truth at the same version.
func (c *client) check(t fataler) {
	if want := c.truth.at(c.have, c.watches); !maps.Equal(c.online, want) {
		t.Fatalf("at version %d it sees %v online, want %v", c.have, c.online, want)
	}
}

// current checks that nothing is left to be told.
func (c *client) current(t fataler) {
	newest := uint64(len(c.truth.changes))
	if missed := c.truth.between(c.have, newest, c.watches); len(missed) != 0 {
		t.Fatalf("at version %d of %d it was never told of %v", c.have, newest, missed)
	}
}

func (c *client) mark() presence.Mark {
	if !c.known {
		return presence.Mark{}
	}
	return presence.Mark{Epoch: c.epoch, Version: c.have}
}
