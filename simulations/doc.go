// Package simulations is rollcall's fault-injection world: the real supervisor,
// unchanged, with a fleet of clients, over a simulated network in virtual time,
// while everything that can go wrong does. An independent model says what is
// allowed, and each guarantee of the project is a check of its own.
//
//	plan, err := simulations.NewPlan("office", simulations.Params{Seed: 7})
//	result, err := simulations.Run(plan, simulations.Options{})
//	if result.Failure != nil { … }
//
// # How it works
//
//   - A run lives in a bubble of testing/synctest, in an ordinary program as in a
//     test: the clock is virtual, and jumps when nothing can move.
//   - A gate makes the order of events the seed's. Before an actor handles a
//     message, and before a read, a write or an accept goes on, the goroutine
//     hands in a ticket and waits; a driver picks one when nothing else can move.
//     The same plan gives the same trace, byte for byte.
//   - A [Plan] is plain data: the server's configuration, the clients, and a list
//     of operations. It can be saved, made smaller and lived again.
//   - Clients are of two kinds: the world's own peers, which also do what no good
//     client does, and the real one of package wire/client.
//   - What is true is told link by link, from the bytes that the server has read
//     and written, and never from what the server says of itself.
//   - What happens is a list of operations; [Op] tells what kinds there are. An
//     embedding program adds its own handlers, actors and checks by [Embed], made
//     anew for each run, so that its failures can be made smaller ([Shrink]) and
//     kept like others.
//   - Some checks hold whenever nothing moves but time (safety). At the end all
//     faults are healed, and everything has to converge (liveness).
//
// # Invariants
//
//   - It knows the server from outside only: packages supervisor, wire,
//     wire/client and the stores. It shares no code with the rooms that it checks.
//   - Nothing in a run depends on anything but its plan: no map order, no real
//     clock, no other source of random numbers.
package simulations
