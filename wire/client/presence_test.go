package client

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"example.com/rollcall/wire"
)

// play runs a presence by steps and wants from each what it says: "+ann@3" for
// a change to online at version 3, "-ann@3" for one to offline, "?" for a
// message that the client sends, with its epoch and version.
type step struct {
	do   func(p *presence) ([]change, error)
	want string
}

func snap(epoch, version, part uint64, more bool, users ...string) step {
	m := &wire.Snapshot{Epoch: epoch, Version: version, Part: part, More: more}
	for _, u := range users {
		m.Online = append(m.Online, wire.Online{User: u})
	}
	return step{do: func(p *presence) ([]change, error) { return p.snapshot(m) }}
}

// delta makes a delta of changes "+ann@3".
func delta(epoch, from, to uint64, changes ...string) step {
	m := &wire.Delta{Epoch: epoch, From: from, To: to}
	for _, s := range changes {
		name, version, _ := strings.Cut(s[1:], "@")
		c := wire.Change{User: name, Online: s[0] == '+'}
		_, _ = fmt.Sscan(version, &c.Version)
		m.Changes = append(m.Changes, c)
	}
	return step{do: func(p *presence) ([]change, error) { return p.delta(m) }}
}

func act(f func(p *presence)) step {
	return step{do: func(p *presence) ([]change, error) { f(p); return nil, nil }}
}

func (s step) gives(want string) step { s.want = want; return s }

var (
	ok        = act(func(p *presence) { p.granted() })
	reconnect = act(func(p *presence) { p.disconnected(); p.connected() })
)

func wants(users ...string) step   { return act(func(p *presence) { p.watch(users) }) }
func unwants(users ...string) step { return act(func(p *presence) { p.unwatch(users) }) }

func TestPresence(t *testing.T) {
	cases := map[string][]step{
		"snapshot, then deltas": {
			wants().gives("?everyone"), ok, snap(1, 5, 0, false, "bob", "ann").gives("+ann@5 +bob@5"),
			delta(1, 5, 7, "-ann@6", "+cid@7").gives("-ann@6 +cid@7"),
			delta(1, 7, 7), delta(1, 7, 9, "+ann@9").gives("+ann@9"),
		},
		"duplicates and overlaps": {
			wants().gives("?everyone"), ok, snap(1, 5, 0, false, "ann").gives("+ann@5"),
			delta(1, 5, 7, "-ann@6", "+ann@7").gives("-ann@6 +ann@7"),
			delta(1, 5, 7, "-ann@6", "+ann@7"), // the whole once more
			delta(1, 4, 8, "+ann@5", "-ann@6", "+ann@7", "-ann@8").gives("-ann@8"),
		},
		"no news is no change": {
			wants().gives("?everyone"), ok, snap(1, 5, 0, false, "ann").gives("+ann@5"),
			delta(1, 5, 9, "+ann@9", "-bob@8"), // only the newest, from a server that found us slow
		},
		"a gap": {
			wants().gives("?everyone"), ok, snap(1, 5, 0, false, "ann").gives("+ann@5"),
			delta(1, 6, 7, "+bob@7").gives("?again 1/5"),
			delta(1, 7, 8, "+cid@8"), // asked for already
			ok, delta(1, 5, 8, "-ann@6", "+bob@7", "+cid@8").gives("-ann@6 +bob@7 +cid@8"),
		},
		"a gap that never closes": {
			wants().gives("?everyone"), ok, snap(1, 5, 0, false),
			delta(1, 6, 7).gives("?again 1/5"), ok, delta(1, 6, 7).gives("?again 1/5"), ok,
			delta(1, 6, 7).gives("?again 1/5"), ok, delta(1, 6, 7).gives("?again 1/5"), ok,
			delta(1, 6, 7).gives("?again 1/5"), ok, delta(1, 6, 7).gives("no progress"),
		},
		"another epoch": {
			wants().gives("?everyone"), ok, snap(1, 50, 0, false, "ann", "bob").gives("+ann@50 +bob@50"),
			delta(2, 0, 1, "+eve@1").gives("?again 1/50"), ok,
			snap(2, 3, 0, false, "bob", "eve").gives("-ann@3 +eve@3"),
			delta(2, 3, 4, "-bob@4").gives("-bob@4"),
		},
		"a snapshot in parts": {
			wants().gives("?everyone"), ok,
			snap(1, 5, 0, true, "ann"), snap(1, 5, 1, true, "bob"), snap(1, 5, 2, false, "cid").gives("+ann@5 +bob@5 +cid@5"),
			// given up for a newer one
			snap(1, 6, 0, true, "ann", "bob"), snap(1, 7, 0, true, "ann"), snap(1, 7, 1, false, "dee").gives("-bob@7 -cid@7 +dee@7"),
		},
		"parts that do not follow": {
			wants().gives("?everyone"), ok,
			snap(1, 5, 0, true, "ann"), snap(1, 5, 2, false, "cid").gives("?again"), ok,
			snap(1, 5, 1, true, "ann").gives("?again"), ok, // of nothing
			snap(1, 6, 0, false, "cid").gives("+cid@6"),
		},
		"a part of another snapshot": {
			wants().gives("?everyone"), ok, snap(1, 5, 0, true, "ann"), snap(1, 6, 1, false, "bob").gives("?again"),
		},
		"never backwards": {
			wants().gives("?everyone"), ok, snap(1, 5, 0, false, "ann").gives("+ann@5"),
			snap(1, 4, 0, false).gives("?again 1/5"),
		},
		"resumed": {
			wants().gives("?everyone"), ok, snap(1, 5, 0, false, "ann").gives("+ann@5"),
			reconnect.gives("?everyone 1/5"), ok, delta(1, 5, 6, "-ann@6").gives("-ann@6"),
			reconnect.gives("?everyone 1/6"), ok, snap(1, 9, 0, false, "bob").gives("+bob@9"),
		},
		"not resumed before the state has come": {
			wants("ann").gives("?ann"), reconnect.gives("?ann"), ok, snap(1, 5, 0, false, "ann").gives("+ann@5"),
			wants("bob").gives("?bob"), reconnect.gives("?ann bob"), ok, snap(1, 6, 0, false, "bob").gives("-ann@6 +bob@6"),
			reconnect.gives("?ann bob 1/6"),
		},
		"names add up, and only what is watched is told": {
			wants("ann").gives("?ann"), wants("bob", "cid"), ok, // bob and cid wait for the state
			snap(1, 5, 0, false, "ann", "eve").gives("+ann@5 ?bob cid"), ok,
			snap(1, 5, 0, false, "ann", "bob").gives("+bob@5"),
			delta(1, 5, 8, "-eve@6", "+eve@7", "+cid@8").gives("+cid@8"),
		},
		"an old snapshot says nothing of new names": {
			wants("ann").gives("?ann"), ok, snap(1, 5, 0, false, "ann").gives("+ann@5"),
			wants("bob").gives("?bob"), snap(1, 6, 0, true, "ann"), ok,
			snap(1, 6, 1, false), // began before the OK
			{func(p *presence) ([]change, error) {
				if p.covers([]string{"bob"}) {
					return nil, errors.New("bob is known")
				}
				return nil, nil
			}, ""},
			snap(1, 6, 0, false, "ann", "bob").gives("+bob@6"),
		},
		"taken back": {
			wants("ann", "bob").gives("?ann bob"), ok, snap(1, 5, 0, false, "ann", "bob").gives("+ann@5 +bob@5"),
			unwants("ann").gives("!ann"), delta(1, 5, 6, "-ann@6", "-bob@6").gives("-bob@6"), ok,
			wants("ann").gives("?ann"), ok, snap(1, 7, 0, false, "ann").gives("+ann@7"),
			unwants("bob").gives("!bob"), unwants("ann"), ok.gives("!"), ok,
			delta(1, 7, 8, "-ann@8"),
		},
		"everyone taken back, names stay": {
			wants().gives("?everyone"), ok, snap(1, 5, 0, false, "ann", "bob").gives("+ann@5 +bob@5"),
			wants("ann"), unwants().gives("!"), ok.gives("?ann"), ok, snap(1, 6, 0, false).gives("-ann@6"),
			reconnect.gives("?ann 1/6"),
		},
		"everyone taken back, names are known": {
			wants().gives("?everyone"), ok, snap(1, 5, 0, false, "ann", "bob").gives("+ann@5 +bob@5"),
			wants("ann", "cid"), unwants().gives("!"), reconnect.gives("?ann cid 1/5"),
			ok, delta(1, 5, 8, "+bob@6", "-ann@7", "+cid@8").gives("-ann@7 +cid@8"),
		},
		"one goes and comes as the stream resumes": {
			wants().gives("?everyone"), ok, snap(1, 5, 0, false, "ann").gives("+ann@5"),
			reconnect.gives("?everyone 1/5"), unwants(), wants(), ok.gives("?again"),
			delta(1, 5, 6, "+bob@6"), ok, snap(1, 6, 0, false, "ann", "bob").gives("+ann@6 +bob@6"),
		},
		"too many users": {
			wants().gives("?everyone"), ok, snap(1, 5, 0, true, "u1", "u2", "u3"),
			snap(1, 5, 1, true, "u4", "u5").gives("too many"),
		},
		"too many come": {
			wants().gives("?everyone"), ok, snap(1, 5, 0, false, "u1", "u2", "u3", "u4").gives("+u1@5 +u2@5 +u3@5 +u4@5"),
			delta(1, 5, 6, "+u5@6").gives("too many"),
		},
	}
	for name, steps := range cases {
		t.Run(name, func(t *testing.T) {
			p := newPresence(4)
			p.connected()
			for i, s := range steps {
				news, err := s.do(&p)
				if got := tellStep(&p, news, err); got != s.want {
					t.Fatalf("step %d gives %q, want %q", i, got, s.want)
				}
			}
		})
	}
}

func tellStep(p *presence, news []change, err error) string {
	var out []string
	for _, n := range news {
		sign := "-"
		if n.online {
			sign = "+"
		}
		out = append(out, fmt.Sprintf("%s%s@%d", sign, n.user, n.version))
	}
	switch {
	case errors.Is(err, errNoProgress):
		return "no progress"
	case errors.Is(err, errTooManyUsers):
		return "too many"
	case err != nil:
		return err.Error()
	}
	switch m := p.next(1000).(type) {
	case *wire.Watch:
		s := "?" + strings.Join(m.Users, " ")
		if m.Everyone {
			s = "?everyone"
		} else if len(m.Users) == 0 {
			s = "?again"
		}
		if m.Epoch != 0 {
			s += fmt.Sprintf(" %d/%d", m.Epoch, m.Version)
		}
		out = append(out, s)
	case *wire.Unwatch:
		out = append(out, "!"+strings.Join(m.Users, " "))
	}
	return strings.Join(out, " ")
}

// More names than a message holds go out one message after the other, and none
// of them says what is known.
func TestManyNames(t *testing.T) {
	var users []string
	for i := range wire.MaxWatchNames + 10 {
		users = append(users, fmt.Sprintf("u%04d", i))
	}
	p := newPresence(10)
	p.watch(users)
	p.connected()
	for round := range 2 {
		for _, n := range []int{wire.MaxWatchNames, 10} {
			m, ok := p.next(60_000).(*wire.Watch)
			if !ok || len(m.Users) != n || m.Epoch != 0 {
				t.Fatalf("round %d: sends %T", round, m)
			}
			if p.next(60_000) != nil {
				t.Fatal("the next was sent before the answer")
			}
			p.granted()
			if p.next(60_000) != nil {
				t.Fatal("the next was sent before the snapshot")
			}
			news, err := p.snapshot(&wire.Snapshot{Epoch: uint64(round + 1), Version: 3})
			if len(news) != 0 || err != nil {
				t.Fatal(news, err)
			}
		}
		if m := p.next(60_000); m != nil || !p.covers(users) {
			t.Fatalf("sends %T", m)
		}
		p.disconnected()
		p.connected()
	}
	// The frame's bound counts as well.
	if m := p.next(100).(*wire.Watch); len(m.Users) != 100/8 {
		t.Errorf("%d names of 8 bytes in 100", len(m.Users))
	}
}

func events(b *backlog) (out []string) {
	for {
		e, ok := b.pop()
		if !ok {
			return out
		}
		out = append(out, fmt.Sprintf("%v %s %d", e.Kind, e.User, e.Version))
	}
}

func TestBacklogKeepsEveryChangeUpToItsLimit(t *testing.T) {
	b := newBacklog(4)
	for v := range uint64(4) {
		b.push(Event{Kind: Offline - EventKind(v%2), User: "ann", Version: v})
	}
	want := []string{"offline ann 0", "online ann 1", "offline ann 2", "online ann 3"}
	if got := events(&b); !reflect.DeepEqual(got, want) {
		t.Errorf("%q", got)
	}
}

// guards P7: a slow consumer costs no more than the users it watches.
func TestBacklogCollapses(t *testing.T) {
	b := newBacklog(4)
	const users = 10
	kind := Online
	for v := range uint64(1001) {
		for u := range users {
			b.push(Event{Kind: kind, User: fmt.Sprint(u), Version: v*users + uint64(u)})
		}
		if n := b.events.Len(); n > 4+users {
			t.Fatalf("%d wait", n)
		}
		kind = Online + Offline - kind
	}
	var want []string
	for u := range users {
		want = append(want, fmt.Sprintf("online %d %d", u, 1000*users+u))
	}
	got := events(&b)
	if !reflect.DeepEqual(got[len(got)-6:], want[4:]) || len(b.byUser) != 0 {
		t.Errorf("%q", got)
	}
}

func TestBacklogForgetsWhatCancelsOut(t *testing.T) {
	b := newBacklog(1)
	b.push(Event{Kind: Online, User: "ann", Version: 1})
	b.push(Event{Kind: Offline, User: "bob", Version: 2})
	b.push(Event{Kind: Online, User: "bob", Version: 3})
	if got := events(&b); !reflect.DeepEqual(got, []string{"online ann 1"}) {
		t.Errorf("%q", got)
	}
}
