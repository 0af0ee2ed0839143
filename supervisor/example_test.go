package supervisor_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"

	"github.com/anthdm/hollywood/actor"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
	"example.com/rollcall/wire/client"
)

// A server in twenty lines: it listens, a user logs in, another one watches and
// is told when the first one goes, and why.
func ExampleNew() {
	ctx := context.Background()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	server, err := supervisor.New(supervisor.Config{})
	if err != nil {
		log.Fatal(err)
	}
	go func() { _ = server.Serve(ctx, listener) }()

	alice, err := client.Dial(ctx, listener.Addr().String(), client.Options{User: "alice"})
	if err != nil {
		log.Fatal(err)
	}
	bob, err := client.Dial(ctx, listener.Addr().String(), client.Options{User: "bob"})
	if err != nil {
		log.Fatal(err)
	}
	watch, err := bob.Watch(ctx, "alice")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("online:", (<-watch.Events()).Online[0].User)
	_ = alice.Close()
	gone := <-watch.Events()
	fmt.Println(gone.Kind, gone.User, gone.Reason)
	_ = bob.Close()
	fmt.Println(server.Shutdown(ctx))
	// Output:
	// online: alice
	// offline alice bye
	// <nil>
}

// start starts a server for an example, and dial connects a client to it.
func start(cfg supervisor.Config) (server *supervisor.Supervisor, dial func(user, credential string) (*client.Client, error)) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	s, err := supervisor.New(cfg)
	if err != nil {
		log.Fatal(err)
	}
	go func() { _ = s.Serve(context.Background(), listener) }()
	return s, func(user, credential string) (*client.Client, error) {
		return client.Dial(context.Background(), listener.Addr().String(), client.Options{
			User: user, Credential: []byte(credential),
		})
	}
}

// One-way messages of a kind come to its handler typed, and in order for each
// connection.
func ExampleHandle() {
	server, dial := start(supervisor.Config{})
	type position struct{ X, Y int }
	moved := make(chan string)
	err := supervisor.Handle(server, "move",
		func(_ context.Context, from supervisor.Caller, to position) error {
			moved <- fmt.Sprintf("%s moved to %d,%d", from.User, to.X, to.Y)
			return nil
		})
	if err != nil {
		log.Fatal(err)
	}

	alice, err := dial("alice", "")
	if err != nil {
		log.Fatal(err)
	}
	// {"X": 3, "Y": 4} in CBOR
	if err := alice.Tell(context.Background(), "move", []byte{0xa2, 0x61, 'X', 3, 0x61, 'Y', 4}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(<-moved)
	_ = alice.Close()
	_ = server.Shutdown(context.Background())
	// Output: alice moved to 3,4
}

// A request is answered with what the handler returns. An error is told to the
// client; a Refusal chooses its code.
func ExampleHandleRequest() {
	server, dial := start(supervisor.Config{})
	err := supervisor.HandleRequest(server, "greet",
		func(_ context.Context, from supervisor.Caller, name []byte) ([]byte, error) {
			if len(name) == 0 {
				return nil, &supervisor.Refusal{Code: wire.CodeBadRequest, Text: "whom?"}
			}
			return fmt.Appendf(nil, "hello %s, says %s", name, from.User), nil
		})
	if err != nil {
		log.Fatal(err)
	}

	alice, err := dial("alice", "")
	if err != nil {
		log.Fatal(err)
	}
	answer, err := alice.Request(context.Background(), "greet", []byte("bob"))
	fmt.Printf("%s, %v\n", answer, err)
	_, err = alice.Request(context.Background(), "greet", nil)
	fmt.Println(errors.Is(err, wire.CodeBadRequest), err)
	_ = alice.Close()
	_ = server.Shutdown(context.Background())
	// Output:
	// hello bob, says alice, <nil>
	// true rollcall: bad_request: whom?
}

// departures is an actor of the program's own, which is told of every end.
type departures struct{ told chan string }

// Receive implements actor.Receiver.
func (d *departures) Receive(c *actor.Context) {
	switch e := c.Message().(type) {
	case supervisor.Terminated:
		d.told <- fmt.Sprintf("connection of %s ended: %s", e.User, e.Reason)
	case supervisor.UserOffline:
		d.told <- fmt.Sprintf("%s is offline: %s", e.User, e.Reason)
	}
}

// An actor on the same engine gets the events as messages.
func ExampleSupervisor_SubscribeActor() {
	engine, err := actor.NewEngine(actor.NewEngineConfig())
	if err != nil {
		log.Fatal(err)
	}
	server, err := supervisor.NewOn(engine, supervisor.Config{})
	if err != nil {
		log.Fatal(err)
	}
	told := make(chan string, 10)
	pid := engine.Spawn(func() actor.Receiver { return &departures{told} }, "departures")
	server.SubscribeActor(pid)

	// Any net.Conn will do for a transport.
	ours, theirs := net.Pipe()
	if err := server.ServeConn(ours); err != nil {
		log.Fatal(err)
	}
	alice, err := client.Dial(context.Background(), "a pipe", client.Options{
		User:        "alice",
		DialContext: func(context.Context, string, string) (net.Conn, error) { return theirs, nil },
	})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := server.KickUser(context.Background(), "alice", "time to go"); err != nil {
		log.Fatal(err)
	}
	fmt.Println(<-told)
	fmt.Println(<-told)
	_ = alice.Close()
	_ = server.Shutdown(context.Background())
	<-engine.Poison(pid).Done()
	// Output:
	// connection of alice ended: kicked
	// alice is offline: kicked
}

// Events by iterator: it ends with the supervisor.
func ExampleSupervisor_Subscribe() {
	server, dial := start(supervisor.Config{})
	events := server.Subscribe(100)
	alice, err := dial("alice", "")
	if err != nil {
		log.Fatal(err)
	}
	_ = alice.Close()
	for e := range events.All() {
		switch e := e.(type) {
		case supervisor.UserOnline:
			fmt.Println(e.User, "is online, version", e.Version)
		case supervisor.UserOffline:
			fmt.Println(e.User, "is offline, version", e.Version)
			events.Stop()
		}
	}
	_ = server.Shutdown(context.Background())
	// Output:
	// alice is online, version 1
	// alice is offline, version 2
}

// An authenticator judges every login. It may ask a database: nobody waits for
// it but the client who logs in.
func ExampleConfig_authenticate() {
	passwords := map[string]string{"alice": "correct horse"}
	server, dial := start(supervisor.Config{
		Authenticate: func(_ context.Context, l supervisor.LoginAttempt) error {
			if want, ok := passwords[l.User]; !ok || want != string(l.Credential) {
				return errors.New("unknown user or wrong password")
			}
			return nil
		},
	})
	_, err := dial("alice", "guess")
	fmt.Println(errors.Is(err, wire.CodeLoginRefused), err)
	alice, err := dial("alice", "correct horse")
	if err != nil {
		log.Fatal(err)
	}
	session, ok := alice.Session()
	fmt.Println(session.User, ok)
	_ = alice.Close()
	_ = server.Shutdown(context.Background())
	// Output:
	// true the server said bye: login_refused: unknown user or wrong password
	// alice true
}
