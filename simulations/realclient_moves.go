package simulations

import (
	"context"
	"strconv"
	"syscall"
	"time"

	"example.com/rollcall/wire/client"
)

// moveOps take a real client elsewhere, or its session from it.
func init() {
	// The client is somewhere else: it is told that its connections are over, and
	// the server hears nothing more of them (N6).
	realOps["roam"] = func(r *realClient, op *Op) { r.lose(op, syscall.ENETDOWN) }
	// Its NAT gives the same address to its next connection (N3).
	realOps["rebind"] = func(r *realClient, op *Op) {
		r.c.stays = true
		r.lose(op, syscall.ENETDOWN)
	}
	// The way between the two is gone, and nobody is told.
	realOps["vanish"] = func(r *realClient, op *Op) { r.lose(op, nil) }
	realOps["logout"] = (*realClient).logout
}

// lose takes the client's connections away. err is what it hears of it.
func (r *realClient) lose(op *Op, err error) {
	for _, k := range r.c.open() {
		r.c.w.injected(op, k)
		k.dead = true
		k.up.hush(true)
		k.down.hush(true)
		if err != nil && k.down.reset == nil {
			k.down.reset = err
			k.down.tell()
			k.up.wakeWriter()
		}
	}
}

// logout ends the client's session, whatever else it is doing, and begins another
// one later: with the same client, on the same connection if that lives.
func (r *realClient) logout(op *Op) {
	c := r.client
	if c == nil || r.out || r.c.plan.User == "" {
		return
	}
	r.out = true
	r.logouts++
	r.c.w.tally.injected(op.Kind)
	t := newTicket(&r.c.host, r.c.name+"/logout/"+strconv.Itoa(r.logouts))
	r.c.w.go1(func() {
		r.away(c, t, op.For)
		r.c.w.lock()
		defer r.c.w.unlock()
		r.out = false
	})
}

// away logs out, and in again after a while.
func (r *realClient) away(c *client.Client, t *ticket, length time.Duration) {
	w := r.c.w
	pass := func(what string) {
		t.what = what
		w.gate.enter(t)
	}
	pass("begins")
	err := logOut(c)
	pass("is logged out")
	// A logout that went wrong is tried again: until then the client is neither in,
	// for it does not log in by itself any more, nor out.
	for err != nil && c.Err() == nil {
		pauseOf(c, time.Second)
		pass("logs out once more")
		err = logOut(c)
		pass("is answered so")
	}
	_, in := c.Session()
	w.lock()
	switch {
	case err == nil && in:
		w.fail("G1", "a session that is over after the logout", "%s still has one", r.c.name)
	case err == nil:
		w.effect("client logged out")
	}
	w.unlock()
	for c.Err() == nil {
		pauseOf(c, length)
		pass("logs in")
		if _, in := c.Session(); in {
			return // an earlier attempt was answered late
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		s, err := c.Login(ctx, r.c.plan.User, []byte("ok"))
		cancel()
		pass("is answered")
		if err == nil {
			w.lock()
			if s.User != r.c.plan.User || s.Resumed {
				w.fail("G1", "a new session of its own", "%s: %+v", r.c.name, s)
			}
			w.effect("client logged in again")
			w.unlock()
			return
		}
		length = time.Second
	}
}

func logOut(c *client.Client) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return c.Logout(ctx)
}

// pauseOf waits, unless the client ends.
func pauseOf(c *client.Client, length time.Duration) {
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.Done():
	}
}
