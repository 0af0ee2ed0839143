package simulations

import (
	"context"

	"example.com/rollcall/supervisor"
)

// embedded runs the embedding program's own check.
func (w *World) embedded(healed bool) {
	if w.embed == nil || w.embed.Check == nil || w.failure != nil {
		return
	}
	w.query(func(ctx context.Context, s *supervisor.Supervisor) {
		if err := w.embed.Check(ctx, s, healed); err != nil {
			w.fail("embedder", "what the embedding program wants", "%v", err)
		}
	})
}

// Embed puts an embedding program's own parts into the world of one run.
//
// A run has its own: [Options] has a function that makes them, and what that
// function declares lives as long as the run, as a disk or a service beside the
// server would. What dies with the server is made in Setup, which is called at
// the start of each of its lives. A life that has crashed may still call its
// handlers for a moment, in the background, while the next one begins: who counts
// across lives has to tell them apart, by what Setup makes.
//
// Handlers and checks run while others do. What they share needs a lock, which
// must not be held while anything waits. They may use the clock, which is
// virtual, and must not wait for anything outside of the run. Actors that Setup
// spawns on the supervisor's engine live in the run too; the seed does not order
// their messages as it does the server's own.
type Embed struct {
	// Config may change the server's configuration before each of its lives; the
	// world has set what it needs: name, epoch, clocks, random source, hooks and
	// OnEvent.
	Config func(*supervisor.Config)
	// Setup binds handlers and spawns actors, at the start of each life of the
	// server. The kinds "echo", "late", "panics", "count" and "said" are the world's own.
	Setup func(*supervisor.Supervisor) error
	// Check is called when nothing moves but time, and after everything was
	// healed; an error is a failure with the guarantee "embedder". It is called for
	// the present life of the server alone.
	Check func(ctx context.Context, s *supervisor.Supervisor, healed bool) error
}
