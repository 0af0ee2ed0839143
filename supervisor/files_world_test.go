package supervisor_test

import (
	"crypto/sha256"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/rollcall/actors/filestore"
	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// depot is a world with a store of files, whose disk does what the test says.
// When a test is over, the depot checks what every test must leave behind (G5):
// nothing that is partial, and nothing visible that is not what it says.
type depot struct {
	*world
	disk  *faultyStore
	kept  filestore.Store // what disk stands in front of
	parts int             // partials that the test means to leave
}

// inDepot runs f in a world of its own, with files in memory.
func inDepot(t *testing.T, cfg supervisor.Config, f func(d *depot)) {
	t.Helper()
	inDepotOf(t, cfg, func(t *testing.T) filestore.Store {
		store, err := filestore.NewMemory(filestore.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return store
	}, f)
}

// inDirectory does the same on a real disk.
func inDirectory(t *testing.T, cfg supervisor.Config, o filestore.Options, f func(d *depot)) {
	t.Helper()
	dir := t.TempDir()
	inDepotOf(t, cfg, func(t *testing.T) filestore.Store {
		store, _, err := filestore.Open(dir, o)
		if err != nil {
			t.Fatal(err)
		}
		return store
	}, f)
}

func inDepotOf(t *testing.T, cfg supervisor.Config, open func(*testing.T) filestore.Store, f func(d *depot)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		kept := open(t)
		defer kept.Close()
		d := &depot{kept: kept, disk: newFaultyStore(kept)}
		cfg.Store = d.disk
		d.world = newWorld(t, cfg)
		whole := false
		defer func() {
			d.disk.heal()
			if !whole {
				d.abandon()
			}
		}()
		f(d)
		d.finishDepot()
		whole = true
	})
}

// finishDepot ends what is left, and looks at what it leaves.
func (d *depot) finishDepot() {
	d.t.Helper()
	d.disk.heal()
	if !d.down {
		for _, p := range d.peers {
			p.cut()
		}
		d.after(max(d.cfg.FileGrace, 0) + 2*time.Minute) // the grace is over
	}
	d.finish()
	d.inspect()
}

// inspect looks at the store behind the server's back.
func (d *depot) inspect() {
	d.t.Helper()
	u := d.kept.Usage()
	if left := d.kept.Partials(); len(left) != d.parts || u.Partials != d.parts || d.parts == 0 && u.Reserved != 0 {
		d.t.Errorf("G5, P8: partials %+v are left, %+v; want %d", left, u, d.parts)
	}
	for _, p := range d.kept.Partials() {
		if p.Open {
			d.t.Errorf("G5: the partial of %q is open", p.Meta.Name)
		}
	}
	for _, meta := range d.stored() {
		if sum := sha256.Sum256(d.content(meta.ID)); sum != meta.SHA256 {
			d.t.Errorf("G5: the content of %q is not what it says", meta.Name)
		}
	}
}

// stored returns what is visible, in the order of the list.
func (d *depot) stored() []filestore.Meta {
	d.t.Helper()
	metas, _, err := d.kept.List(nil, "", 0)
	if err != nil {
		d.t.Fatal(err)
	}
	return metas
}

// content reads a visible file.
func (d *depot) content(id filestore.ID) []byte {
	d.t.Helper()
	f, err := d.kept.Open(id)
	if err != nil {
		d.t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.NewSectionReader(f, 0, math.MaxInt64))
	if err != nil {
		d.t.Fatal(err)
	}
	return b
}

// restart ends this life of the server without closing its connections by hand,
// and begins the next one on the same store.
func (d *depot) restart() {
	d.t.Helper()
	if err := d.s.Shutdown(ctx); err != nil {
		d.t.Errorf("shutdown: %v", err)
	}
	d.down = true
	d.finish()
	cfg := d.cfg
	cfg.OnEvent, cfg.Epoch = nil, d.s.Epoch()+1
	d.world = newWorld(d.t, cfg)
}

// textOf makes n bytes that depend on the seed.
func textOf(seed string, n int) []byte {
	b := make([]byte, 0, n+64)
	for i := 0; len(b) < n; i++ {
		b = fmt.Appendf(b, "%s %d,", seed, i)
	}
	return b[:n]
}

// putOf is a put of data.
func putOf(name string, data []byte, to ...string) *wire.Put {
	sum := sha256.Sum256(data)
	return &wire.Put{Name: name, Size: uint64(len(data)), SHA256: sum[:], To: to}
}

// relayOf is a relay of data.
func relayOf(name string, data []byte, to string) *wire.Put {
	m := putOf(name, data, to)
	m.Relay = true
	return m
}

// notices returns what a peer has been told of files, in order: "offered a.txt",
// "aborted a.txt expired ann".
func (p *peer) notices() []string {
	var all []string
	for _, n := range has[*wire.FileNotice](p) {
		s := []string{n.Event.String(), n.File.Name}
		if n.Event == wire.FileAborted {
			s = append(s, n.Code.String(), n.By)
		}
		all = append(all, strings.TrimSpace(strings.Join(s, " ")))
	}
	return all
}

// heard wants what a peer was told of files since its connection began.
func (d *depot) heard(p *peer, want ...string) {
	d.t.Helper()
	d.settle()
	if got := p.notices(); !slices.Equal(got, want) {
		d.t.Errorf("%s was told %q, want %q", p.user, got, want)
	}
}

// heardOf is heard, in any order: that of different files is nobody's promise.
func (d *depot) heardOf(p *peer, want ...string) {
	d.t.Helper()
	d.settle()
	if got := slices.Sorted(slices.Values(p.notices())); !slices.Equal(got, want) {
		d.t.Errorf("%s was told %q, want %q", p.user, got, want)
	}
}

// outcomes returns how files have ended, as the program was told, in order.
func (d *depot) outcomes() []string {
	d.rec.mu.Lock()
	defer d.rec.mu.Unlock()
	var all []string
	for _, e := range d.rec.all {
		switch e := e.(type) {
		case supervisor.FileCommitted:
			all = append(all, "committed "+e.Meta.Name)
		case supervisor.FileAborted:
			all = append(all, strings.TrimSpace("aborted "+e.Meta.Name+" "+e.Code.String()+" "+e.By))
		}
	}
	return all
}

func (d *depot) wantOutcomes(want ...string) {
	d.t.Helper()
	d.settle()
	if got := d.outcomes(); !slices.Equal(got, want) {
		d.t.Errorf("the outcomes are %q, want %q", got, want)
	}
}
