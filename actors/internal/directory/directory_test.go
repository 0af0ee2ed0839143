package directory

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"example.com/rollcall/actors/internal/roster"
)

// Entry is a connection as a test compares it.
type Entry struct {
	Key
	Handle int
}

// member is one as the directory holds it.
type member struct {
	Entry
	place Place[*member]
}

func (m *member) Key() Key               { return m.Entry.Key }
func (m *member) Place() *Place[*member] { return &m.place }

// shelf is a directory, and the connections that were ever added to it.
type shelf struct {
	Directory[*member]
	known map[uint64]*member
}

// Add adds a connection; one that is there is the same one once more.
func (s *shelf) Add(e Entry) (*Entry, error) {
	m := s.known[e.ID]
	if m == nil || !s.Has(m) {
		m = &member{Entry: e}
	}
	displaced, err := s.Directory.Add(m)
	if err == nil {
		if s.known == nil {
			s.known = map[uint64]*member{}
		}
		s.known[e.ID] = m
	}
	if displaced == nil {
		return nil, err
	}
	return &displaced.Entry, err
}

// Get returns one that is there.
func (s *shelf) Get(id uint64) (Entry, bool) {
	if m := s.known[id]; m != nil && s.Has(m) {
		return m.Entry, true
	}
	return Entry{}, false
}

func (s *shelf) Remove(id uint64) (Entry, bool) {
	m := s.known[id]
	if m == nil {
		m = &member{Entry: entry(id, "nobody", "nowhere")}
	}
	if !s.Directory.Remove(m) {
		return Entry{}, false
	}
	return m.Entry, true
}

func (s *shelf) ByIdentifier(identifier string) []Entry {
	return entries(s.Directory.ByIdentifier(identifier))
}

func (s *shelf) ByEndpoint(remote string) []Entry { return entries(s.Directory.ByEndpoint(remote)) }

func (s *shelf) Page(cursor roster.Seq, limit int) ([]Entry, roster.Seq, bool) {
	page, next, more := s.Directory.Page(cursor, limit)
	return entries(page), next, more
}

func entries(members []*member) (all []Entry) {
	for _, m := range members {
		all = append(all, m.Entry)
	}
	return all
}

func entry(id uint64, identifier, remote string) Entry {
	return Entry{Key{id, identifier, Endpoint{remote, "10.0.0.1:7465"}}, int(id) * 10}
}

// filled returns a directory of these entries, or ends the test.
func filled(t *testing.T, entries ...Entry) *shelf {
	t.Helper()
	d := &shelf{}
	for _, e := range entries {
		if displaced, err := d.Add(e); displaced != nil || err != nil {
			t.Fatalf("Add(%v) = %v, %v", e, displaced, err)
		}
	}
	return d
}

func ids(entries []Entry) (ids []uint64) {
	for _, e := range entries {
		ids = append(ids, e.ID)
	}
	return ids
}

// expect checks all that can be asked of a directory.
func expect(t *testing.T, d *shelf, want ...Entry) {
	t.Helper()
	if err := d.Check(); err != nil {
		t.Error(err)
	}
	page, _, more := d.Page(0, len(want)+1)
	if !slices.Equal(page, want) || more || d.Len() != len(want) {
		t.Errorf("%d connections: %v; want %v", d.Len(), page, want)
	}
	for _, e := range want {
		if got, ok := d.Get(e.ID); !ok || got != e {
			t.Errorf("Get(%d) = %v, %v", e.ID, got, ok)
		}
		if got := d.ByIdentifier(e.Identifier); !slices.Contains(got, e) {
			t.Errorf("ByIdentifier(%q) = %v", e.Identifier, got)
		}
		if got := d.ByEndpoint(e.Endpoint.Remote); !slices.Contains(got, e) {
			t.Errorf("ByEndpoint(%q) = %v", e.Endpoint.Remote, got)
		}
	}
}

func TestEmpty(t *testing.T) {
	var d shelf
	expect(t, &d)
	if _, ok := d.Get(1); ok {
		t.Error("Get found something")
	}
	if e, ok := d.Remove(1); ok || e != (Entry{}) {
		t.Errorf("Remove = %v, %v", e, ok)
	}
	if d.ByIdentifier("a") != nil || d.ByEndpoint("r") != nil || d.Identifiers() != 0 {
		t.Error("something is found in nothing")
	}
}

// guards N6: the late end of the old connection leaves the new one of the same
// client alone, whichever of them goes first.
func TestRemoveIsOfOneConnection(t *testing.T) {
	a, b, c := entry(1, "phone", "r1"), entry(2, "phone", "r2"), entry(3, "phone", "r3")
	rest := map[uint64][]Entry{1: {b, c}, 2: {a, c}, 3: {a, b}}
	for id, want := range rest {
		d := filled(t, a, b, c)
		if e, ok := d.Remove(id); !ok || e != entry(id, "phone", fmt.Sprint("r", id)) {
			t.Errorf("Remove(%d) = %v, %v", id, e, ok)
		}
		if _, ok := d.Remove(id); ok {
			t.Errorf("Remove(%d) twice", id)
		}
		expect(t, d, want...)
		if got := d.ByIdentifier("phone"); !slices.Equal(got, want) {
			t.Errorf("without %d: %v", id, got)
		}
		if d.Identifiers() != 1 {
			t.Errorf("without %d: %d identifiers", id, d.Identifiers())
		}
	}
}

// guards N7, G1: the new connection at the endpoint of an old one that has not
// ended yet: both maps lose the old and gain the new in one call.
func TestAddDisplacesAtTheEndpoint(t *testing.T) {
	old, other, again := entry(1, "phone", "r1"), entry(2, "laptop", "r2"), entry(3, "phone", "r1")
	d := filled(t, old, other)
	displaced, err := d.Add(again)
	if err != nil || displaced == nil || *displaced != old {
		t.Fatalf("Add = %v, %v", displaced, err)
	}
	expect(t, d, other, again)
	// guards N6: the old one's own end comes late, and takes nothing with it.
	if _, ok := d.Remove(old.ID); ok {
		t.Error("the displaced connection was still there")
	}
	expect(t, d, other, again)
}

// guards N3, N25: a connection of the same identifier displaces nobody, and one
// of another identifier at the same endpoint does: the endpoint is observed, the
// identifier claimed.
func TestIdentifiersDisplaceNobody(t *testing.T) {
	victim, spoof := entry(1, "phone", "r1"), entry(2, "phone", "r2")
	d := filled(t, victim, spoof)
	expect(t, d, victim, spoof)
	taken := entry(3, "laptop", "r1")
	if displaced, err := d.Add(taken); err != nil || *displaced != victim {
		t.Fatalf("Add = %v, %v", displaced, err)
	}
	expect(t, d, spoof, taken)
}

// One remote address may be connected to several of the server's own.
func TestOneRemoteSeveralLocals(t *testing.T) {
	var entries []Entry
	d := &shelf{}
	for id := uint64(1); id <= 4; id++ {
		e := Entry{Key: Key{id, "phone", Endpoint{"r1", fmt.Sprint("l", id)}}}
		entries = append(entries, e)
		d.Add(e)
	}
	expect(t, d, entries...)
	if got := d.ByEndpoint("r1"); !slices.Equal(got, entries) {
		t.Errorf("ByEndpoint: %v", got)
	}
	for len(entries) > 0 {
		i := len(entries) / 2
		d.Remove(entries[i].ID)
		entries = slices.Delete(entries, i, i+1)
		expect(t, d, entries...)
	}
}

// guards S1: whatever is refused has changed nothing.
func TestRefusedChangesNothing(t *testing.T) {
	a, b := entry(5, "phone", "r1"), entry(7, "laptop", "r2")
	for _, c := range []struct {
		name string
		e    Entry
		want error
	}{
		{"no ID", entry(0, "x", "r3"), ErrInvalid},
		{"no identifier", entry(8, "", "r1"), ErrInvalid},
		{"no remote address", entry(8, "x", ""), ErrInvalid},
		{"it is there", entry(5, "x", "r3"), ErrThere},             // guards N11
		{"older than who is there", entry(6, "x", "r2"), ErrOlder}, // guards S3
		{"as old as who is there", entry(7, "x", "r2"), ErrThere},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := filled(t, a, b)
			displaced, err := d.Add(c.e)
			if !errors.Is(err, c.want) || displaced != nil {
				t.Errorf("Add = %v, %v; want %v", displaced, err, c.want)
			}
			expect(t, d, a, b)
		})
	}
}

// Registrations come in the order of finished handshakes; answers are in order
// of acceptance all the same.
func TestAnswersAreInOrderOfID(t *testing.T) {
	d := filled(t, entry(4, "phone", "r4"), entry(9, "phone", "r9"), entry(1, "phone", "r1"), entry(6, "phone", "r6"))
	if got := ids(d.ByIdentifier("phone")); !slices.Equal(got, []uint64{1, 4, 6, 9}) {
		t.Errorf("ByIdentifier: %v", got)
	}
	page, _, _ := d.Page(0, 10)
	if got := ids(page); !slices.Equal(got, []uint64{4, 9, 1, 6}) {
		t.Errorf("Page: %v", got)
	}
}

func TestPage(t *testing.T) {
	d := filled(t, entry(1, "a", "r1"), entry(2, "b", "r2"), entry(3, "c", "r3"))
	page, cursor, more := d.Page(0, 2)
	if !slices.Equal(ids(page), []uint64{1, 2}) || !more {
		t.Fatalf("first page %v, %v", ids(page), more)
	}
	d.Remove(2)
	d.Add(entry(4, "d", "r4"))
	page, cursor, more = d.Page(cursor, 2)
	if !slices.Equal(ids(page), []uint64{3, 4}) || more {
		t.Fatalf("second page %v, %v", ids(page), more)
	}
	if page, _, more = d.Page(cursor, 2); page != nil || more {
		t.Fatalf("third page %v, %v", ids(page), more)
	}
}

// guards N17: after a storm of connections the maps are made anew, and say the
// same as before.
func TestMapsAreMadeAnew(t *testing.T) {
	d := &shelf{}
	const storm = 8 * littleUp
	for id := uint64(1); id <= storm; id++ {
		if _, err := d.Add(entry(id, fmt.Sprint("i", id%100), fmt.Sprint("r", id))); err != nil {
			t.Fatal(err)
		}
	}
	var left []Entry
	for id := uint64(1); id <= storm; id++ {
		if id%1000 == 0 {
			e, _ := d.Get(id)
			left = append(left, e)
			continue
		}
		d.Remove(id)
	}
	if d.peak >= littleUp {
		t.Errorf("room for %d is kept for %d connections", d.peak, d.Len())
	}
	expect(t, d, left...)
	for _, e := range left {
		d.Remove(e.ID)
	}
	expect(t, d)
	expect(t, filled(t, left...), left...)
}

// TestCount counts the connections of an identifier, up to a bound.
func TestCount(t *testing.T) {
	var d shelf
	for id := range uint64(10) {
		if _, err := d.Add(Entry{Key: Key{
			ID: id + 1, Identifier: "shared", Endpoint: Endpoint{Remote: fmt.Sprint(id)},
		}}); err != nil {
			t.Fatal(err)
		}
	}
	for most, want := range map[int]int{0: 0, 4: 4, 100: 10} {
		if n := d.Count("shared", most); n != want {
			t.Errorf("%d of at most %d", n, most)
		}
	}
	if n := d.Count("nobody", 5); n != 0 {
		t.Errorf("nobody has %d", n)
	}
}
