// Package actors is the plumbing of rollcall: the actors that carry events to
// the pure rooms in actors/internal and carry their decisions out. It is built
// on hollywood and used through the package supervisor; the exported names are
// what the supervisor needs.
//
// # Actors and the way data goes
//
//		listener ─→ connection ─→ registry ─→ user manager ─→ watchers' connections
//
//	  - listener.go: the accept loop. It spawns one connection actor a transport.
//	  - connection*.go: one actor a connection: handshake, heartbeat, traffic,
//	    and its end. A TCP socket is parked at a poller (poller_linux.go,
//	    socket_parked_linux.go), a Feeder brings its bytes by itself (feeder.go): what
//	    they read goes through intake.go, and writer.go writes at the end of a turn.
//	    For every other transport, reader.go and writer.go have goroutines that block.
//	  - delivery.go: messages of one client to one user, on their way together.
//	  - clocks.go: tells each connection when its own deadline has come.
//	  - guard.go, mailbox.go: what is around each of these actors.
//	  - registry.go: the one actor that owns both lookup maps (by identifier, by
//	    endpoint). Every termination goes through it, and only it passes
//	    terminations on: that is what makes them exactly one (G2).
//	  - user_manager*.go: the one actor that owns sessions and presence.
//	  - herald.go: hands events to the embedding program.
//	  - recorder*.go: writes the roll and the journal, behind everything else. One
//	    goroutine waits for the disk; what waits for it is bounded by the pure room
//	    backlog. user_manager_restart.go takes over what a crash has left.
//
// Messages are typed values, grouped by receiver in messages_*.go.
//
// HAZARDS.md in this folder lists the ways to fail that comments and tests name.
//
// # Invariants
//
//   - Every actor runs inside a guard (guard.go): a panic never reaches
//     hollywood, which would restart the actor or crash the process (H1, H5).
//   - Nobody waits inside receive: what blocks (a read, a write, an
//     authenticator, an application's handler) runs in a goroutine of its own
//     and reports by a message (N4, N5, H10).
//   - An actor ends by its own decision, once, and nobody waits for a poison
//     pill (H2). A connection ends in two steps: it tells the registry that it
//     has ended, and it stops when the user manager has let go of it, so that
//     no message to it is lost without an answer.
//   - Queues are bounded by credits inwards (credits.go) and by the outbox
//     outwards (G6).
package actors
