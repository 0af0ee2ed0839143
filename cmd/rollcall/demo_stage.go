package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire/client"
)

// demo is the stage: a server, a watcher of everyone, and somebody who is
// always there. It is owned by one goroutine; two others feed its channels.
type demo struct {
	out     *printer
	began   time.Time
	server  *supervisor.Supervisor
	addr    string
	served  chan error
	watcher *client.Client
	steady  *client.Client // stays from the first scene to the last

	notices chan notice                 // of the watcher, as they come
	ends    chan supervisor.Termination // of the server
	watched chan struct{}               // closed when the watch has ended

	told    map[string][]notice // by user
	ended   map[uint64]*supervisor.Termination
	results []demoResult
}

// notice is what the watcher was told, and when.
type notice struct {
	client.Event
	after time.Duration
}

// The names of those who are there all the time.
const (
	demoWatcher = "watcher"
	demoSteady  = "zoe"
)

// openDemo starts the server, the watcher and the steady user.
func openDemo(ctx context.Context, out *printer) (*demo, error) {
	d := &demo{
		out: out, began: time.Now(), served: make(chan error, 1),
		// Far more than the scenes make.
		notices: make(chan notice, 1024), ends: make(chan supervisor.Termination, 1024),
		watched: make(chan struct{}),
		told:    make(map[string][]notice), ended: make(map[uint64]*supervisor.Termination),
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	d.addr = l.Addr().String()
	d.server, err = supervisor.New(supervisor.Config{
		Node: "demo", Interval: demoHeartbeat, Timeout: demoTimeout,
		WriteTimeout: demoTimeout, Linger: demoHeartbeat, QueueBytes: 256 << 10,
		OnEvent: d.take,
	})
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	go func() { d.served <- d.server.Serve(context.Background(), l) }()
	d.out.line("A server listens on %s: ping after %v of silence, the end after %v.", d.addr, demoHeartbeat, demoTimeout)
	d.out.line("A watcher is told of everyone. Times are since the start.")
	if err := d.cast(ctx); err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

// cast connects the watcher and the steady user.
func (d *demo) cast(ctx context.Context) (err error) {
	if d.watcher, err = d.dial(ctx, client.Options{User: demoWatcher}); err != nil {
		close(d.watched)
		return err
	}
	w, err := d.watcher.Watch(ctx)
	if err != nil {
		close(d.watched)
		return err
	}
	go func() {
		defer close(d.watched)
		for e := range w.Events() {
			d.notices <- notice{e, d.now()}
		}
	}()
	if d.steady, err = d.dial(ctx, client.Options{User: demoSteady}); err != nil {
		return err
	}
	d.out.line("")
	d.out.line("%s", d.out.paint(bold, demoSteady+" comes, and stays"))
	return d.until(ctx, func() bool { return d.online(demoSteady) })
}

// dial connects a client with manners.
func (d *demo) dial(ctx context.Context, o client.Options) (*client.Client, error) {
	o.NoReconnect = true
	o.HandshakeTimeout = demoPatience
	// Its life is not ctx: a scene may end before its user does.
	return client.Dial(context.WithoutCancel(ctx), d.addr, o)
}

// take keeps the terminations. It runs on the supervisor's goroutine.
func (d *demo) take(e supervisor.Event) {
	if t, ok := e.(supervisor.Terminated); ok {
		select {
		case d.ends <- t.Termination:
		default:
		}
	}
}

func (d *demo) now() time.Duration { return time.Since(d.began) }

// say prints a line with the time.
func (d *demo) say(colour, format string, args ...any) { d.sayAt(d.now(), colour, format, args...) }

func (d *demo) sayAt(at time.Duration, colour, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if colour != "" {
		text = d.out.paint(colour, text)
	}
	d.out.line("%9.1f ms  %s", float64(at)/float64(time.Millisecond), text)
}

// until takes in what happens until it has come about, or ctx ends.
func (d *demo) until(ctx context.Context, come func() bool) error {
	for !come() {
		select {
		case n := <-d.notices:
			d.hear(n)
		case t := <-d.ends:
			d.ended[t.Connection] = &t
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// hear prints and remembers what the watcher was told.
func (d *demo) hear(n notice) {
	if n.Kind == client.Snapshot || n.User == demoWatcher {
		return
	}
	d.told[n.User] = append(d.told[n.User], n)
	if n.Kind == client.Online {
		d.sayAt(n.after, green, "    the watcher is told: + %s is online", n.User)
		return
	}
	d.sayAt(n.after, red, "    the watcher is told: - %s is offline: %s", n.User, reasonOf(n.Event))
}

// online reports what the watcher believes of a user.
func (d *demo) online(user string) bool {
	told := d.told[user]
	return len(told) > 0 && told[len(told)-1].Kind == client.Online
}

// settled reports whether the watcher has been told everything that there is to
// tell, by the dense version of presence.
func (d *demo) settled(ctx context.Context) (bool, error) {
	counts, err := d.server.Counts(ctx)
	if err != nil {
		return false, err
	}
	latest := uint64(0)
	for _, told := range d.told {
		latest = max(latest, told[len(told)-1].Version)
	}
	return latest == counts.Version, nil
}

// close ends the steady user, checks that the server is as it was before
// anybody came, and shuts everything down. It returns what was wrong.
func (d *demo) close() (wrong []string) {
	ctx, cancel := context.WithTimeout(context.Background(), demoPatience)
	defer cancel()
	if d.steady != nil {
		wrong = append(wrong, d.checkSteady(ctx)...)
	}
	if d.watcher != nil {
		_ = d.watcher.Close()
	}
	<-d.watched
	wrong = append(wrong, d.checkEmpty(ctx)...)
	if err := errors.Join(d.server.Shutdown(ctx), <-d.served); err != nil {
		wrong = append(wrong, plain(err))
	}
	return wrong
}
