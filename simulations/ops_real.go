package simulations

import (
	"context"
	"time"

	"example.com/rollcall/wire/client"
)

// open are the connections of a real client that it has not closed.
func (c *fleetClient) open() []*link {
	var all []*link
	for _, k := range c.links {
		if !k.done() && k.cli != nil && !k.cli.closed {
			all = append(all, k)
		}
	}
	return all
}

// realOps are done by or to real clients.
var realOps = map[string]func(r *realClient, op *Op){
	"reset": func(r *realClient, op *Op) {
		for _, k := range r.c.open() {
			r.c.w.injected(op, k)
			k.up.abort()
			k.down.abort()
		}
	},
	"mute-up": func(r *realClient, op *Op) {
		for _, k := range r.c.open() {
			r.c.w.injected(op, k)
			k.silence(k.up, op.For)
		}
	},
	"mute-down": func(r *realClient, op *Op) {
		for _, k := range r.c.open() {
			r.c.w.injected(op, k)
			k.silence(k.down, op.For)
		}
	},
	// The client goes in good order, and comes again.
	"bye": func(r *realClient, op *Op) {
		r.c.w.tally.injected(op.Kind)
		r.cancel()
		r.c.after(3*time.Second, r.c.start)
	},
	"send": func(r *realClient, op *Op) {
		to := r.c.w.clients[op.To%len(r.c.w.clients)].plan.User
		for range max(min(op.N, 20), 1) {
			r.job("send", func(c *client.Client) {
				ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
				defer cancel()
				_, _ = c.Send(ctx, to, []byte(op.Text))
			})
		}
	},
	"request": func(r *realClient, op *Op) {
		r.job("request", func(c *client.Client) {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			_, _ = c.Request(ctx, op.Text, op.body())
		})
	},
	"app": func(r *realClient, op *Op) {
		for range max(min(op.N, 20), 1) {
			r.job("app", func(c *client.Client) {
				ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
				defer cancel()
				_ = c.Tell(ctx, op.Text, op.body())
			})
		}
	},
	"put":     func(r *realClient, op *Op) { r.put(op, stored) },
	"relay":   func(r *realClient, op *Op) { r.put(op, relayed) },
	"publish": func(r *realClient, op *Op) { r.put(op, published) },
	"get": func(r *realClient, op *Op) {
		w := r.c.w
		w.tally.injected(op.Kind)
		owner := w.clients[op.To%len(w.clients)].real
		if owner == nil || len(owner.files) == 0 {
			return
		}
		id := owner.files[op.N%len(owner.files)]
		r.job("get", func(c *client.Client) { r.get(c, id, op.For) })
	},
}
