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

// Embed puts an embedding program's own parts into the world.
type Embed struct {
	// Config may change the server's configuration before each of its lives; the
	// world has set what it needs: name, epoch, clocks, random source, hooks and
	// OnEvent.
	Config func(*supervisor.Config)
	// Setup binds handlers, at the start of each life of the server.
	Setup func(*supervisor.Supervisor) error
	// Check is called when nothing moves but time, and after everything was
	// healed; an error is a failure with the guarantee "embedder".
	Check func(ctx context.Context, s *supervisor.Supervisor, healed bool) error
}
