package directory

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"example.com/rollcall/actors/internal/roster"
)

// Check finds whatever can be out of joint.
func TestCheckFinds(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(d *shelf)
		want  string
	}{
		{"gone by identifier", func(d *shelf) { delete(d.byIdentifier, "b") }, "nothing is found by its identifier"},
		{"gone by endpoint", func(d *shelf) { delete(d.byRemote, "r1") }, "not found at its endpoint r1"},
		{"gone from the order", func(d *shelf) { d.order.Remove(d.known[1].place.seq) }, "2 connections in order, 3 by identifier"},
		{"a ghost by endpoint", func(d *shelf) { d.byRemote["r9"] = &member{Entry: entry(9, "z", "r9")} }, "4 by endpoint"},
		{"a ghost by identifier", func(d *shelf) { d.byIdentifier["z"] = &member{Entry: entry(9, "z", "r9")} }, "4 by identifier"},
		{"an empty ghost", func(d *shelf) { d.byIdentifier["z"] = nil }, `identifier "z" has no proper first`},
		{"another's remote", func(d *shelf) { d.byRemote["r9"] = d.known[1] }, `remote address "r9" has no proper first`},
		{"cut off its chain", func(d *shelf) { d.byIdentifier["a"].place.next = nil }, "which does not hold it"},
		{"its chain runs back", func(d *shelf) { d.byIdentifier["a"].place.next.place.prev = nil }, "does not hang on it"},
		{"two first ones", func(d *shelf) { d.known[2].place.prev = nil }, "is first of its identifier"},
		{"a circle", func(d *shelf) { n := d.byIdentifier["b"]; n.place.next, n.place.prev = n, n }, "no proper first"},
		{"a circle of remotes", func(d *shelf) { n := d.byRemote["r1"]; n.place.nextRemote = n }, "by endpoint"},
		{"a wrong place", func(d *shelf) { d.known[1].place.seq = 2 }, "not at its place"},
		{"an empty place", func(d *shelf) { d.order.Add(nil) }, "an empty place"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := filled(t, entry(1, "a", "r1"), entry(2, "a", "r2"), entry(3, "b", "r3"))
			c.spoil(d)
			err := d.Check()
			if !errors.Is(err, ErrInconsistent) || !strings.Contains(fmt.Sprint(err), c.want) {
				t.Errorf("Check: %v; want %q", err, c.want)
			}
		})
	}
}

func TestCheckIsBounded(t *testing.T) {
	d := &shelf{}
	for id := uint64(1); id <= 100; id++ {
		d.Add(entry(id, "a", fmt.Sprint("r", id)))
	}
	clear(d.byRemote)
	if got := strings.Count(d.Check().Error(), "\n"); got >= reported {
		t.Errorf("%d findings, more than %d", got+1, reported)
	}
}

func TestCheckPage(t *testing.T) {
	d := filled(t, entry(1, "a", "r1"), entry(2, "b", "r2"), entry(3, "c", "r3"))
	delete(d.byRemote, "r3")
	next, more, err := d.CheckPage(0, 2)
	if next != 2 || !more || err != nil {
		t.Errorf("first page: %d, %v, %v", next, more, err)
	}
	next, more, err = d.CheckPage(next, 2)
	if next != roster.Seq(3) || more || !errors.Is(err, ErrInconsistent) {
		t.Errorf("second page: %d, %v, %v", next, more, err)
	}
}
