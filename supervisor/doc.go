// Package supervisor embeds rollcall in a Go program: it supervises
// connections, knows who is online, and tells those who care.
//
//	s, err := supervisor.New(supervisor.Config{})
//	go s.Serve(ctx, listener)
//	...
//	s.Shutdown(ctx)
//
// [New] builds the actors, on an engine of its own, or with [NewOn] on the
// program's hollywood engine. [Supervisor.Serve] takes any number of listeners,
// [Supervisor.ServeConn] single transports. [Handle] and [HandleRequest] bind
// typed handlers to kinds of application messages. Events come by callback
// ([Config.OnEvent]), by iterator ([Supervisor.Subscribe]) or as messages to an
// actor of the program's ([Supervisor.SubscribeActor]). Queries go to the actor that owns
// the answer.
//
// With a [Roll] a crash is a departure: users who do not come back within
// Config.GraceRestart go offline with node_lost. [Supervisor.Why] and
// [Supervisor.Departures] tell from the [Journal] why connections ended.
//
// # Invariants
//
//   - No globals, no signal handlers, no os.Exit; nothing is logged unless a
//     logger is given.
//   - The program's code never runs on an actor of ours: handlers and
//     authenticators have goroutines of their own, event callbacks one for each
//     subscription. None of it can delay another connection.
//   - After Shutdown has returned nil, no goroutine of the supervisor is left.
//   - This package alone builds the actors; rooms beside it (admin) know only
//     what it exports.
package supervisor
