package directory

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// model is a directory as one would write it first: a list, searched from end to
// end.
type model []Entry

func (m model) where(is func(e Entry) bool) (found []Entry) {
	for _, e := range m {
		if is(e) {
			found = append(found, e)
		}
	}
	slices.SortFunc(found, func(a, b Entry) int { return cmp.Compare(a.ID, b.ID) })
	return found
}

func (m *model) remove(id uint64) {
	*m = slices.DeleteFunc(*m, func(e Entry) bool { return e.ID == id })
}

// guards G1, N6, N7, N11, N17, S1, S3: any order of registrations and
// terminations, of few identifiers and endpoints, so that they meet.
func TestDirectoryAgreesWithModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := &shelf{}
		var m model
		draw := func(t *rapid.T, what string, n int) int { return rapid.IntRange(0, n).Draw(t, what) }
		id := func(t *rapid.T) uint64 { return uint64(draw(t, "id", 60)) }
		identifier := func(t *rapid.T) string { return fmt.Sprint("i", draw(t, "identifier", 5)) }
		remote := func(t *rapid.T) string { return fmt.Sprint("r", draw(t, "remote", 12)) }

		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				e := Entry{Key{id(t), identifier(t), Endpoint{remote(t), fmt.Sprint("l", draw(t, "local", 2))}}, draw(t, "handle", 99)}
				there := m.where(func(o Entry) bool { return o.Endpoint == e.Endpoint })
				taken := m.where(func(o Entry) bool { return o.ID == e.ID })
				displaced, err := d.Add(e)
				refuse := e.ID == 0 || len(taken) > 0 || len(there) > 0 && there[0].ID > e.ID
				if (err != nil) != refuse {
					t.Fatalf("Add(%v) = %v", e, err)
				}
				if refuse {
					if displaced != nil {
						t.Fatalf("refused, and displaced %v", *displaced)
					}
					return
				}
				if (displaced != nil) != (len(there) > 0) || displaced != nil && *displaced != there[0] {
					t.Fatalf("Add(%v) displaced %v, want %v", e, displaced, there)
				}
				if displaced != nil {
					m.remove(displaced.ID)
				}
				m = append(m, e)
			},
			"remove": func(t *rapid.T) {
				id := id(t)
				if len(m) > 0 && rapid.Bool().Draw(t, "there") {
					id = rapid.SampledFrom(m).Draw(t, "entry").ID
				}
				want := m.where(func(e Entry) bool { return e.ID == id })
				e, ok := d.Remove(id)
				if ok != (len(want) == 1) || ok && e != want[0] {
					t.Fatalf("Remove(%d) = %v, %v; want %v", id, e, ok, want)
				}
				m.remove(id)
			},
			"made anew": func(*rapid.T) { d.remake() },
			"": func(t *rapid.T) {
				if err := d.Check(); err != nil {
					t.Fatal(err)
				}
				if d.Len() != len(m) {
					t.Fatalf("Len %d, want %d", d.Len(), len(m))
				}
				want := m.where(func(Entry) bool { return true })
				identifiers := map[string]bool{}
				for _, e := range want {
					identifiers[e.Identifier] = true
					if got, ok := d.Get(e.ID); !ok || got != e {
						t.Fatalf("Get(%d) = %v, %v", e.ID, got, ok)
					}
				}
				if d.Identifiers() != len(identifiers) {
					t.Fatalf("%d identifiers, want %d", d.Identifiers(), len(identifiers))
				}
				i, r := identifier(t), remote(t)
				if got, want := d.ByIdentifier(i), m.where(func(e Entry) bool { return e.Identifier == i }); !slices.Equal(got, want) {
					t.Fatalf("ByIdentifier(%q) = %v, want %v", i, got, want)
				}
				if got, want := d.ByEndpoint(r), m.where(func(e Entry) bool { return e.Endpoint.Remote == r }); !slices.Equal(got, want) {
					t.Fatalf("ByEndpoint(%q) = %v, want %v", r, got, want)
				}
				var listed model
				limit := 1 + draw(t, "limit", 20)
				page, cursor, more := d.Page(0, limit)
				for listed = page; more; listed = append(listed, page...) {
					page, cursor, more = d.Page(cursor, limit)
				}
				if !slices.Equal(listed, m) {
					t.Fatalf("pages of %d: %v, want %v", limit, listed, m)
				}
			},
		})
	})
}
