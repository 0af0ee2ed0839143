package simulations

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
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

// anew is where the client is, with a new port.
func (c *fleetClient) anew() *place {
	c.place.addr = c.address()
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

// links are the client's connections.
func (c *fleetClient) links() []*link {
	var all []*link
	for _, k := range c.w.net.links {
		if k.client == &c.host && !k.done() && k.cli != nil && !k.cli.closed {
			all = append(all, k)
		}
	}
	return all
}

// realOps are done by or to real clients.
var realOps = map[string]func(r *realClient, op *Op){
	"reset": func(r *realClient, op *Op) {
		for _, k := range r.c.links() {
			r.c.w.injected(op, k)
			k.up.abort()
			k.down.abort()
		}
	},
	"mute-up": func(r *realClient, op *Op) {
		for _, k := range r.c.links() {
			r.c.w.injected(op, k)
			k.silence(k.up, op.For)
		}
	},
	"mute-down": func(r *realClient, op *Op) {
		for _, k := range r.c.links() {
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
			_, _ = c.Request(ctx, op.Text, []byte{0x18, 42})
		})
	},
	"put":   func(r *realClient, op *Op) { r.put(op, false) },
	"relay": func(r *realClient, op *Op) { r.put(op, true) },
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

// content is what is in the world's files: it can be made again from its name.
func content(seed uint64, name string, size int) []byte {
	b := make([]byte, size)
	_, _ = reader{stream(seed, "content/"+name)}.Read(b)
	return b
}

func (r *realClient) put(op *Op, relay bool) {
	w := r.c.w
	w.tally.injected(op.Kind)
	w.fileNames++
	name := fmt.Sprintf("file-%d-%d.bin", op.N, w.fileNames)
	to := w.clients[op.To%len(w.clients)].plan.User
	w.model.notices.meant[name] = to
	r.job("put", func(c *client.Client) {
		began := w.putBegins(name)
		b := content(w.seed, name, op.N)
		ctx, cancel := context.WithTimeout(context.Background(), op.For)
		defer cancel()
		res, err := c.Put(ctx, bytes.NewReader(b), int64(len(b)), client.PutOptions{Name: name, To: []string{to}, Relay: relay})
		r.enter("put ends")
		w.lock()
		defer w.unlock()
		w.trace.tell(w.now(), r.c.name, fmt.Sprintf("put %s: %v", name, err))
		w.model.notices.calls[name] = w.now()
		switch {
		case err == nil && relay:
			w.effect("relayed")
		case err == nil && !relay:
			w.effect("put")
			r.files = append(r.files, res.File)
			w.model.stored(res.File, name, op.N)
			w.model.promised(to, res.File, name, began)
		case errors.Is(err, client.ErrChanged):
			w.fail("G5", "the content that was sent", "%s: put %s: %v", r.c.name, name, err)
		default:
			w.effect("put failed")
		}
	})
}

// accept takes what another user wants to send straight to this one.
func (r *realClient) accept(ctx context.Context, o client.Offer) {
	w := r.c.w
	w.lock()
	r.offers++
	t := newTicket(&r.c.host, r.c.name+"/accept/"+strconv.Itoa(r.offers))
	w.unlock()
	w.go1(func() {
		t.what = "begins"
		w.gate.enter(t)
		ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
		defer cancel()
		var to target
		res, err := o.AcceptTo(ctx, &to, client.GetOptions{})
		t.what = "ends"
		w.gate.enter(t)
		w.lock()
		defer w.unlock()
		if err != nil {
			w.effect("relay failed")
			return
		}
		w.effect("accepted")
		if !bytes.Equal(to.b, content(w.seed, res.File.Name, len(to.b))) || uint64(len(to.b)) != res.File.Size {
			w.fail("G5", "the file that was sent", "%s got another one for %s", r.c.name, res.File.Name)
		}
	})
}

// target takes a file that is fetched.
type target struct{ b []byte }

// WriteAt implements client.GetTarget.
func (t *target) WriteAt(p []byte, off int64) (int, error) {
	if n := int(off) + len(p); n > len(t.b) {
		t.b = append(t.b, make([]byte, n-len(t.b))...)
	}
	return copy(t.b[off:], p), nil
}

// Sync implements client.GetTarget.
func (t *target) Sync() error { return nil }

func (r *realClient) get(c *client.Client, id wire.FileID, patience time.Duration) {
	w := r.c.w
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var t target
	res, err := c.Get(ctx, id, &t, client.GetOptions{})
	r.enter("get ends")
	w.lock()
	defer w.unlock()
	w.trace.tell(w.now(), r.c.name, fmt.Sprintf("get: %v", err))
	if err != nil {
		w.effect("get failed")
		return
	}
	w.effect("get")
	sum := sha256.Sum256(t.b)
	if !bytes.Equal(sum[:], res.File.SHA256) || !bytes.Equal(t.b, content(w.seed, res.File.Name, len(t.b))) {
		w.fail("G5", "the file that was put", "%s got another one for %s", r.c.name, res.File.Name)
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

// patience is how long any call of a real client may take.
const patience = 6 * time.Minute

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
