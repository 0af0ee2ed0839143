package simulations

import (
	"context"
	"fmt"
	"slices"
	"time"

	"example.com/rollcall/wire/client"
)

// follow watches, and begins again should the server refuse to go on with it
// after a reconnect: its word is that a defect of its own has cost the answer.
func (r *realClient) follow(ctx context.Context, cl *client.Client) {
	for {
		watch, err := cl.Watch(ctx, r.c.plan.Names...)
		r.pause("watches")
		if err == nil {
			r.told = false
			clear(r.seen)
			r.c.w.unlock()
			for e := range watch.Events() {
				r.pause(e.Kind.String() + " " + e.User)
				r.event(e)
				r.c.w.unlock()
			}
			r.pause("ends")
			r.c.w.effect("client's watch ended")
		}
		r.told = false
		r.c.w.unlock()
		if ctx.Err() != nil || cl.Err() != nil {
			return
		}
		timer := time.NewTimer(time.Second)
		select {
		case <-timer.C:
		case <-ctx.Done():
		case <-cl.Done():
		}
		timer.Stop()
		r.pause("again")
		r.c.w.unlock()
	}
}

// pause passes the gate and takes the world's lock.
func (r *realClient) pause(what string) {
	r.watch.what = what
	r.c.w.gate.enter(r.watch)
	r.c.w.lock()
}

// event checks what a watch tells (G3): first a snapshot, then each user in
// turns online and offline, in order of version.
func (r *realClient) event(e client.Event) {
	w := r.c.w
	w.effect("client's watch tells")
	switch {
	case (e.Kind == client.Snapshot) == r.told:
		w.fail("G3", "a watch begins with its only snapshot", "%s: %v", r.c.name, e.Kind)
	case e.Epoch == r.epoch && e.Version < r.latest:
		w.fail("G3", "versions that never fall", "%s: %d after %d", r.c.name, e.Version, r.latest)
	}
	r.told, r.epoch, r.latest = true, e.Epoch, e.Version
	switch e.Kind {
	case client.Snapshot:
		for _, o := range e.Online {
			r.seen[o.User] = true
		}
	default:
		on := e.Kind == client.Online
		if r.seen[e.User] == on {
			w.fail("G3", "each user in turns online and offline", "%s: %s is online=%v again", r.c.name, e.User, on)
		}
		r.seen[e.User] = on
	}
}

// convergedReal compares what a real client's watch has told with the truth.
func (m *model) convergedReal(c *fleetClient) {
	r := c.real
	if r == nil || r.ended || !r.up || m.w.now()-r.upSince < 5*time.Second || (!c.plan.Everyone && len(c.plan.Names) == 0) {
		return
	}
	if !r.told {
		m.w.fail("G3", "a watch that has begun", "%s's has not", c.name)
		return
	}
	watches := func(user string) bool { return c.plan.Everyone || slices.Contains(c.plan.Names, user) }
	for _, user := range keys(m.online, r.seen) {
		if watches(user) && m.online[user] != r.seen[user] {
			m.w.fail("G3", fmt.Sprintf("%s knows that %s is online=%v", c.name, user, m.online[user]), "its watch tells the opposite, at version %d of %d", r.latest, m.version)
		}
	}
	if r.busy != "" && m.w.now()-r.since > patience {
		m.w.fail("G5", "a call that comes to its end", "%s waits in a %s since %v", c.name, r.busy, r.since)
	}
}

func keys(a, b map[string]bool) []string {
	var all []string
	for k := range a {
		all = append(all, k)
	}
	for k := range b {
		if _, ok := a[k]; !ok {
			all = append(all, k)
		}
	}
	slices.Sort(all)
	return all
}
