package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"github.com/spf13/pflag"

	"example.com/rollcall/wire"
	"example.com/rollcall/wire/client"
)

// defaultPort is where a server listens unless told otherwise.
const defaultPort = "7465"

// clientFlags are what every command that connects to a server has.
type clientFlags struct {
	server, user, identifier, credential string
	answerTimeout                        time.Duration
}

func (f *clientFlags) bind(fs *pflag.FlagSet) {
	fs.StringVar(&f.server, "server", "127.0.0.1:"+defaultPort, "the server's `HOST:PORT`")
	fs.StringVar(&f.user, "user", "", "log in as this user (`NAME`)")
	fs.StringVar(&f.identifier, "identifier", "", "this client's own network identifier (`ID`); the same over its reconnects (default random)")
	fs.StringVar(&f.credential, "credential-file", "", "read what proves the user from this `FILE`, for servers that ask for it")
	fs.DurationVar(&f.answerTimeout, "answer-timeout", 10*time.Second, "give up when the server does not answer for this long")
}

// stayFlags are what the commands have that stay connected.
type stayFlags struct {
	clientFlags
	heartbeat, timeout time.Duration
	retry              bool
}

func (f *stayFlags) bind(fs *pflag.FlagSet) {
	f.clientFlags.bind(fs)
	fs.DurationVar(&f.heartbeat, "heartbeat", 0, "ask for a ping after this much silence (default the server's choice)")
	fs.DurationVar(&f.timeout, "timeout", 0, "ask to be given up after this much silence (default the server's choice)")
	fs.BoolVar(&f.retry, "retry", false, "keep trying when the server cannot be reached at first")
}

// options turns flags into options of the client.
func (f *clientFlags) options() (client.Options, error) {
	o := client.Options{
		Identifier: f.identifier, Name: "rollcall", Release: release,
		User: f.user, HandshakeTimeout: f.answerTimeout,
	}
	if f.credential != "" {
		secret, err := os.ReadFile(f.credential)
		if err != nil {
			return o, usage("%w", err)
		}
		o.Credential = bytes.TrimRight(secret, "\r\n")
	}
	return o, nil
}

func (f *stayFlags) options() (client.Options, error) {
	o, err := f.clientFlags.options()
	o.Interval, o.Timeout, o.RetryDial = f.heartbeat, f.timeout, f.retry
	return o, err
}

// address completes an address that has no port.
func address(server string) string {
	if _, _, err := net.SplitHostPort(server); err != nil {
		return net.JoinHostPort(server, defaultPort)
	}
	return server
}

// dial connects. ctx is the client's life.
func dial(ctx context.Context, server string, o client.Options) (*client.Client, error) {
	if err := o.Validate(); err != nil {
		return nil, usage("%w", err)
	}
	c, err := client.Dial(ctx, address(server), o)
	if err == nil {
		return c, nil
	}
	return nil, dialError(server, err)
}

// dialError says in plain words why a connection did not come about.
func dialError(server string, err error) error {
	var end *client.EndError
	switch {
	case interrupted(err):
		return err
	case !errors.As(err, &end):
		return exitWith(exitUnreachable, "cannot reach the server at %s: %s", address(server), cause(err))
	case codeOfEnd(end) == exitUnreachable:
		return exitWith(exitUnreachable, "cannot connect to the server at %s: %s", address(server), wordsOfEnd(end))
	}
	return err
}

// lasting is a client that stays, and whose connection's ups and downs are told
// line by line.
type lasting struct {
	*client.Client
	told sync.WaitGroup

	// static after construction
	each func(client.State) // told of every state, beside the lines; may be nil

	// owned by the goroutine that tells
	terse bool // tell of troubles only
	down  bool // the latest that was told is a trouble
}

// wait waits for the client's end, and until all of it was told.
func (l *lasting) wait() {
	<-l.Done()
	l.told.Wait()
}

// stay connects a client that reconnects, and tells by say what becomes of its
// connection.
func stay(ctx context.Context, server string, o client.Options, say func(string)) (*lasting, error) {
	return stayAs(ctx, &lasting{}, server, o, say)
}

// stayAs is stay with a client that has its own way of telling.
func stayAs(ctx context.Context, l *lasting, server string, o client.Options, say func(string)) (*lasting, error) {
	// The client must not wait for a terminal that stands still: news past this
	// bound are dropped.
	states := make(chan client.State, 256)
	var closed sync.Once
	last := func() { closed.Do(func() { close(states) }) }
	listener := o.OnState
	o.OnState = func(s client.State) {
		if listener != nil {
			listener(s)
		}
		if s.Phase == client.Closed {
			last()
			return
		}
		select {
		case states <- s:
		default:
		}
	}
	up := make(chan struct{})
	l.told.Go(func() {
		for s := range states {
			if s.Phase == client.Connected {
				<-up
			}
			if l.each != nil {
				l.each(s)
			}
			for _, line := range l.news(server, s) {
				say(line)
			}
		}
	})
	c, err := dial(ctx, server, o)
	l.Client = c
	close(up)
	if err != nil {
		last() // when it did not even begin
		l.told.Wait()
		return nil, err
	}
	return l, nil
}

// news are the lines about a new state of the connection.
func (l *lasting) news(server string, s client.State) []string {
	switch {
	case s.Phase == client.Disconnected:
		l.down = true
		retry := fmt.Sprintf("trying again in %v", short(s.RetryIn))
		var end *client.EndError
		if errors.As(s.Err, &end) {
			return []string{fmt.Sprintf("disconnected: %s; %s", wordsOfEnd(end), retry)}
		}
		return []string{fmt.Sprintf("cannot reach the server at %s: %s; %s", address(server), cause(s.Err), retry)}
	case s.Phase != client.Connected || l.Client == nil:
		return nil
	case l.terse && !l.down:
		return nil
	case l.terse:
		l.down = false
		return []string{"connected again to " + address(server)}
	}
	w := l.Welcome()
	lines := []string{fmt.Sprintf("connected to %s (node %s, connection %d, ping after %v, timeout %v)",
		address(server), printable(w.Node), w.Connection, millis(w.Interval), millis(w.Timeout))}
	if session, ok := l.Session(); ok {
		again := ""
		if session.Resumed {
			again = ", resumed"
		}
		lines = append(lines, fmt.Sprintf("%s is online (session %d%s)", printable(session.User), session.ID, again))
	}
	return lines
}

// needUser refuses a command that was not told who it is for.
func (f *clientFlags) needUser() error {
	if f.user == "" {
		return usage("say who you are: --user NAME, or %s", variable("user"))
	}
	if err := wire.ValidUser(f.user); err != nil {
		return usage("--user: %w", err)
	}
	return nil
}
