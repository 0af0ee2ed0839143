package simulations

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.com/rollcall/actors/disk/faultdisk"
)

// ErrPlan is wrapped by the error of a plan that cannot be lived.
var ErrPlan = errors.New("simulations: invalid plan")

// Faults names the faults that scenarios draw, in order: what Params.Faults may
// name. Each is the kind of an operation.
func Faults() []string {
	return slices.Sorted(slices.Values(slices.Concat(faultKinds, laterKinds, []string{"stale", "brief"})))
}

// knownFaults refuses faults that no scenario has: a run without them would seem
// to be one that has survived them.
func knownFaults(names []string) error {
	all := Faults()
	for _, name := range names {
		if !slices.Contains(all, name) {
			return fmt.Errorf("no fault %q; there are %s", name, strings.Join(all, ", "))
		}
	}
	return nil
}

// Validate tells everything that is out of its bounds, in an error that wraps
// [ErrPlan].
func (p *Params) Validate() error {
	var errs []error
	if p.Clients < 0 || p.Clients > maxPlanClients {
		errs = append(errs, fmt.Errorf("%d clients: there may be 1 to %d", p.Clients, maxPlanClients))
	}
	if p.Duration < 0 || p.Duration > maxDuration {
		errs = append(errs, fmt.Errorf("a duration of %v: it may be more than 0, and at most %v, which is ten years", p.Duration, maxDuration))
	}
	if !(p.Density >= 0 && p.Density <= maxDensity) { // NaN is neither
		errs = append(errs, fmt.Errorf("a density of %v: it may be more than 0, and at most %d", p.Density, maxDensity))
	}
	if err := knownFaults(p.Faults); err != nil {
		errs = append(errs, err)
	}
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrPlan, errors.Join(errs...))
}

// Bounds on what a plan may say, far above what any scenario draws by itself.
const (
	maxPlanClients = 1_000_000
	maxPlanOps     = 4_000_000
	maxDensity     = 1000
	maxDuration    = 10 * 365 * 24 * time.Hour
	maxOpNumber    = 64 << 20             // N: of files, bytes
	maxOpFor       = 24 * 365 * time.Hour // For, of all but send, where it is a number of bytes
)

// Validate tells everything that keeps a plan from being lived, in an error that
// wraps [ErrPlan]. An operation that makes no sense at its moment is no mistake: it
// is left out, as in plans that were made smaller.
func (p *Plan) Validate() error {
	var errs []error
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf(format, args...))
	}
	if p.Duration <= 0 || p.Duration > maxDuration {
		bad("duration is %v, and has to be more than 0, and at most %v", p.Duration, maxDuration)
	}
	if n := len(p.Clients); n < 1 || n > maxPlanClients {
		bad("there are %d clients, not 1 to %d", n, maxPlanClients)
	}
	if n := len(p.Ops); n > maxPlanOps {
		bad("there are %d operations, more than %d", n, maxPlanOps)
	}
	if p.Server.Policy < 0 || p.Server.Policy > 2 {
		bad("server: the policy is %d, not 0 to 2", p.Server.Policy)
	}
	if err := p.Server.config().Validate(); err != nil {
		bad("server: %w", err)
	}
	const most = 10 // mistakes of a kind that are told; a file that is no plan has very many
	for i := range p.Clients {
		if err := p.Clients[i].validate(); err != nil && len(errs) < most {
			bad("client %d: %w", i, err)
		}
	}
	for i := range p.Ops {
		if err := p.Ops[i].validate(); err != nil && len(errs) < 2*most {
			bad("operation %d: %w", i, err)
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrPlan, errors.Join(errs...))
}

func (c *ClientPlan) validate() error {
	switch {
	case c.Kind != "peer" && c.Kind != "client":
		return fmt.Errorf("its kind is %q, not peer or client", c.Kind)
	case c.Interval < 0 || c.Timeout < 0 || c.Reconnect < 0 || c.NAT < 0:
		return errors.New("a number is negative")
	case max(c.Interval, c.Timeout, c.Reconnect, c.Start) > maxDuration:
		return errors.New("a time is too long")
	}
	for _, l := range []Conditions{c.Up, c.Down} {
		if l.Latency < 0 || l.Jitter < 0 || l.Bandwidth < 0 || l.Window < 0 || l.Segment < 0 {
			return errors.New("a number of its links is negative")
		}
		if max(l.Latency, l.Jitter) > maxDuration {
			return errors.New("a time of its links is too long")
		}
	}
	return nil
}

func (o *Op) validate() error {
	switch {
	case !knownOp(o.Kind):
		return fmt.Errorf("no kind %q", o.Kind)
	case o.At < 0 || o.Client < 0 || o.To < 0 || o.N < 0:
		return fmt.Errorf("%s: a number is negative", o.Kind)
	case o.For < 0 && o.Kind != "wall":
		return fmt.Errorf("%s: a time is negative", o.Kind)
	case o.N > maxOpNumber || o.For > maxOpFor || o.Kind == "send" && o.For > maxOpNumber:
		return fmt.Errorf("%s: a number is too large", o.Kind)
	case o.Kind == "panic" && !namesActor(o.Text):
		return fmt.Errorf("panic: no actor is named by %q, which has to begin with one: %s", o.Text, strings.Join(actorNames, ", "))
	case o.Kind == "crash" && !slices.Contains(faultdisk.Outcomes(), faultdisk.Outcome(o.Text)):
		return fmt.Errorf("crash: no outcome %q; there are %v", o.Text, faultdisk.Outcomes())
	case o.Kind == "disk" && o.Text != "slow" && diskErrors[o.Text] == nil:
		return fmt.Errorf("disk: no trouble %q; there are broken, full, read-only, slow", o.Text)
	}
	if len(o.Body) > mostPad {
		return fmt.Errorf("%s: the body has %d bytes, more than %d", o.Kind, len(o.Body), mostPad)
	}
	if o.Body != "" {
		if _, err := encoded(o.Body); err != nil {
			return fmt.Errorf("%s: %w", o.Kind, err)
		}
	}
	return nil
}

// actorNames are the server's actors, without their numbers.
var actorNames = []string{"connection", "files", "herald", "recorder", "registry", "transfer", "users"}

// namesActor reports whether "part of the key/part of the message" names an actor.
func namesActor(what string) bool {
	key, _, _ := strings.Cut(what, " ")
	return slices.ContainsFunc(actorNames, func(name string) bool { return strings.HasPrefix(key, name) })
}

// knownOp tells whether there is such a kind of operation.
func knownOp(kind string) bool {
	return serverOps[kind] != nil || clientOps[kind] != nil || realOps[kind] != nil || peerOps[kind] != nil
}
