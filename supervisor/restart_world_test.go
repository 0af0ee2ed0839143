package supervisor_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"example.com/rollcall/actors/record"
	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// lives are the lives of one server, one after another, in a bubble. A crash is
// what its roll says of it: nobody ends a killed server's connections, and what
// its actors do afterwards reaches nothing that the next life sees.
type lives struct {
	t    *testing.T
	cfg  supervisor.Config
	roll *record.MemoryRoll
	*world

	views map[string]*view // what the watchers knew when they lost their server
}

// restartGrace is that of the tests.
const restartGrace = 20 * time.Second

func inLives(t *testing.T, cfg supervisor.Config, f func(l *lives)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l := &lives{t: t, cfg: cfg, roll: record.NewMemoryRoll(), views: map[string]*view{}}
		if l.cfg.GraceRestart == 0 {
			l.cfg.GraceRestart = restartGrace
		}
		l.begin()
		whole := false
		defer func() {
			if !whole {
				l.abandon()
			}
		}()
		f(l)
		l.finish()
		whole = true
	})
}

func (l *lives) begin() {
	cfg := l.cfg
	cfg.Roll = l.roll
	l.world = newWorld(l.t, cfg)
}

// crash kills the server and starts the next one after a while. What happened
// in the last second of a life need not be on the roll; so there is one more.
func (l *lives) crash(dead time.Duration) (at time.Time) {
	l.t.Helper()
	l.after(time.Second)
	at = time.Now()
	l.roll = l.roll.Next()
	for _, p := range l.peers {
		if p.view != nil {
			l.views[p.user] = p.view
		}
	}
	l.abandon()
	synctest.Wait()
	l.after(dead)
	l.begin()
	return at
}

// back brings a user back who watches, with what it knew. It returns who has
// vanished and who has come in the snapshot.
func (l *lives) back(user string) (p *peer, went, came []string) {
	l.t.Helper()
	v := l.views[user]
	before := v.users()
	p = l.join(user)
	p.mu.Lock()
	v.log = nil
	p.view = v
	p.mu.Unlock()
	p.watch()
	l.settle()
	p.look(func(v *view) {
		after := v.users()
		for _, u := range before {
			if !slices.Contains(after, u) {
				went = append(went, u)
			}
		}
		for _, u := range after {
			if !slices.Contains(before, u) {
				came = append(came, u)
			}
		}
	})
	return p, went, came
}

// log returns what a watcher was told by deltas.
func (p *peer) log() (out []wire.Change) {
	p.look(func(v *view) { out = slices.Clone(v.log) })
	return out
}

// near checks a time that is told in milliseconds: at most as much before.
func (l *lives) near(what string, have, want time.Time, before time.Duration) {
	l.t.Helper()
	if have.After(want) || have.Before(want.Add(-before-time.Millisecond)) {
		l.t.Errorf("%s is %v, not %v or up to %v before", what, have, want, before)
	}
}

func names(format string, n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf(format, i))
	}
	return all
}
