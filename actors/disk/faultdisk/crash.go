package faultdisk

import (
	"maps"
	"math/rand/v2"
	"slices"
)

// Outcome is what becomes of what was not synced.
type Outcome string

// The outcomes of a crash.
const (
	Lost   Outcome = "lost"
	Kept   Outcome = "kept"
	Torn   Outcome = "torn"   // any of it, drawn from the seed
	Killed Outcome = "killed" // the process alone dies: all is there, and still not synced
)

// Outcomes lists them.
func Outcomes() []Outcome { return []Outcome{Lost, Kept, Torn, Killed} }

// After crashes the disk, if nothing has yet, and gives it as the next life finds
// it. The disk before must not be used any more. Only with Killed it shares its
// content with the new one.
func (d *Disk) After(o Outcome, seed uint64) *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dead = true
	next := d.after(o, rand.New(rand.NewPCG(seed, seed)))
	next.used = size(next.root)
	return next
}

func size(n *node) int64 {
	sum := int64(len(n.data))
	for _, child := range n.now {
		sum += size(child)
	}
	return sum
}

func (d *Disk) after(o Outcome, r *rand.Rand) *Disk {
	if o == Killed {
		if d.half != nil { // a killed process has not written it
			d.half.pending = d.half.pending[:len(d.half.pending)-1]
		}
		next := newDisk(d.root)
		next.journal, next.unsynced = d.journal, d.unsynced
		return next
	}
	names := d.survivors(o, r)
	var build func(*node) *node
	build = func(n *node) *node {
		if n.now == nil {
			b := n.content(o, r)
			return &node{data: b, synced: slices.Clone(b)}
		}
		dir := newDir()
		entries := names(n)
		for _, name := range slices.Sorted(maps.Keys(entries)) {
			dir.now[name] = build(entries[name])
		}
		dir.durable = maps.Clone(dir.now)
		return dir
	}
	return newDisk(build(d.root))
}

// survivors gives the entries of each directory after the crash. In each, the
// changes of names that survive are a prefix.
func (d *Disk) survivors(o Outcome, r *rand.Rand) func(*node) map[string]*node {
	cut := make(map[*node]int)
	for _, c := range d.journal {
		cut[c.home()]++
	}
	for _, c := range d.journal { // in the order of the journal, for the same draws each time
		if n := cut[c.home()]; n > 0 {
			cut[c.home()] = -r.IntN(n + 1)
		}
	}
	entries := make(map[*node]map[string]*node)
	names := func(n *node) map[string]*node {
		if entries[n] == nil {
			entries[n] = maps.Clone(n.durable)
		}
		return entries[n]
	}
	for _, c := range d.journal {
		survives := o == Kept || c.synced
		if o == Torn && cut[c.home()] < 0 {
			cut[c.home()]++
			survives = true
		}
		if survives {
			c.settle(names)
		}
	}
	return names
}

// content gives what a file holds after the crash.
func (n *node) content(o Outcome, r *rand.Rand) []byte {
	b := slices.Clone(n.synced)
	for _, w := range n.pending {
		switch {
		case o == Kept:
			b = w.apply(b)
		case o == Lost:
		case w.cut && r.IntN(2) == 0:
			b = w.apply(b)
		case !w.cut:
			b = w.tear(b, r)
		}
	}
	return b
}

// tear does any part of a write.
func (w edit) tear(b []byte, r *rand.Rand) []byte {
	const sector = 512
	for at := int64(0); at < int64(len(w.data)); {
		end := min(((w.off+at)/sector+1)*sector-w.off, int64(len(w.data)))
		switch r.IntN(5) {
		case 0, 1:
			b = edit{off: w.off + at, data: w.data[at:end]}.apply(b)
		case 2:
			b = grow(b, w.off+end)
		case 3:
			b = edit{off: w.off + at, data: w.data[at : at+r.Int64N(end-at)]}.apply(b)
		}
		at = end
	}
	return b
}
