package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"github.com/spf13/pflag"

	"example.com/rollcall/wire/client"
)

// filesAtOnce bounds how many files of one command are on their way at one
// time; a server takes more of a connection.
const filesAtOnce = 4

// transferFlags are what the commands have that carry files.
type transferFlags struct {
	stayFlags
	asJSON bool
	giveUp time.Duration
}

func (f *transferFlags) bind(fs *pflag.FlagSet) {
	f.stayFlags.bind(fs)
	fs.DurationVar(&f.giveUp, "give-up", 10*time.Minute, "end when the server was out of reach for this long; 0 never")
	fs.BoolVar(&f.asJSON, "json", false, "one JSON object a line: started, progress, done, failed")
}

// carrier is a client that carries files. It comes back by itself when its
// connection breaks, and the transfers go on.
type carrier struct {
	*lasting
	report *report
	// ctx ends with the command, or when the server was out of reach for too long.
	ctx    context.Context
	cancel context.CancelCauseFunc
}

// carrier connects.
func (f *transferFlags) carrier(ctx context.Context, r *report) (*carrier, error) {
	if f.giveUp < 0 {
		return nil, usage("--give-up is negative: %v", f.giveUp)
	}
	o, err := f.options()
	if err != nil {
		return nil, err
	}
	c := &carrier{report: r}
	c.ctx, c.cancel = context.WithCancelCause(ctx)
	if f.giveUp > 0 {
		o.OnState = c.giveUpAfter(f.giveUp)
	}
	c.lasting, err = stayAs(c.ctx, &lasting{terse: true}, f.server, o, r.warn)
	if err != nil {
		defer c.cancel(nil)
		if cause := context.Cause(c.ctx); cause != nil {
			return nil, cause
		}
		return nil, err
	}
	return c, nil
}

// giveUpAfter ends the carrier's work when it has had no connection for so long.
// What it returns is called by one goroutine.
func (c *carrier) giveUpAfter(wait time.Duration) func(client.State) {
	var timer *time.Timer
	return func(s client.State) {
		switch {
		case s.Phase == client.Disconnected && timer == nil:
			timer = time.AfterFunc(wait, func() {
				c.cancel(exitWith(exitUnreachable, "the server was out of reach for %v", wait))
			})
		case timer != nil && (s.Phase == client.Connected || s.Phase == client.Closed):
			timer.Stop()
			timer = nil
		}
	}
}

// close ends the connection and the bars. What is under way is interrupted.
func (c *carrier) close() {
	_ = c.Close()
	c.wait()
	c.cancel(nil)
}

// job is one file of a command.
type job struct {
	file string // as the command line names it
	size int64  // negative: not known yet
	// run carries the file, and tells of its end.
	run func(ctx context.Context, t *track) error
}

// run does the jobs, some at a time and in their order, and returns when all
// have ended. again says what an interrupted command is to be told.
func (c *carrier) run(jobs []job, again string) error {
	errs := make([]error, len(jobs))
	slots := make(chan struct{}, filesAtOnce)
	var working sync.WaitGroup
	for i, j := range jobs {
		select {
		case slots <- struct{}{}:
		case <-c.ctx.Done():
			errs[i] = context.Cause(c.ctx)
			continue
		}
		working.Go(func() {
			defer func() { <-slots }()
			errs[i] = j.run(c.ctx, c.report.track(j.file, j.size))
			if errs[i] != nil && len(jobs) > 1 && c.ctx.Err() == nil {
				c.report.warn(printable(j.file) + ": " + plain(errs[i]))
			}
		})
	}
	working.Wait()
	return c.sum(jobs, errs, again)
}

// sum makes one error of those of the jobs: that of the first, or what has ended
// all of them.
func (c *carrier) sum(jobs []job, errs []error, again string) error {
	var first error
	failed, at := 0, 0
	for i, err := range errs {
		if err == nil {
			continue
		}
		if failed++; first == nil {
			first, at = err, i
		}
	}
	cause := context.Cause(c.ctx)
	switch {
	case first == nil:
		return nil
	case cause != nil:
		return fmt.Errorf("%w; %s", cause, again)
	case len(jobs) == 1:
		return fmt.Errorf("%s: %w", jobs[at].file, first)
	default:
		return exitWith(codeOf(first), "%d of %s failed, %s first", failed, count(len(jobs), "file"), jobs[at].file)
	}
}

// ended is how the end of a file that did not arrive is called: that of a
// command which was interrupted leaves the file to the next one.
func (c *carrier) ended() string {
	if c.ctx.Err() != nil {
		return "interrupted"
	}
	return "failed"
}

// codeName is what programs are told of an error: the code by which the server
// or the other user has ended the transfer, or one of ours.
func codeName(err error) string {
	var refused *client.RequestError
	switch {
	case errors.As(err, &refused):
		return refused.Code.String()
	case errors.Is(err, client.ErrChanged):
		return "changed"
	case errors.Is(err, fs.ErrExist):
		return "exists"
	case errors.Is(err, context.Canceled), errors.Is(err, client.ErrDisconnected), errors.Is(err, client.ErrClosed):
		return "interrupted"
	default:
		return ""
	}
}
