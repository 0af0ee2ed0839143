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
		spoil func(d *Directory[int])
		want  string
	}{
		{"gone by ID", func(d *Directory[int]) { delete(d.byID, 1) }, "not found by its ID"},
		{"gone by identifier", func(d *Directory[int]) { delete(d.byIdentifier, "b") }, "nothing is found by its identifier"},
		{"gone by endpoint", func(d *Directory[int]) { delete(d.byRemote, "r1") }, "not found at its endpoint r1"},
		{"gone from the order", func(d *Directory[int]) { d.order.Remove(d.byID[1].seq) }, "3 connections by ID, 2 in order"},
		{"twice by ID", func(d *Directory[int]) { d.byID[9] = d.byID[1] }, "4 connections by ID, 3 in order"},
		{"a ghost by endpoint", func(d *Directory[int]) { d.byRemote["r9"] = &node[int]{remote: "r9"} }, "4 by endpoint"},
		{"a ghost by identifier", func(d *Directory[int]) { d.byIdentifier["z"] = &node[int]{identifier: "z"} }, "4 by identifier"},
		{"an empty ghost", func(d *Directory[int]) { d.byIdentifier["z"] = nil }, `identifier "z" has no proper first`},
		{"another's remote", func(d *Directory[int]) { d.byRemote["r9"] = d.byID[1] }, `remote address "r9" has no proper first`},
		{"cut off its chain", func(d *Directory[int]) { d.byIdentifier["a"].next = nil }, "which does not hold it"},
		{"its chain runs back", func(d *Directory[int]) { d.byIdentifier["a"].next.prev = nil }, "does not hang on it"},
		{"two first ones", func(d *Directory[int]) { d.byID[2].prev = nil }, "is first of its identifier"},
		{"a circle", func(d *Directory[int]) { n := d.byIdentifier["b"]; n.next, n.prev = n, n }, "no proper first"},
		{"a circle of remotes", func(d *Directory[int]) { n := d.byRemote["r1"]; n.nextRemote = n }, "by endpoint"},
		{"a wrong place", func(d *Directory[int]) { d.byID[1].seq = 2 }, "not at its place"},
		{"an empty place", func(d *Directory[int]) { d.order.Add(nil) }, "an empty place"},
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
	d := &Directory[int]{}
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
