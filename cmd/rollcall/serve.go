package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"

	"example.com/rollcall/actors/filestore"
	"example.com/rollcall/supervisor"
)

// serveFlags are the settings of a server.
type serveFlags struct {
	listen          []string
	admin           string
	adminRemote     bool
	adminHosts      []string
	sessions        *choice
	logLevel        *choice
	logFormat       *choice
	shutdownTimeout time.Duration
	store           storeFlags
	record          recordFlags
	config          supervisor.Config
}

// policies are the words of --sessions.
var policies = map[string]supervisor.Policy{
	"many": supervisor.Many, "replace": supervisor.Replace, "refuse": supervisor.Refuse,
}

// serveCommand runs a server.
func (p *program) serveCommand() *cobra.Command {
	f := &serveFlags{
		sessions:  newChoice("many", "many", "replace", "refuse"),
		logLevel:  newChoice("info", "error", "warn", "info", "debug"),
		logFormat: newChoice("text", "text", "json"),
	}
	cmd := &cobra.Command{
		Use:   "serve [flags]",
		Short: "Run a server",
		Long: `Serve runs a server until SIGINT or SIGTERM. When it is ready, it prints one line
to standard output: "listening on ADDRESS", followed by " admin http://ADDRESS"
unless --admin is off, with the real ports if 0 was asked for; its log goes to
standard error.

A signal ends it in good order: it accepts nobody any more, says bye to every
client, and waits for them, for --shutdown-timeout at most. A second signal cuts
off what is left at once.

Files that users send each other are kept in --data, in the directory of one
server at a time. What is visible there is whole, verified and on the disk; what
a crash has left is put in order at the next start, and a line tells what was
found.

Who is online, and why everybody went, is kept there too, in record/. A server
that was killed takes those who were online over: who is back within
--grace-restart was never shown offline, and the others are told as offline with
reason node_lost. 'rollcall why' tells of departures, 'rollcall forget' removes
what is recorded of a user.`,
		Example: `  rollcall serve
  rollcall serve --listen 0.0.0.0:7465 --heartbeat 5s --timeout 10s --grace 30s
  rollcall serve --listen 127.0.0.1:0 --admin off --log-format json --data none
  rollcall serve --data /srv/rollcall --max-file 2GiB --retention 168h
  ROLLCALL_LOG_LEVEL=debug rollcall serve --config rollcall.yaml`,
		Args: noArguments(""),
		RunE: func(cmd *cobra.Command, _ []string) error { return p.serve(cmd.Context(), f) },
	}
	f.bind(cmd)
	return cmd
}

func (f *serveFlags) bind(cmd *cobra.Command) {
	fs, c := cmd.Flags(), &f.config
	fs.StringSliceVar(&f.listen, "listen", []string{"127.0.0.1:" + defaultPort}, "accept clients at this `HOST:PORT`; port 0 takes a free one; may be given several times")
	fs.StringVar(&f.admin, "admin", defaultAdmin, "serve the admin API at this `HOST:PORT`; off for none")
	fs.BoolVar(&f.adminRemote, "admin-remote", false, "let other machines kick through the admin API, which has no passwords")
	fs.StringSliceVar(&f.adminHosts, "admin-hosts", nil, "`NAMES` under which the admin API is called, beside localhost and addresses")
	fs.StringVar(&c.Node, "node", "", "this server's `NAME`, told to clients (default the host's name)")
	fs.DurationVar(&c.Interval, "heartbeat", 0, "ping a client after this much silence (default 15s, or half of --timeout)")
	fs.DurationVar(&c.Timeout, "timeout", 0, "give a client up after this much silence (default 30s, or twice --heartbeat)")
	fs.DurationVar(&c.MinInterval, "min-heartbeat", 0, "the shortest heartbeat that a client may ask for (default 1s)")
	fs.DurationVar(&c.MaxInterval, "max-heartbeat", 0, "the longest heartbeat that a client may ask for (default 10m)")
	fs.DurationVar(&c.MinTimeout, "min-timeout", 0, "the shortest timeout that a client may ask for (default 2s)")
	fs.DurationVar(&c.MaxTimeout, "max-timeout", 0, "the longest timeout that a client may ask for (default 30m)")
	fs.DurationVar(&c.Grace, "grace", 0, "hold back 'offline' for this long after a user's last session was lost")
	bindChoice(cmd, f.sessions, "sessions", "what a second login of a user does: it adds a session, replaces the older one, or is refused")
	bindPositive(fs, &c.MaxSessions, "max-sessions", 64, "the most sessions of one user")
	bindPositive(fs, &c.MaxConnections, "max-connections", 1_000_000, "the most connections; the next one is told so and closed")
	bindPositive(fs, &c.MaxFrame, "max-frame", 64<<10, "the longest frame that a client may send, in bytes")
	bindPositive(fs, &c.QueueBytes, "queue-bytes", 1<<20, "the most bytes that may wait for one client; past it, it is a slow consumer")
	bindPositive(fs, &c.QueueFrames, "queue-frames", 8192, "the most frames that may wait for one client")
	bindPositiveDuration(fs, &c.HandshakeTimeout, "handshake-timeout", 10*time.Second, "the longest time from accept to a whole hello")
	bindPositiveDuration(fs, &c.FrameTimeout, "frame-timeout", 30*time.Second, "the longest time from a frame's first byte to its last")
	bindPositiveDuration(fs, &c.WriteTimeout, "write-timeout", 20*time.Second, "the longest time that one write may take")
	bindPositiveDuration(fs, &c.FlushInterval, "flush-interval", 2*time.Millisecond, "under load, changes of who is online are gathered for this long")
	bindPositiveDuration(fs, &c.Linger, "linger", time.Second, "the longest time that a client may take to read its goodbye")
	bindPositive(fs, &c.Recent, "recent", 1024, "how many terminations are remembered")
	f.store.bind(fs)
	f.record.bind(fs)
	bindPositiveDuration(fs, &f.shutdownTimeout, "shutdown-timeout", 10*time.Second, "the longest time that an end in good order may take")
	bindChoice(cmd, f.logLevel, "log-level", "what is logged to standard error")
	bindChoice(cmd, f.logFormat, "log-format", "how it is logged")
}

// server is a running server.
type server struct {
	log        *logrus.Logger
	supervisor *supervisor.Supervisor
	store      filestore.Store // nil: none
	records    *records        // nil: none on disk
	admin      *adminServer    // nil: none
	failed     chan error      // a listener or the admin API ended by itself
	loops      sync.WaitGroup
}

func (p *program) serve(ctx context.Context, f *serveFlags) error {
	log, err := p.logger(f.logLevel.value, f.logFormat.value)
	if err != nil {
		return err
	}
	defer log.close()
	s, err := f.start(ctx, p, log.Logger)
	if err != nil {
		return err
	}
	go giveBack(ctx)
	out := p.printer(p.out)
	out.line("%s", s.readyLine(f.listen))
	reason := out.failed()
	if reason == nil {
		select {
		case <-ctx.Done():
			log.WithField("cause", context.Cause(ctx).Error()).Info("shutting down")
		case reason = <-s.failed:
			log.WithError(reason).Error("shutting down")
		}
	}
	return errors.Join(reason, s.stop(p.forced, f.shutdownTimeout))
}

// start opens all listeners and the store, and serves. When one cannot be had,
// nothing is left behind.
func (f *serveFlags) start(ctx context.Context, p *program, log *logrus.Logger) (_ *server, err error) {
	f.config.Policy = policies[f.sessions.value]
	f.config.Logger = log
	if err := f.config.Validate(); err != nil {
		return nil, usage("%s", strings.ReplaceAll(err.Error(), supervisor.ErrConfig.Error()+": ", ""))
	}
	if _, err := f.record.options(); err != nil {
		return nil, err
	}
	var listeners []net.Listener
	defer func() {
		if err != nil {
			for _, l := range listeners {
				_ = l.Close()
			}
		}
	}()
	open := func(addr string) error {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
		if err != nil {
			if malformed(err) {
				return usage("%q is no HOST:PORT: %s", addr, cause(err))
			}
			return fmt.Errorf("cannot listen on %s: %s", addr, cause(err))
		}
		listeners = append(listeners, l)
		return nil
	}
	for _, addr := range f.listen {
		if err := open(addr); err != nil {
			return nil, err
		}
	}
	if len(listeners) == 0 {
		return nil, usage("--listen names no address")
	}
	clients := listeners
	if f.admin != "off" {
		if err := open(f.admin); err != nil {
			return nil, err
		}
	}
	s := &server{log: log, failed: make(chan error, len(listeners))}
	if s.store, err = f.store.open(p, log); err != nil {
		return nil, err
	}
	f.config.Store, f.config.FileGrace, f.config.Window = s.store, f.store.supervisorGrace(), int(f.store.window)
	data, err := p.dataDir(f.store.data)
	if err != nil {
		return nil, errors.Join(err, s.closeStore())
	}
	if s.records, err = f.record.open(data, log); err != nil {
		return nil, errors.Join(err, s.closeStore())
	}
	if s.records != nil {
		f.config.Roll, f.config.Journal = s.records.roll, s.records.journal
	}
	f.record.configure(&f.config)
	if s.supervisor, err = supervisor.New(f.config); err != nil {
		return nil, errors.Join(err, s.records.close(), s.closeStore())
	}
	s.serve(clients)
	if f.admin != "off" {
		s.admin = s.serveAdmin(listeners[len(clients)], f)
	}
	for i, l := range clients {
		f.listen[i] = l.Addr().String()
		log.WithFields(logrus.Fields{"listen": f.listen[i], "epoch": s.supervisor.Epoch(), "release": release}).Info("serving")
	}
	return s, nil
}

// malformed reports whether an address cannot be one, on whatever machine.
func malformed(err error) bool {
	var address *net.AddrError
	var port *net.ParseError
	return errors.As(err, &address) || errors.As(err, &port)
}

// serve accepts from the listeners, and returns when all of them do.
func (s *server) serve(listeners []net.Listener) {
	for _, l := range listeners {
		ready := &readyListener{Listener: l, ready: make(chan struct{})}
		s.loops.Go(func() {
			// Not the signal's context: that would close the listener before the
			// supervisor has begun to shut down.
			if err := s.supervisor.Serve(context.Background(), ready); err != nil {
				s.failed <- fmt.Errorf("accepting on %s: %w", l.Addr(), err)
			}
			ready.signal()
		})
		<-ready.ready
	}
}

// readyListener tells when it is accepted from for the first time: from then on
// the supervisor calls itself ready.
type readyListener struct {
	net.Listener
	once  sync.Once
	ready chan struct{}
}

func (l *readyListener) signal() { l.once.Do(func() { close(l.ready) }) }

func (l *readyListener) Accept() (net.Conn, error) {
	l.signal()
	return l.Listener.Accept()
}

// readyLine is what is printed when clients can connect.
func (s *server) readyLine(addresses []string) string {
	line := "listening on " + strings.Join(addresses, " ")
	if s.admin != nil {
		line += " admin http://" + s.admin.address
	}
	return line
}

// stop ends everything: in good order, until timeout or the second signal.
func (s *server) stop(forced context.Context, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(forced, timeout)
	defer cancel()
	err := s.supervisor.Shutdown(ctx)
	if s.admin != nil {
		s.admin.stop()
	}
	s.loops.Wait()
	if failed := s.closeStore(); failed != nil { // what comes late is told that it is closed
		s.log.WithError(failed).Error("closing the data directory")
		err = errors.Join(err, failed)
	}
	if failed := s.records.close(); failed != nil {
		s.log.WithError(failed).Error("closing the record")
		err = errors.Join(err, failed)
	}
	switch {
	case context.Cause(forced) != nil:
		s.log.Warn("forced: what was left was cut off")
		return context.Cause(forced)
	case errors.Is(err, context.DeadlineExceeded):
		s.log.Warn("not in time: what was left was cut off")
		return fmt.Errorf("the shutdown was not over after %v: what was left was cut off", timeout)
	case err != nil:
		return fmt.Errorf("shutting down: %w", err)
	}
	s.log.Info("stopped")
	return nil
}

// closeStore gives the data directory free.
func (s *server) closeStore() error {
	if s.store == nil {
		return nil
	}
	return s.store.Close()
}
