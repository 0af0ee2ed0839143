package simulations

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"example.com/rollcall/wire"
)

// Failure is what a check has found.
type Failure struct {
	Seed      uint64        `json:"seed"`
	Scenario  string        `json:"scenario,omitempty"`
	At        time.Duration `json:"at"`
	Guarantee string        `json:"check"` // the check that has failed: G1 to G7, or another by its name
	Expected  string        `json:"expected"`
	Seen      string        `json:"seen"`
	Last      []string      `json:"last,omitempty"` // the latest that has happened
}

// Result is what a run was.
type Result struct {
	Seed     uint64        `json:"seed"`
	Scenario string        `json:"scenario,omitempty"`
	Lived    time.Duration `json:"lived"`
	Steps    uint64        `json:"steps"`
	Trace    string        `json:"trace"` // a hash of everything that has happened
	Failure  *Failure      `json:"failure,omitempty"`
	Tally    Tally         `json:"tally"`
	Life     []Moment      `json:"life,omitempty"` // of the client that Options.Follow names

	BrokenOff bool `json:"broken_off,omitempty"` // by Progress.Stop
}

// Tally counts what was done to the world and what came of it. Tallies of many
// runs are added up.
type Tally struct {
	Runs     int                        `json:"runs"`
	Checks   int                        `json:"checks"`
	Injected map[string]int             `json:"injected"`
	Effects  map[string]int             `json:"effects"`
	Reasons  map[string]int             `json:"reasons"`
	Notices  map[string]int             `json:"notices"`
	Pairs    map[string]int             `json:"pairs"` // fault × state
	Ends     map[string]int             `json:"ends"`  // fault × reason
	Latency  map[string][]time.Duration `json:"latency,omitempty"`
	News     []time.Duration            `json:"news,omitempty"` // from a change to a watcher
	Deadline map[string]time.Duration   `json:"deadline,omitempty"`
}

type tally = Tally

// NewTally returns an empty tally, to add others to.
func NewTally() Tally {
	t := newTally()
	t.Runs = 0
	return t
}

func newTally() Tally {
	return Tally{
		Runs: 1, Injected: map[string]int{}, Effects: map[string]int{}, Reasons: map[string]int{}, Notices: map[string]int{},
		Pairs: map[string]int{}, Ends: map[string]int{}, Latency: map[string][]time.Duration{}, Deadline: map[string]time.Duration{},
	}
}

// keptLatencies bounds the latencies that one run keeps of each kind.
const keptLatencies = 4096

func (t *Tally) injected(kind string)    { t.Injected[kind]++ }
func (t *Tally) reason(r string)         { t.Reasons[r]++ }
func (t *Tally) notice(r string)         { t.Notices[r]++ }
func (t *Tally) pair(kind, state string) { t.Pairs[kind+" × "+state]++ }

func (t *Tally) detected(kind string, took, bound time.Duration) {
	if len(t.Latency[kind]) < keptLatencies {
		t.Latency[kind] = append(t.Latency[kind], took)
	}
	t.Deadline[kind] = max(t.Deadline[kind], bound)
}

func (t *Tally) told(took time.Duration) {
	if len(t.News) < keptLatencies {
		t.News = append(t.News, took)
	}
}

// Add adds another tally up.
func (t *Tally) Add(o Tally) {
	t.Runs += o.Runs
	t.Checks += o.Checks
	for _, m := range []struct{ to, from map[string]int }{
		{t.Injected, o.Injected}, {t.Effects, o.Effects}, {t.Reasons, o.Reasons},
		{t.Notices, o.Notices}, {t.Pairs, o.Pairs}, {t.Ends, o.Ends},
	} {
		for k, n := range m.from {
			m.to[k] += n
		}
	}
	for k, d := range o.Latency {
		t.Latency[k] = sample(append(t.Latency[k], d...))
	}
	for k, d := range o.Deadline {
		t.Deadline[k] = max(t.Deadline[k], d)
	}
	t.News = sample(append(t.News, o.News...))
}

// Observed tells how often a fault was seen to matter.
func (t *Tally) Observed(kind string) int {
	n := t.Effects[kind]
	for _, effect := range effectsOf[kind] {
		n += t.Effects[effect]
	}
	return n
}

// manyTimes is how often a fault has to be injected before it is strange that it
// never mattered.
const manyTimes = 30

// Idle names the faults that were injected many times and never seen to matter:
// what a sweep has survived of them says nothing.
func (t *Tally) Idle() []string {
	var idle []string
	for _, kind := range slices.Sorted(maps.Keys(t.Injected)) {
		if t.Injected[kind] >= manyTimes && t.Observed(kind) == 0 {
			idle = append(idle, kind)
		}
	}
	return idle
}

// effectsOf are the effects by which a fault is seen, where they have other names.
var effectsOf = map[string][]string{
	"stall": {"stall noticed"}, "panic": {"fault caught"}, "emfile": {"accept failed"}, "restart": {"restarted"},
	"crash": {"crashed lost", "crashed kept", "crashed torn", "crashed killed"}, "disk": {"disk failed"},
	"send": {"delivered"}, "flood": {"delivered"}, "kick": {"told kicked"}, "request": {"answered request"},
	"shake": {"stranger ended"}, "brief": {"stranger ended"}, "silent": {"stranger ended"}, "early": {"stranger ended"},
	"logout": {"answered logout"}, "login": {"refused login: already_logged_in"}, "double": {"established beside another"},
	"corrupt": {"corrupted"}, "badlogin": {"refused login: login_refused", "refused login: internal", "refused login: already_logged_in"},
	"rewatch": {"answered watch"}, "stale": {"answered watch"}, "slow": {"sipped"}, "wall": {"beginning at a jumped wall clock"}, "relay": {"relayed"},
	"tamper": {"tampered"}, "app": {"one-way message taken"}, "count": {"one-way message handled"}, "watch": {"watched more"},
	"unwatch": {"answered unwatch"}, "publish": {"published"},
}

// sample keeps a list of latencies short, and its greatest.
func sample(d []time.Duration) []time.Duration {
	if len(d) < 1<<17 {
		return d
	}
	slices.Sort(d)
	kept := d[:0]
	for i := 1; i < len(d); i += 2 {
		kept = append(kept, d[i])
	}
	return append(kept, d[len(d)-1])
}

// effect counts something that was seen to happen.
func (w *World) effect(what string) { w.tally.Effects[what]++ }

// cover notes which end a fault has led to.
func (w *World) cover(k *link, r wire.Reason) {
	if k.cause != "" {
		w.tally.Ends[k.cause+" → "+r.String()]++
	}
}

// String tells a failure in a few lines, with what has happened before it.
func (f *Failure) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d, at %v: %s\n  expected: %s\n  seen:     %s\n", f.Seed, f.At, f.Guarantee, f.Expected, f.Seen)
	for _, l := range f.Last {
		b.WriteString("    " + l + "\n")
	}
	return b.String()
}
