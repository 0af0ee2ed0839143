package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"example.com/rollcall/wire"
	"example.com/rollcall/wire/client"
)

// demoScene is one way to go.
type demoScene struct {
	user, title string
	reason      wire.Reason   // that the server must have for the connection
	told        wire.Reason   // that the watcher must be told
	least       time.Duration // from the last step to the notice, at least
	midFrame    bool          // the evidence must say so
	enter       func(ctx context.Context, d *demo, user string) (*demoUser, error)
}

// demoUser is somebody who has come and is about to go.
type demoUser struct {
	connection uint64 // whose end the scene is about
	steps      []demoStep
	close      func()
}

// demoStep is something that the user does, or that is done to it.
type demoStep struct {
	text string
	do   func(ctx context.Context) error
}

// atOnce is how soon a watcher must be told of what shows itself at once, and
// how much later than the timeout of what shows itself by silence alone (G4).
const atOnce = time.Second

var demoScenes = []demoScene{
	{user: "alice", title: "says goodbye", reason: wire.ReasonBye, told: wire.ReasonBye, enter: enterPolite},
	{user: "bob", title: "is cut off in the middle of a frame", reason: wire.ReasonEOF, told: wire.ReasonEOF, midFrame: true, enter: enterCut},
	{user: "carol", title: "is reset", reason: wire.ReasonReset, told: wire.ReasonReset, enter: enterReset},
	{user: "dave", title: "freezes", reason: wire.ReasonHeartbeatTimeout, told: wire.ReasonHeartbeatTimeout, least: demoTimeout, enter: enterFrozen},
	{user: "erin", title: "stops reading while a lot is sent to her", reason: wire.ReasonSlowConsumer, told: wire.ReasonSlowConsumer, enter: enterSlow},
	{user: "frank", title: "comes back while his old connection still hangs", reason: wire.ReasonReplaced, told: wire.ReasonBye, enter: enterReturning},
	{user: "heidi", title: "is kicked", reason: wire.ReasonKicked, told: wire.ReasonKicked, enter: enterKicked},
}

// enterPolite: a clean goodbye.
func enterPolite(ctx context.Context, d *demo, user string) (*demoUser, error) {
	c, err := d.dial(ctx, client.Options{User: user})
	if err != nil {
		return nil, err
	}
	return &demoUser{
		connection: c.Welcome().Connection,
		steps:      []demoStep{{"she says goodbye", func(context.Context) error { return c.Close() }}},
		close:      func() { _ = c.Close() },
	}, nil
}

// enterCut: the stream ends in the middle of a frame (N1).
func enterCut(ctx context.Context, d *demo, user string) (*demoUser, error) {
	r, err := rawLogin(ctx, d.addr, user, 0)
	if err != nil {
		return nil, err
	}
	return &demoUser{
		connection: r.welcome.Connection,
		steps: []demoStep{{"he sends half a frame, and his side of the stream ends", func(context.Context) error {
			return errors.Join(r.writeHalf(), r.conn.CloseWrite())
		}}},
		close: r.close,
	}, nil
}

// enterReset: the connection is reset, as when a process is killed with unread
// data, or a machine restarts.
func enterReset(ctx context.Context, d *demo, user string) (*demoUser, error) {
	r, err := rawLogin(ctx, d.addr, user, 0)
	if err != nil {
		return nil, err
	}
	return &demoUser{
		connection: r.welcome.Connection,
		steps: []demoStep{{"her connection is reset", func(context.Context) error {
			return errors.Join(r.conn.SetLinger(0), r.conn.Close())
		}}},
		close: r.close,
	}, nil
}

// enterFrozen: the connection stays, but nobody answers (N2).
func enterFrozen(ctx context.Context, d *demo, user string) (*demoUser, error) {
	r, err := rawLogin(ctx, d.addr, user, 0)
	if err != nil {
		return nil, err
	}
	return &demoUser{
		connection: r.welcome.Connection,
		steps: []demoStep{{"he gives a last sign of life, and answers nothing from then on", func(context.Context) error {
			return r.write(&wire.Ping{Time: 1})
		}}},
		close: r.close,
	}, nil
}

// enterSlow: the user is alive, and says so, but does not read what another one
// sends (P7).
func enterSlow(ctx context.Context, d *demo, user string) (*demoUser, error) {
	r, err := rawLogin(ctx, d.addr, user, 4<<10)
	if err != nil {
		return nil, err
	}
	over := make(chan struct{})
	var alive sync.WaitGroup
	alive.Go(func() {
		beat := time.NewTicker(demoHeartbeat / 3)
		defer beat.Stop()
		for n := uint64(1); ; n++ {
			select {
			case <-over:
				return
			case <-beat.C:
				if r.write(&wire.Ping{Time: n}) != nil {
					return
				}
			}
		}
	})
	return &demoUser{
		connection: r.welcome.Connection,
		steps: []demoStep{{demoSteady + " sends her message after message; she pings, but reads nothing", func(ctx context.Context) error {
			return d.flood(ctx, user)
		}}},
		close: func() {
			close(over)
			r.close()
			alive.Wait()
		},
	}, nil
}

// flood sends to a user until it is offline.
func (d *demo) flood(ctx context.Context, user string) error {
	body := make([]byte, 32<<10)
	sent := 0
	for {
		_, err := d.steady.Send(ctx, user, body)
		switch {
		case errors.Is(err, wire.CodeUserOffline):
			d.say("", "after %s, the server tells %s that she is offline", size(sent), demoSteady)
			return nil
		case errors.Is(err, wire.CodeTooMany):
			continue // her queue is full; the server waits a moment before it gives her up
		case err != nil:
			return err
		}
		sent += len(body)
	}
}

// enterReturning: the old connection hangs, the new one takes the session over,
// and nobody is told that the user was away (N6, P1).
func enterReturning(ctx context.Context, d *demo, user string) (*demoUser, error) {
	old, err := rawLogin(ctx, d.addr, user, 0)
	if err != nil {
		return nil, err
	}
	var back *client.Client
	return &demoUser{
		connection: old.welcome.Connection,
		steps: []demoStep{
			{"his connection hangs; he comes back over a new one, with his resume token", func(ctx context.Context) (err error) {
				if back, err = d.dial(ctx, client.Options{User: user, Identifier: user + "s-device", Token: old.token}); err != nil {
					return err
				}
				if s, ok := back.Session(); !ok || !s.Resumed {
					return errors.New("the session was not resumed")
				}
				return d.undisturbed(ctx, user, old.welcome.Connection)
			}},
			{"he says goodbye", func(context.Context) error { return back.Close() }},
		},
		close: func() {
			old.close()
			if back != nil {
				_ = back.Close()
			}
		},
	}, nil
}

// undisturbed waits for the end of a connection, and then makes sure that the
// watcher, who knows everything by then, was not told that the user went.
func (d *demo) undisturbed(ctx context.Context, user string, connection uint64) error {
	if err := d.until(ctx, func() bool { return d.ended[connection] != nil }); err != nil {
		return err
	}
	var err error
	if waited := d.until(ctx, func() bool {
		var all bool
		all, err = d.settled(ctx)
		return all || err != nil
	}); waited != nil || err != nil {
		return errors.Join(waited, err)
	}
	if len(d.told[user]) != 1 {
		return errors.New("the watcher was told that he went")
	}
	d.say("", "    the old connection is over (%v); the watcher is told nothing", d.ended[connection].Reason)
	return nil
}

// enterKicked: an operator ends it, and the client is told why.
func enterKicked(ctx context.Context, d *demo, user string) (*demoUser, error) {
	c, err := d.dial(ctx, client.Options{User: user})
	if err != nil {
		return nil, err
	}
	return &demoUser{
		connection: c.Welcome().Connection,
		steps: []demoStep{{"an operator kicks her", func(ctx context.Context) error {
			if _, err := d.server.KickUser(ctx, user, "the office is closing"); err != nil {
				return err
			}
			return d.parted(ctx, c)
		}}},
		close: func() { _ = c.Close() },
	}, nil
}

// parted waits until the client knows that it was kicked.
func (d *demo) parted(ctx context.Context, c *client.Client) error {
	select {
	case <-c.Done():
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	var end *client.EndError
	if !errors.As(c.Err(), &end) || end.Reason != wire.ReasonKicked || !end.ByServer {
		return fmt.Errorf("her client was told: %w", c.Err())
	}
	d.say("", "her client was told: %s", wordsOfEnd(end))
	return nil
}
