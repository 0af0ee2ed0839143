package supervisor_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// bold is a client that goes on whatever happens to it, and complains of one
// thing alone: that it waits for ever on a connection that lives.
type bold struct {
	d       *depot
	user    string
	p       *peer
	told    []*wire.FileNotice // on connections that have gone
	patient bool               // the other side may be gone: it does not complain
}

// come connects, or comes back.
func (b *bold) come() {
	b.leave()
	for range 3 {
		b.p = b.d.dial()
		b.p.user = b.user
		_ = b.p.put(
			&wire.Hello{MinVersion: 1, MaxVersion: 1, Identifier: b.user, Features: wire.FeatureFileNotices | wire.FeatureOffers},
			&wire.Login{Request: 1, User: b.user})
		if _, ok := b.get(func(m wire.Message) bool { return answers(m) == 1 }).(*wire.LoginOK); ok {
			b.p.ids = 1
			return
		}
		b.p.cut()
	}
}

func (b *bold) leave() {
	if b.p != nil {
		b.p.cut()
		b.d.settle()
		b.told = append(b.told, has[*wire.FileNotice](b.p)...)
	}
}

// get waits for a message; nil: the connection has ended.
func (b *bold) get(fits func(wire.Message) bool) wire.Message {
	m, err := b.p.find(fits)
	if err != nil && !errors.Is(err, errEnded) && !b.patient {
		b.d.t.Errorf("%s waits for ever: %v", b.user, err)
	}
	return m
}

func (b *bold) ask(m wire.Message) wire.Message {
	r := b.p.next()
	switch m := m.(type) {
	case *wire.Put:
		m.Request = r
	case *wire.Get:
		m.Request = r
	case *wire.Files:
		m.Request = r
	case *wire.Remove:
		m.Request = r
	case *wire.Logout:
		m.Request = r
	case *wire.Login:
		m.Request = r
	}
	_ = b.p.put(m)
	return b.get(func(m wire.Message) bool {
		switch m := m.(type) {
		case *wire.PutOK:
			return m.Request == r
		case *wire.GetOK:
			return m.Request == r
		case *wire.FileList:
			return m.Request == r
		default:
			return answers(m) == r
		}
	})
}

// put puts a file, or relays it, as far as upTo, and returns its number; and how
// it has ended, if it has.
func (b *bold) put(m *wire.Put, data []byte, upTo int) (number uint64, end wire.Message) {
	ok, isOK := b.ask(m).(*wire.PutOK)
	if !isOK {
		return 0, nil
	}
	at, limit, fresh := ok.Offset, ok.Limit, m.Relay
	for {
		for at < limit && at < uint64(upTo) {
			n := min(ok.Chunk, limit-at, uint64(upTo)-at)
			_ = b.p.put(&wire.Chunk{Transfer: ok.Transfer, Offset: at, Data: data[at : at+n]})
			at += n
		}
		if at >= uint64(upTo) && upTo < len(data) {
			return ok.Transfer, nil
		}
		m := b.get(func(m wire.Message) bool { return transferOf(m) == ok.Transfer })
		c, isCredit := m.(*wire.Credit)
		if !isCredit {
			return ok.Transfer, m
		}
		if fresh {
			at, fresh = c.Offset, false
		}
		limit = max(limit, c.Limit)
	}
}

// take takes a file that comes as this number, from what it has on.
func (b *bold) take(number uint64, f *wire.File, have []byte, upTo int) []byte {
	for len(have) < upTo {
		c, ok := b.get(func(m wire.Message) bool { return transferOf(m) == number }).(*wire.Chunk)
		if !ok {
			return have
		}
		if c.Offset != uint64(len(have)) {
			b.d.t.Errorf("%s: a chunk at %d, has %d", b.user, c.Offset, len(have))
		}
		have = append(have, c.Data...)
		_ = b.p.put(&wire.Credit{Transfer: number, Offset: uint64(len(have)), Limit: uint64(len(have)) + clientWindow})
	}
	if upTo == int(f.Size) {
		_ = b.p.put(&wire.Done{Transfer: number})
	}
	return have
}

// accept accepts the next offer of a file, if one comes.
func (b *bold) accept(name string, have []byte, upTo int) []byte {
	b.d.settle()
	for _, o := range has[*wire.Offer](b.p) {
		if o.File.Name == name {
			b.get(func(m wire.Message) bool { return m == wire.Message(o) })
			_ = b.p.put(&wire.Accept{Transfer: o.Transfer, Offset: uint64(len(have)), Limit: uint64(len(have)) + clientWindow})
			return b.take(o.Transfer, &o.File, have, upTo)
		}
	}
	return have
}

func (b *bold) abort(number uint64, code wire.Code) {
	if number != 0 {
		_ = b.p.put(&wire.Abort{Transfer: number, Code: code})
	}
	b.d.settle()
}

// everyFile is a script in which every message of files occurs.
func everyFile(d *depot, patient bool) (ann, bob *bold) {
	ann, bob = &bold{d: d, user: "ann"}, &bold{d: d, user: "bob"}
	ann.come()
	bob.come()
	data := textOf("every", 150<<10)
	_, end := ann.put(putOf("stored", data, "bob", "cid"), data, len(data))
	if list, ok := bob.ask(&wire.Files{}).(*wire.FileList); ok && len(list.Files) > 0 {
		if ok, is := bob.ask(&wire.Get{File: list.Files[0].ID, Limit: clientWindow}).(*wire.GetOK); is {
			bob.take(ok.Transfer, &ok.File, nil, len(data))
		}
	}
	relay := func(name string, sender func(*wire.Put), receiver func()) {
		ann.patient, bob.patient = patient, patient
		defer func() { ann.patient, bob.patient = false, false }()
		done := make(chan struct{})
		go func() {
			defer close(done)
			sender(relayOf(name, data, "bob"))
		}()
		receiver()
		<-done
	}
	whole := func(m *wire.Put) { ann.put(m, data, len(data)) }
	relay("relayed", whole, func() { bob.accept("relayed", nil, len(data)) })
	if ok, is := ann.ask(relayOf("declined", data, "bob")).(*wire.PutOK); is {
		d.settle()
		for _, o := range has[*wire.Offer](bob.p) {
			if o.File.Name == "declined" {
				bob.abort(o.Transfer, wire.CodeDeclined)
			}
		}
		d.after(time.Second)
		ann.abort(ok.Transfer, wire.CodeCancelled) // should the decline be lost
	}
	var half []byte
	relay("returns", func(m *wire.Put) { ann.put(m, data, 50<<10) }, func() { half = bob.accept("returns", nil, 30<<10) })
	bob.come()
	d.settle()
	relay("returns", whole, func() { bob.accept("returns", half, len(data)) })
	d.after(2 * time.Minute)
	ann.put(putOf("broken", data, "bob", "cid"), data, 50<<10)
	ann.come()
	ann.put(putOf("broken", data, "bob", "cid"), data, len(data))
	n, _ := ann.put(putOf("paused", data, "bob"), data, 50<<10)
	ann.abort(n, wire.CodeInterrupted)
	ann.put(putOf("paused", data, "bob"), data, len(data))
	n, _ = ann.put(putOf("aborted", data, "bob", "cid"), data, 50<<10)
	ann.abort(n, wire.CodeCancelled)
	bob.ask(&wire.Logout{})
	bob.ask(&wire.Login{User: "bob"})
	if done, ok := end.(*wire.Done); ok {
		ann.ask(&wire.Remove{File: done.File})
	}
	ann.put(putOf("lost", data, "bob", "cid"), data, 50<<10)
	ann.leave()
	d.after(2 * time.Minute)
	ann.come()
	ann.put(putOf("last", data, "bob", "cid"), data, 50<<10)
	return ann, bob
}

// afterChaos looks at the next life: what was told, what was kept, what is there.
func (d *depot) afterChaos(ann, bob *bold, want bool) {
	cid := &bold{d: d, user: "cid"}
	cid.come()
	ann.leave()
	d.after(2 * time.Minute)
	bob.leave()
	cid.leave()
	for _, b := range []*bold{bob, cid} {
		told := map[string]bool{}
		for _, n := range b.told {
			told[n.Event.String()+" "+n.File.Name] = true
		}
		for _, o := range d.outcomes() {
			f := strings.Fields(o)
			event := map[string]string{"committed": "completed", "aborted": "aborted"}[f[0]] + " " + f[1]
			isPut := f[1] != "relayed" && f[1] != "declined" && f[1] != "returns"
			if isPut && (b == bob || f[1] != "paused") && want && !told[event] {
				d.t.Errorf("G5: %s was not told %q: %v", b.user, event, slices.Sorted(maps.Keys(told)))
			}
		}
	}
}

// TestPanicAnywhereInFiles: wherever a panic strikes while files are on their
// way, it is caught and counted; nobody waits for ever on a connection that
// lives; everyone is told how each file has ended; nothing partial is left, and
// what is visible is whole. Guards H1, H5, S1, G2, G5.
func TestPanicAnywhereInFiles(t *testing.T) {
	calm := &trap{seen: map[string]int{}}
	run := func(t *testing.T, x *trap) {
		cfg := supervisor.Config{
			Hooks: x.hooks(),
			Offer: func(context.Context, supervisor.FileOffer) error { return nil },
		}
		inDepot(t, cfg, func(d *depot) {
			// What befalls a connection befalls what it was being told; and who
			// has lost an offer with it accepts none.
			frail := strings.HasPrefix(x.target, "connection") || strings.HasPrefix(x.target, "registry")
			ann, bob := everyFile(d, frail)
			d.afterChaos(ann, bob, !frail)
			d.count = func() int {
				x.mu.Lock()
				defer x.mu.Unlock()
				return x.panics
			}
		})
	}
	run(t, calm)
	targets := slices.Sorted(maps.Keys(calm.seen))
	ours := 0
	for _, target := range targets {
		if strings.HasPrefix(target, "files") || strings.HasPrefix(target, "transfer") {
			ours++
		}
	}
	if ours < 27 {
		t.Fatalf("only %d kinds of messages of ours: %v", ours, targets)
	}
	for _, target := range targets {
		if strings.HasPrefix(target, "herald") {
			continue // what it is robbed of, its subscribers lack
		}
		n := calm.seen[target]
		places := slices.Compact([]int{1, 2, (n + 1) / 3, (n + 1) / 2, n - 1, n})
		switch {
		case strings.HasSuffix(target, "registryQuery"):
			continue // the checks' own
		case strings.HasSuffix(target, "userQuery"):
			n -= 2 // the last are
		}
		for _, at := range slices.Compact(slices.Sorted(slices.Values(places))) {
			if at < 1 || at > n {
				continue
			}
			t.Run(fmt.Sprint(target, " ", at), func(t *testing.T) {
				run(t, &trap{seen: map[string]int{}, target: target, at: at})
			})
		}
	}
}

// TestContentsSurvive: the script without a panic stores what it says.
func TestContentsSurvive(t *testing.T) {
	inDepot(t, supervisor.Config{}, func(d *depot) {
		ann, bob := everyFile(d, false)
		data := textOf("every", 150<<10)
		var names []string
		for _, m := range d.stored() {
			if names = append(names, m.Name); !bytes.Equal(d.content(m.ID), data) {
				t.Errorf("%s is not what it was", m.Name)
			}
		}
		slices.Sort(names)
		if !slices.Equal(names, []string{"broken", "paused"}) {
			t.Errorf("stored: %q", names)
		}
		d.afterChaos(ann, bob, true)
		d.wantOutcomes("committed stored", "committed relayed", "aborted declined declined bob", "committed returns",
			"committed broken", "committed paused", "aborted aborted cancelled ann", "aborted lost expired ann", "aborted last expired ann")
	})
}
