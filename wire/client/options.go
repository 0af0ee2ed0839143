package client

import (
	"context"
	crand "crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"time"

	"example.com/rollcall/wire"
)

// The defaults of Options.
const (
	DefaultHandshakeTimeout = 10 * time.Second
	DefaultWriteTimeout     = 10 * time.Second
	DefaultDeliverQueue     = 256
	DefaultMaxUsers         = 1 << 20
	DefaultWindow           = 1 << 20
	DefaultResumeWait       = time.Minute
)

// The bounds of Options.Window.
const (
	minWindow = 64 << 10
	maxWindow = 64 << 20
)

// maxTime bounds every wanted heartbeat time: what is longer is a mistake.
const maxTime = 24 * time.Hour

// Options says how a client connects and behaves. The zero value is usable: it
// connects anonymously over TCP, and reconnects.
type Options struct {
	// Identifier is the client's own network identifier, 1 to
	// [wire.MaxIdentifier] bytes, kept over its reconnects. Empty means a random
	// one of 128 bits in hex. It proves nothing.
	Identifier string
	// Name and Release tell the server what program this is; at most
	// [wire.MaxName] bytes each.
	Name, Release string

	// User is who logs in on every connection, with Credential. Empty means
	// nobody: the client is anonymous until [Client.Login].
	User       string
	Credential []byte
	// Token is the resume token of an earlier session of User's, from
	// [Session]: the first login says with it that this is the same session
	// coming back. Empty means a new session.
	Token []byte

	// Interval and Timeout are the heartbeat's wanted times: ping after Interval
	// of silence, give up after Timeout of it. Zero asks for the server's
	// default; the server clamps them, and [Client.Welcome] tells the result.
	Interval, Timeout time.Duration

	// HandshakeTimeout bounds each attempt to connect, from dialling to the
	// answer to the login. Zero means DefaultHandshakeTimeout.
	HandshakeTimeout time.Duration
	// WriteTimeout is how long a write to the transport may make no progress.
	// Zero means DefaultWriteTimeout.
	WriteTimeout time.Duration

	// DialContext makes the transport, for TLS, proxies, tests and simulations.
	// Nil means a [net.Dialer]. It has to end when its context does. The network
	// is always "tcp".
	DialContext func(ctx context.Context, network, addr string) (net.Conn, error)

	// NoReconnect makes the first end of the connection the end of the client.
	NoReconnect bool
	// RetryDial makes Dial try again by the rules of Backoff, until its context
	// ends, when the first connect fails for a reason that may pass.
	RetryDial bool
	// Backoff says how long to wait between attempts to connect.
	Backoff Backoff
	// Random is the source of jitter, and of a random Identifier, for runs that
	// are to be repeated. The client alone may use it from then on. Nil means a
	// randomly seeded one.
	Random rand.Source

	// GoOn, if set, is called by all in the client that has waited, before it goes
	// on: by the goroutine that writes, with "writer"; the one that connects and
	// beats, with "run"; those of the watches, with "watch/" and a number; and by
	// calls of the client's methods, with "call/" and a number. It may wait; nobody
	// else calls it with the same name meanwhile. It is for simulations, which put
	// what happens in order. The goroutine that reads goes on when a read of the
	// transport returns, and the handlers' after it.
	GoOn func(goroutine string)

	// OnState is told of every change of the connection's state, in order, from
	// one goroutine. It must not block: heartbeats and reconnects wait for it.
	OnState func(State)
	// OnDeliver is given the messages of other users, and OnApp the application
	// messages of the server, in the order of their arrival and from one
	// goroutine for both. They may block and may use the client, but must not
	// call [Client.Close], which waits for them. While they are busy, messages
	// wait in a queue; see DeliverQueue. A nil function drops what is for it.
	OnDeliver func(Message)
	OnApp     func(kind string, body []byte)
	// OnOffer is given the files that other users want to send straight to this
	// one, and OnFileNotice the news of files that are meant for this user: of
	// those that are being put, and, after a login, of what has become of others
	// meanwhile. A notice may come twice: the file's ID and the event tell. Both
	// are called like OnDeliver, by the same goroutine and in the same order.
	// Without OnOffer, offers are left to the user's other sessions. Without
	// OnFileNotice, so is the news: what the server keeps for a user who is away
	// waits for a session that has it.
	OnOffer      func(Offer)
	OnFileNotice func(wire.FileNotice)
	// DeliverQueue bounds how many messages wait for OnDeliver, OnApp, OnOffer
	// and OnFileNotice; zero means DefaultDeliverQueue. Their bodies are bounded too, to 8 MiB
	// altogether. What arrives at a full queue is dropped and counted, see
	// [Message.Lost] and [Client.Dropped]: neither the pings and answers behind
	// it on the connection (N21) nor the connection itself have to pay for a
	// slow handler.
	DeliverQueue int

	// Window is how much of a file that is being received may be on its way and
	// in memory, in bytes, for each get and each relay: from 64 KiB to 64 MiB.
	// Zero means DefaultWindow. A window of n bytes allows n bytes in each round
	// trip.
	Window int
	// ResumeWait is how long a relay waits for the other user after an
	// interruption: the recipient for the file to be offered again, and the
	// sender for a recipient that is not online since the server has started
	// anew. Zero means DefaultResumeWait.
	ResumeWait time.Duration

	// MaxUsers bounds how many online users a watch remembers, against a server
	// that lists users without end; zero means DefaultMaxUsers. A server that
	// lists more breaks the connection with protocol_error.
	MaxUsers int
}

// Validate reports every mistake in o at once. Dial calls it.
func (o Options) Validate() error {
	var errs []error
	bad := func(format string, a ...any) { errs = append(errs, fmt.Errorf("client: "+format, a...)) }
	if o.Identifier != "" {
		errs = append(errs, wire.ValidIdentifier(o.Identifier))
	}
	if o.User != "" {
		errs = append(errs, wire.ValidUser(o.User))
	} else if len(o.Credential) > 0 || len(o.Token) > 0 {
		bad("a credential or token without a user")
	}
	if len(o.Name) > wire.MaxName || len(o.Release) > wire.MaxName {
		bad("name and release have at most %d bytes", wire.MaxName)
	}
	if len(o.Credential) > wire.MaxCredential {
		bad("the credential has %d bytes, more than %d", len(o.Credential), wire.MaxCredential)
	}
	if len(o.Token) > wire.MaxToken {
		bad("the token has %d bytes, more than %d", len(o.Token), wire.MaxToken)
	}
	for _, t := range []struct {
		name string
		d    time.Duration
	}{
		{"interval", o.Interval},
		{"timeout", o.Timeout},
		{"handshake timeout", o.HandshakeTimeout},
		{"write timeout", o.WriteTimeout},
		{"resume wait", o.ResumeWait},
	} {
		if t.d < 0 || t.d > maxTime {
			bad("the %s is %v, not between 0 and %v", t.name, t.d, maxTime)
		}
		if t.d > 0 && t.d < time.Millisecond {
			bad("the %s is %v, less than a millisecond", t.name, t.d)
		}
	}
	if o.Interval > 0 && o.Timeout > 0 && o.Interval > o.Timeout {
		bad("the interval %v is longer than the timeout %v", o.Interval, o.Timeout)
	}
	if o.DeliverQueue < 0 {
		bad("the deliver queue is %d long", o.DeliverQueue)
	}
	if o.Window != 0 && (o.Window < minWindow || o.Window > maxWindow) {
		bad("the window is %d, not from %d to %d", o.Window, minWindow, maxWindow)
	}
	if o.MaxUsers < 0 {
		bad("the most users are %d", o.MaxUsers)
	}
	return errors.Join(append(errs, o.Backoff.Validate())...)
}

// features are what the server is told that this client takes.
func (o Options) features() (f wire.Features) {
	if o.OnFileNotice != nil {
		f |= wire.FeatureFileNotices
	}
	if o.OnOffer != nil {
		f |= wire.FeatureOffers
	}
	return f
}

// withDefaults fills in what was left at zero. It takes no copy of Credential
// and Token: Dial does.
func (o Options) withDefaults(random *rand.Rand) Options {
	if o.Identifier == "" {
		var id [16]byte
		binary.BigEndian.PutUint64(id[:], random.Uint64())
		binary.BigEndian.PutUint64(id[8:], random.Uint64())
		o.Identifier = hex.EncodeToString(id[:])
	}
	if o.HandshakeTimeout == 0 {
		o.HandshakeTimeout = DefaultHandshakeTimeout
	}
	if o.WriteTimeout == 0 {
		o.WriteTimeout = DefaultWriteTimeout
	}
	if o.DialContext == nil {
		o.DialContext = new(net.Dialer).DialContext
	}
	if o.DeliverQueue == 0 {
		o.DeliverQueue = DefaultDeliverQueue
	}
	if o.MaxUsers == 0 {
		o.MaxUsers = DefaultMaxUsers
	}
	if o.Window == 0 {
		o.Window = DefaultWindow
	}
	if o.ResumeWait == 0 {
		o.ResumeWait = DefaultResumeWait
	}
	o.Backoff = o.Backoff.withDefaults()
	return o
}

// newRandom returns the generator over source, or over one that is seeded by
// the system: ChaCha8 is strong enough for an identifier not to be guessed.
func newRandom(source rand.Source) *rand.Rand {
	if source == nil {
		var seed [32]byte
		_, _ = crand.Read(seed[:]) // never fails, see crypto/rand
		source = rand.NewChaCha8(seed)
	}
	return rand.New(source) //nolint:gosec // jitter; the identifier is no secret
}
