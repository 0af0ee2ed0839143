package main

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"
)

// interruption is the signal that ended a command.
type interruption struct{ signal os.Signal }

func (i interruption) Error() string { return "interrupted by " + signalName(i.signal) }

// signalName is what people call a signal.
func signalName(s os.Signal) string {
	switch s {
	case os.Interrupt:
		return "SIGINT"
	case syscall.SIGTERM:
		return "SIGTERM"
	default:
		return s.String()
	}
}

func (i interruption) code() int {
	if number, ok := i.signal.(syscall.Signal); ok {
		return exitSignal + int(number)
	}
	return exitSignal
}

// interrupted reports whether err is a signal's doing.
func interrupted(err error) bool { return errors.As(err, new(interruption)) }

// forcePatience is how long a command may take to end after the second signal.
const forcePatience = 3 * time.Second

// watchSignals returns a context that ends with the first signal, for an end in
// good order, and one that ends with the second, for an end at once. A third
// signal, or a command that does not end even then, ends the process.
func (p *program) watchSignals(parent context.Context) (ctx, forced context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(parent)
	forced, force := context.WithCancelCause(context.WithoutCancel(parent))
	over := make(chan struct{})
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		var patience <-chan time.Time
		var latest interruption
		for n := 1; ; n++ {
			select {
			case s := <-p.signals:
				latest = interruption{s}
			case <-patience:
				n = 3
			case <-over:
				return
			}
			switch n {
			case 1:
				cancel(latest)
			case 2:
				force(latest)
				timer := time.NewTimer(forcePatience)
				defer timer.Stop()
				patience = timer.C
			default:
				p.putBack()
				p.exit(latest.code())
				return
			}
		}
	}()
	return ctx, forced, func() {
		close(over)
		<-gone
		cancel(nil)
		force(nil)
	}
}

// onExit sets what has to be done before the process ends at once.
func (p *program) onExit(restore func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.restore = restore
}

// putBack does it, once.
func (p *program) putBack() {
	p.mu.Lock()
	restore := p.restore
	p.restore = nil
	p.mu.Unlock()
	if restore != nil {
		restore()
	}
}
