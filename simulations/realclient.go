package simulations

import (
	"context"
	"math/rand/v2"
	"net"
	"strconv"
	"time"

	"example.com/rollcall/wire"
	"example.com/rollcall/wire/client"
)

// realClient is a client of package wire/client in the fleet, unchanged. Its
// goroutines pass the gate where they read, write, dial and beat. What the world
// wants of it is done by one goroutine, one thing after another.
type realClient struct {
	c      *fleetClient
	cancel context.CancelFunc
	jobs   chan func(*client.Client)
	turn   *ticket // of the goroutine that does the jobs
	dials  *ticket
	run    *ticket
	writer *ticket
	watch  *ticket

	// guarded by the world's lock
	client  *client.Client  // nil before its first connection
	out     bool            // it has logged out, and is to log in again
	logouts int             // there were
	offers  int             // that came
	queued  int             // jobs that wait
	busy    string          // the job that is under way; empty: none
	since   time.Duration   // since when
	seen    map[string]bool // who is online, by its watch
	told    bool            // the watch has begun
	ended   bool
	up      bool // it is connected
	upSince time.Duration
	files   []wire.FileID // that it has put
	epoch   uint64
	latest  uint64 // version
}

// maxJobs bounds the jobs that wait for one client: what comes then is left out.
const maxJobs = 32

// startReal starts the client, which then reconnects by itself.
func (c *fleetClient) startReal() {
	if c.real != nil && !c.real.ended {
		return
	}
	r := &realClient{c: c, jobs: make(chan func(*client.Client), maxJobs), seen: make(map[string]bool)}
	for what, t := range map[string]**ticket{"jobs": &r.turn, "dial": &r.dials, "run": &r.run, "writer": &r.writer, "follow": &r.watch} {
		*t = newTicket(&c.host, c.name+"/"+what)
	}
	c.real = r
	c.life++
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	o := client.Options{
		Identifier: c.plan.Identifier, User: c.plan.User, Credential: []byte("ok"), Name: "simulation",
		Interval: c.plan.Interval, Timeout: c.plan.Timeout, RetryDial: true,
		Backoff: client.Backoff{Min: max(c.plan.Reconnect/2, time.Millisecond), Max: max(c.plan.Reconnect*2, 2*time.Millisecond)},
		Random:  rand.NewPCG(c.w.seed, stream(c.w.seed, c.name+"/"+strconv.Itoa(c.life)).Uint64()),
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return c.w.net.dial(ctx, &c.host, c.anew, r.dials)
		},
		GoOn: r.goOn,
		OnState: func(s client.State) {
			c.w.lock()
			defer c.w.unlock()
			r.up = s.Phase == client.Connected
			r.upSince = c.w.now()
		},
		OnDeliver: func(client.Message) {},
		OnOffer:   func(o client.Offer) { r.accept(ctx, o) },
		OnFileNotice: func(wire.FileNotice) {
			c.w.lock()
			defer c.w.unlock()
			c.w.effect("file notice")
		},
	}
	c.w.go1(func() { r.live(ctx, o) })
}

// anew is where the client is, with a new port unless it keeps its own.
func (c *fleetClient) anew() *place {
	if !c.stays {
		c.place.addr = c.address()
	}
	c.stays = false
	p := c.place
	return &p
}

// goOn is the gate of the client's goroutines.
func (r *realClient) goOn(goroutine string) {
	w := r.c.w
	var t *ticket
	switch goroutine {
	case "run":
		t = r.run
	case "writer":
		t = r.writer
	default:
		t = w.tickets.get(&r.c.host, r.c.name+"/"+goroutine, "")
		defer w.tickets.put(t)
	}
	t.what = "goes on"
	w.gate.enter(t)
}

// live is the goroutine that does the jobs.
func (r *realClient) live(ctx context.Context, o client.Options) {
	defer func() {
		r.cancel()
		r.c.w.lock()
		defer r.c.w.unlock()
		r.ended = true
		r.busy = ""
	}()
	cl, err := client.Dial(ctx, "server:7465", o)
	r.enter("dialled")
	if err != nil {
		return
	}
	defer func() { _ = cl.Close() }()
	r.c.w.lock()
	r.client = cl
	r.c.w.unlock()
	if r.c.plan.Everyone || len(r.c.plan.Names) > 0 {
		watching := make(chan struct{})
		defer func() { <-watching }()
		go func() {
			defer close(watching)
			r.follow(ctx, cl)
		}()
		defer func() { r.cancel(); _ = cl.Close() }()
	}
	for {
		var job func(*client.Client)
		select {
		case job = <-r.jobs:
		case <-cl.Done():
		case <-ctx.Done():
		}
		r.enter("goes on")
		if ctx.Err() != nil || cl.Err() != nil {
			return // whichever of them was seen
		}
		job(cl)
		r.enter("done")
		r.c.w.lock()
		r.queued--
		r.busy = ""
		r.c.w.unlock()
	}
}

func (r *realClient) enter(what string) {
	r.turn.what = what
	r.c.w.gate.enter(r.turn)
}

// job gives the client something to do.
func (r *realClient) job(what string, do func(*client.Client)) {
	if r.ended || r.queued >= maxJobs {
		return
	}
	r.queued++
	r.jobs <- func(c *client.Client) {
		r.c.w.lock()
		r.busy, r.since = what, r.c.w.now()
		r.c.w.unlock()
		do(c)
	}
}

func (r *realClient) abolish() { r.cancel() }

// patience is how long any call of a real client may take.
const patience = 6 * time.Minute
