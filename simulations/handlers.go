package simulations

import (
	"context"
	"errors"
	"time"

	"example.com/rollcall/supervisor"
)

// handlerSeconds is the number in the body of a request that says nothing else:
// how long the handler "late" takes for it.
const handlerSeconds = 42

// handlers binds the application's handlers of the world's own fleet.
func (l *life) handlers() error {
	err := supervisor.HandleRequest(l.s, "echo", func(ctx context.Context, _ supervisor.Caller, n uint64) (uint64, error) {
		return n, ctx.Err()
	})
	err = errors.Join(err, supervisor.HandleRequest(l.s, "late", func(ctx context.Context, _ supervisor.Caller, n uint64) (uint64, error) {
		select {
		case <-time.After(time.Duration(min(n, mostLate)) * time.Second):
		case <-ctx.Done():
		}
		return n, ctx.Err()
	}))
	err = errors.Join(err, supervisor.HandleRequest(l.s, "panics", func(context.Context, supervisor.Caller, uint64) (uint64, error) {
		l.applicationPanics()
		panic("simulated panic of a handler")
	}))
	err = errors.Join(err, supervisor.Handle(l.s, "count", func(_ context.Context, from supervisor.Caller, m counted) error {
		l.hears(from.Connection, m.N)
		return nil
	}))
	err = errors.Join(err, supervisor.Handle(l.s, "said", func(context.Context, supervisor.Caller, []byte) error {
		if !l.dead.Load() {
			l.w.lock()
			defer l.w.unlock()
			l.w.effect("one-way message taken")
		}
		return nil
	}))
	if l.w.embed != nil && l.w.embed.Setup != nil {
		err = errors.Join(err, l.w.embed.Setup(l.s))
	}
	return err
}

func (l *life) applicationPanics() {
	if l.dead.Load() {
		return
	}
	l.w.lock()
	defer l.w.unlock()
	l.w.model.panics++
}

// authenticate takes its time, and judges by the credential.
func (l *life) authenticate(ctx context.Context, a supervisor.LoginAttempt) error {
	if most := l.w.plan.Server.LoginMax; most > 0 && !l.dead.Load() {
		l.mu.Lock()
		wait := between(l.random, l.w.plan.Server.LoginMin, most)
		l.mu.Unlock()
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	switch string(a.Credential) {
	case "ok":
		return nil
	case "panic":
		l.applicationPanics()
		panic("simulated panic of the authenticator")
	default:
		return errors.New("wrong credential")
	}
}
