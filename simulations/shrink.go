package simulations

import (
	"context"
	"slices"
	"strings"
	"time"
)

// Shrink makes the plan of a failure smaller, as long as what is left fails in
// the same way: first it leaves operations out (delta debugging), then clients,
// then what is special about the rest. It lives at most so many runs, and returns
// the smallest plan, its failure, and how many runs it took. When ctx is done it
// ends with what it has.
//
// The options are those with which the plan has failed. Embed is called for each
// of the runs; Trace, Follow and Progress are left out.
func Shrink(ctx context.Context, p Plan, f *Failure, runs int, o Options) (smallest Plan, last *Failure, took int) {
	s := &shrinker{ctx: ctx, options: Options{NoGate: o.NoGate, Embed: o.Embed}, plan: p, failure: f, left: runs}
	for {
		before := s.size()
		s.operations()
		s.clients()
		s.arguments()
		if s.left <= 0 || s.size() >= before {
			break
		}
	}
	return s.plan, s.failure, runs - s.left
}

type shrinker struct {
	ctx     context.Context //nolint:containedctx // it lives as long as the call
	options Options
	plan    Plan
	failure *Failure
	left    int
}

func (s *shrinker) size() int { return len(s.plan.Ops)*1000 + len(s.plan.Clients) }

// class is what two failures have in common when they are the same defect.
func class(f *Failure) string {
	return f.Guarantee + ": " + strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r == '.' {
			return -1
		}
		return r
	}, firstWords(f.Expected, 4))
}

func firstWords(s string, n int) string {
	w := strings.Fields(s)
	return strings.Join(w[:min(n, len(w))], " ")
}

// try lives a smaller plan, and keeps it if it fails in the same way.
func (s *shrinker) try(p Plan) bool {
	if s.ctx.Err() != nil {
		s.left = 0
	}
	if s.left <= 0 {
		return false
	}
	s.left--
	var progress Progress
	unwatch := context.AfterFunc(s.ctx, progress.Stop)
	defer unwatch()
	o := s.options
	o.Progress = &progress
	r, _ := Run(p, o)
	if r.Failure == nil || class(r.Failure) != class(s.failure) {
		return false
	}
	s.plan, s.failure = p, r.Failure
	return true
}

// operations leaves out as many operations as it can, in ever smaller pieces.
func (s *shrinker) operations() {
	s.after()
	for n := max(len(s.plan.Ops)/2, 1); n >= 1; n /= 2 {
		for i := 0; i < len(s.plan.Ops); {
			p := s.plan
			p.Ops = slices.Delete(slices.Clone(p.Ops), i, min(i+n, len(p.Ops)))
			if !s.try(p) {
				i += n
			}
		}
	}
}

// after leaves out what comes after the failure.
func (s *shrinker) after() {
	p := s.plan
	p.Ops = slices.DeleteFunc(slices.Clone(p.Ops), func(o Op) bool { return o.At > s.failure.At })
	if len(p.Ops) < len(s.plan.Ops) {
		s.try(p)
	}
	if n := len(s.plan.Ops); n > 0 {
		p = s.plan
		p.Duration = p.Ops[n-1].At + time.Second
		if p.Duration < s.plan.Duration {
			s.try(p)
		}
	}
}

// clients keeps away those that it can do without.
func (s *shrinker) clients() {
	for i := len(s.plan.Clients) - 1; i >= 0; i-- {
		p := s.plan
		p.Clients = slices.Clone(p.Clients)
		if i == len(p.Clients)-1 && i > 0 {
			p.Clients = p.Clients[:i]
			if s.try(p) {
				continue
			}
			p.Clients = slices.Clone(s.plan.Clients)
		}
		if p.Clients[i].Start >= 0 {
			p.Clients[i].Start = -1
			s.try(p)
		}
	}
}

// arguments makes plain what is special.
func (s *shrinker) arguments() {
	if s.plan.Slow != "" {
		p := s.plan
		p.Slow = ""
		s.try(p)
	}
	for i := range s.plan.Clients {
		p := s.plan
		p.Clients = slices.Clone(p.Clients)
		c := &p.Clients[i]
		plain := Conditions{Latency: 10 * time.Millisecond}
		if c.Start < 0 || (c.Up == plain && c.Down == plain) {
			continue
		}
		c.Up, c.Down = plain, plain
		s.try(p)
	}
	for i := range s.plan.Ops {
		for _, smaller := range []func(*Op){
			func(o *Op) { o.N /= 2 }, func(o *Op) { o.For = 0 },
			func(o *Op) {
				if o.For /= 2; !o.forIsNumber() {
					o.For = o.For.Round(time.Millisecond)
				}
			},
		} {
			p := s.plan
			p.Ops = slices.Clone(p.Ops)
			smaller(&p.Ops[i])
			if p.Ops[i] != s.plan.Ops[i] {
				s.try(p)
			}
		}
	}
}
