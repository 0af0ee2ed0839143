package supervisor_test

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"example.com/rollcall/actors/filestore"
	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// rawPut is a put that no encoder of ours makes.
func rawPut(fields map[int]any) []byte {
	put := map[int]any{1: 1, 2: "name", 5: make([]byte, wire.HashSize), 6: []string{"bob"}}
	for k, v := range fields {
		put[k] = v
	}
	mode, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		panic(err)
	}
	body, err := mode.Marshal(put)
	if err != nil {
		panic(err)
	}
	frame := binary.BigEndian.AppendUint32(nil, uint32(len(body)+1))
	return append(append(frame, byte(wire.TypePut)), body...)
}

// TestBadPuts: what the protocol forbids ends the client, and nothing is made of
// it.
func TestBadPuts(t *testing.T) {
	for _, c := range []struct {
		name   string
		fields map[int]any
	}{
		{"NUL in the name", map[int]any{2: "a\x00b"}},
		{"newline in the name", map[int]any{2: "a\nb"}},
		{"no name", map[int]any{2: ""}},
		{"name of 256 bytes", map[int]any{2: strings.Repeat("n", 256)}},
		{"name of 60 KiB", map[int]any{2: strings.Repeat("n", 60<<10)}},
		{"size of 2^63", map[int]any{3: uint64(1) << 63}},
		{"size of 2^64-1", map[int]any{3: ^uint64(0)}},
		{"negative size", map[int]any{3: -1}},
		{"size that is a text", map[int]any{3: "many"}},
		{"short hash", map[int]any{5: make([]byte, 31)}},
		{"nobody to send it to", map[int]any{6: []string{}}},
		{"relay to two", map[int]any{6: []string{"bob", "cid"}, 8: true}},
		{"relay to all", map[int]any{7: true, 8: true}},
		{"513 recipients", map[int]any{6: slices.Repeat([]string{"bob"}, 513)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			inDepot(t, supervisor.Config{}, func(d *depot) {
				ann, bob := d.join("ann"), d.join("bob")
				ann.raw(rawPut(c.fields))
				d.ended(ann, wire.ReasonProtocolError)
				d.heard(bob)
				if n := d.disk.called("Begin", "name"); n != 0 {
					t.Errorf("%d files were begun", n)
				}
			})
		})
	}
	// A frame that is too long is not read at all.
	inDepot(t, supervisor.Config{}, func(d *depot) {
		ann := d.join("ann")
		ann.raw(rawPut(map[int]any{2: strings.Repeat("n", 64<<10)})[:8])
		d.ended(ann, wire.ReasonFrameTooLarge)
	})
}

// TestNamesAreData: any legal name is stored as it is, and nothing appears on the
// disk but what the store makes of identifiers. Guards N26.
func TestNamesAreData(t *testing.T) {
	names := []string{
		"../../etc/passwd", "/etc/passwd", "..", ".", "C:\\autoexec.bat", "CON", "a/b/c", "~root", "$HOME",
		"-rf", strings.Repeat("n", 255), strings.Repeat("ü", 127), "VERSION", "LOCK", "partial/x", "\u202egnp.exe",
	}
	dir := t.TempDir()
	inside := filepath.Join(dir, "deep", "down", "data")
	if err := os.MkdirAll(inside, 0o700); err != nil {
		t.Fatal(err)
	}
	inDepotOf(t, supervisor.Config{}, func(t *testing.T) filestore.Store {
		store, _, err := filestore.Open(inside, filestore.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return store
	}, func(d *depot) {
		ann := d.join("ann")
		for _, name := range names {
			ann.upload(putOf(name, []byte(name), "bob"), []byte(name))
		}
		for _, meta := range d.stored() {
			if name := string(d.content(meta.ID)); meta.Name != name || !slices.Contains(names, name) {
				t.Errorf("%q is stored as %q", name, meta.Name)
			}
		}
		if n := len(d.stored()); n != len(names) {
			t.Errorf("%d files of %d are stored", n, len(names))
		}
		for _, name := range names { // and partials
			ann.offer(putOf(name, []byte("x"), "bob"), nil)
			ann.cut()
			ann = d.join("ann")
		}
	})
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(inside, path)
		if strings.HasPrefix(rel, "..") && rel != ".." && rel != "../.." && rel != "../../.." {
			t.Errorf("outside of the data directory: %s", path)
		}
		if name := e.Name(); slices.Contains(names, name) && name != "VERSION" && name != "LOCK" {
			t.Errorf("a name of a client's is on the disk: %s", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// TestSizesThatLie: more, fewer and other bytes than announced. Nothing of it is
// ever visible.
func TestSizesThatLie(t *testing.T) {
	inDepot(t, supervisor.Config{}, func(d *depot) {
		ann, bob := d.join("ann"), d.join("bob")
		data := textOf("lies", 1000)
		lie := func(name string, size int, sum [32]byte) *sending {
			t.Helper()
			m := putOf(name, data, "bob")
			m.Size, m.SHA256 = uint64(size), sum[:]
			return ann.offer(m, data)
		}
		right := sha256.Sum256(data)

		s := lie("longer", 999, right)
		ann.send(&wire.Chunk{Transfer: s.ok.Transfer, Data: data})
		s.wantEnd(wire.CodeSizeMismatch, "")

		s = lie("longer, by itself", 1000, right)
		ann.send(&wire.Chunk{Transfer: s.ok.Transfer, Data: data}, &wire.Chunk{Transfer: s.ok.Transfer, Offset: 1000, Data: data})
		if end := s.end(); code(end) != wire.CodeNone && code(end) != wire.CodeSizeMismatch {
			t.Errorf("the end is %+v", end)
		}

		s = lie("shorter", 1001, right) // waits for the last byte
		s.feed(1000)
		d.settle()
		ann.send(&wire.Abort{Transfer: s.ok.Transfer, Code: wire.CodeSizeMismatch})

		wrong := right
		wrong[31] ^= 1
		s = lie("another hash", 1000, wrong)
		s.feed(1000)
		s.wantEnd(wire.CodeChecksumMismatch, "")

		s = lie("nothing with a hash of something", 0, right)
		s.wantEnd(wire.CodeChecksumMismatch, "")

		s = lie("hash of half", 500, right)
		s.feed(500)
		s.wantEnd(wire.CodeChecksumMismatch, "")

		d.settle()
		if n := len(d.stored()); n > 1 {
			t.Errorf("%d files are visible", n)
		}
		for _, n := range bob.notices() {
			if strings.HasPrefix(n, "completed") && n != "completed longer, by itself" {
				t.Errorf("bob was told %q", n)
			}
		}
	})
}

// TestEnormousSizes: what does not fit is refused, before a byte of it comes.
func TestEnormousSizes(t *testing.T) {
	store := func(o filestore.Options) func(t *testing.T) filestore.Store {
		return func(t *testing.T) filestore.Store {
			s, err := filestore.NewMemory(o)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
	}
	sized := func(n uint64) *wire.Put {
		m := putOf("huge", nil, "bob")
		m.Size = n
		return m
	}
	inDepotOf(t, supervisor.Config{}, store(filestore.Options{}), func(d *depot) {
		ann := d.join("ann")
		ann.refused(sized(wire.MaxFileSize), wire.CodeFileTooLarge)
		ann.refused(sized(filestore.DefaultMaxFile+1), wire.CodeFileTooLarge)
		s := ann.offer(sized(filestore.DefaultMaxFile), nil)
		ann.refused(sized(1), wire.CodeQuotaExceeded) // all of the user's is spoken for
		ann.send(&wire.Abort{Transfer: s.ok.Transfer, Code: wire.CodeCancelled})
		d.settle()
		// In a relay the size is the clients' business alone.
		bob := d.join("bob")
		r := ann.offer(relayOf("huge", nil, "bob"), nil)
		bob.send(&wire.Abort{Transfer: offered(bob, "huge").Transfer, Code: wire.CodeDeclined})
		r.wantEnd(wire.CodeDeclined, "bob")
		m := sized(wire.MaxFileSize)
		m.Relay = true
		r = ann.offer(m, nil)
		bob.send(&wire.Accept{Transfer: offered(bob, "huge").Transfer, Offset: wire.MaxFileSize, Limit: wire.MaxFileSize})
		if r.take(); r.limit != wire.MaxFileSize {
			t.Errorf("limit %d", r.limit)
		}
		ann.send(&wire.Abort{Transfer: r.ok.Transfer, Code: wire.CodeCancelled})
	})
	inDepotOf(t, supervisor.Config{}, store(filestore.Options{MaxUserFiles: 2, MaxBytes: 1000, MaxUserBytes: 600}), func(d *depot) {
		ann, bob := d.join("ann"), d.join("bob")
		data := textOf("q", 300)
		ann.upload(putOf("1", data, "bob"), data)
		ann.refused(sized(301), wire.CodeQuotaExceeded)
		ann.upload(putOf("2", data, "bob"), data)
		ann.refused(putOf("3", nil, "bob"), wire.CodeQuotaExceeded) // files
		bob.refused(sized(500), wire.CodeQuotaExceeded)             // of all
		bob.upload(putOf("4", data, "ann"), data)
		d.heard(bob, "offered 1", "completed 1", "offered 2", "completed 2")
	})
}

// TestTenThousandOffers: at once, from one client that does not wait. Guards G6.
func TestTenThousandOffers(t *testing.T) {
	inDepot(t, supervisor.Config{QueueBytes: 8 << 20, QueueFrames: 1 << 16}, func(d *depot) {
		ann, bob := d.join("ann"), d.join("bob")
		const n = 10_000
		answered := make(chan map[string]int)
		go func() {
			got := map[string]int{}
			for i := range n {
				switch m := ann.fileAnswer(uint64(1000 + i)).(type) {
				case *wire.PutOK:
					got["ok"]++
				case *wire.Error:
					got[m.Code.String()]++
				}
			}
			answered <- got
		}()
		for i := range n {
			m := putOf(fmt.Sprint(i), []byte("x"), "bob")
			m.Request, m.Relay = uint64(1000+i), i%2 == 0
			if err := ann.put(m); err != nil {
				t.Fatal(err)
			}
		}
		if got := <-answered; got["ok"] != 8 || got["too_many"] != n-8 {
			t.Errorf("G6: %v", got)
		}
		if u := d.kept.Usage(); u.Partials > 8 {
			t.Errorf("G6: %d partials", u.Partials)
		}
		d.alive(ann, bob)
	})
}

// TestBoundsOfTransfers: of one connection, of one user on all of its, of all,
// and of those that are offered to one user.
func TestBoundsOfTransfers(t *testing.T) {
	inDepot(t, supervisor.Config{Transfers: 3, TransfersPerUser: 5, AllTransfers: 8}, func(d *depot) {
		var ann []*peer
		for i := range 3 {
			ann = append(ann, d.dial().hello(numbered(i)).login("ann"))
		}
		open := func(p *peer, want wire.Code) *sending {
			t.Helper()
			m := putOf("x", []byte("x"), "bob")
			if want == wire.CodeNone {
				return p.offer(m, []byte("x"))
			}
			p.refused(m, want)
			return nil
		}
		var all []*sending
		for range 3 {
			all = append(all, open(ann[0], 0))
		}
		open(ann[0], wire.CodeTooMany)
		open(ann[1], 0)
		open(ann[1], 0)
		open(ann[1], wire.CodeTooMany)
		open(ann[2], wire.CodeTooMany)
		eve, zoe := d.join("eve"), d.join("zoe")
		for range 3 {
			open(eve, 0)
		}
		open(zoe, wire.CodeTooMany)
		all[0].finish()
		open(zoe, 0)
		open(ann[0], wire.CodeTooMany)
		ann[0].cut() // what is interrupted counts as well
		d.settle()
		open(ann[2], wire.CodeNone) // it goes on with one of those
		d.after(2 * time.Minute)
		open(ann[2], wire.CodeNone)
	})
	inDepot(t, supervisor.Config{Transfers: 3, TransfersPerUser: 5}, func(d *depot) {
		bob := d.join("bob")
		for i := range 5 {
			d.join(numbered(i)).offer(relayOf("x", nil, "bob"), nil)
		}
		ann := d.join("ann")
		ann.refused(relayOf("x", nil, "bob"), wire.CodeTooMany)
		bob.send(&wire.Abort{Transfer: offered(bob, "x").Transfer, Code: wire.CodeDeclined})
		d.settle()
		ann.offer(relayOf("x", nil, "bob"), nil)
	})
}
