package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
)

// The times of the demonstration: short, so that it takes seconds.
const (
	demoHeartbeat = 300 * time.Millisecond
	demoTimeout   = time.Second
	demoPatience  = 15 * time.Second // for one thing to happen
)

// demoCommand shows the main job.
func (p *program) demoCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Show the main job: every way to go, and what a watcher is told",
		Long: fmt.Sprintf(`Demo starts a server on a free port of this machine, lets users come, and ends
each of them by another means: a clean goodbye, a cut in the middle of a frame, a
reset, a freeze, a reader that stops reading, a reconnect while the old
connection still hangs, a kick. It prints line by line what a watcher was told,
when, and why, and what the server knows of it. The times are short: a ping after
%v of silence, the end after %v.

It needs nothing and leaves nothing behind. The exit code is 0 only if everything
was as it must be.`, demoHeartbeat, demoTimeout),
		Example: "  rollcall demo\n  NO_COLOR=1 rollcall demo",
		Args:    noArguments(""),
		RunE:    func(cmd *cobra.Command, _ []string) error { return p.demo(cmd.Context()) },
	}
}

func (p *program) demo(ctx context.Context) error {
	restore := quiet()
	defer restore()
	d, err := openDemo(ctx, p.printer(p.out))
	if err != nil {
		return err
	}
	wrong := 0
	for _, s := range demoScenes {
		if ctx.Err() != nil {
			break
		}
		wrong += len(d.play(ctx, s))
	}
	end := d.close()
	if context.Cause(ctx) != nil {
		return context.Cause(ctx)
	}
	d.summary(end)
	if err := d.out.failed(); err != nil {
		return err
	}
	if wrong += len(end); wrong > 0 {
		return fmt.Errorf("%s not as it must be", count(wrong, "thing"))
	}
	return nil
}

// play plays one scene, prints it, and returns what was wrong.
func (d *demo) play(ctx context.Context, s demoScene) []string {
	d.out.line("")
	d.out.line("%s", d.out.paint(bold, s.user+" "+s.title))
	ctx, cancel := context.WithTimeoutCause(ctx, demoPatience, errors.New("it did not happen in time"))
	defer cancel()
	r := demoResult{scene: s}
	stalls := d.server.Counters().Stalls
	if err := d.act(ctx, s, &r); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		r.wrong = append(r.wrong, err.Error())
	} else {
		r.judge(d.told[s.user], d.server.Counters().Stalls > stalls)
	}
	for _, w := range r.wrong {
		d.say(red, "wrong: %s", w)
	}
	d.results = append(d.results, r)
	return r.wrong
}

// act lets the user come, lets it go, and waits for what follows.
func (d *demo) act(ctx context.Context, s demoScene, r *demoResult) error {
	user, err := s.enter(ctx, d, s.user)
	if err != nil {
		return fmt.Errorf("%s did not come in: %w", s.user, err)
	}
	defer user.close()
	if err := d.until(ctx, func() bool { return d.online(s.user) }); err != nil {
		return err
	}
	r.begin = d.now()
	for _, step := range user.steps {
		d.say("", "%s", step.text)
		r.begin = d.now()
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.text, err)
		}
	}
	if err := d.until(ctx, func() bool {
		return !d.online(s.user) && d.ended[user.connection] != nil
	}); err != nil {
		return err
	}
	r.end = d.ended[user.connection]
	d.say(dim, "the server knows: %s; %s", r.end.Reason, evidence(r.end))
	return nil
}
