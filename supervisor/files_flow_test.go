package supervisor_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

const (
	smallWindow = 256 << 10
	// underWay is what may be between a server's memory and a client that does
	// not read: one write and the buffers of the link.
	underWay = 2*64<<10 + room
)

// TestWindowOfAPut: a disk that does not answer stops the sender at the window,
// and the server takes no more.
func TestWindowOfAPut(t *testing.T) {
	inDepot(t, supervisor.Config{Window: smallWindow}, func(d *depot) {
		ann := d.join("ann")
		data := textOf("window", 2<<20)
		s := ann.offer(putOf("window", data, "bob"), data)
		release := d.disk.block("Write", "window")
		s.feed(len(data))
		d.settle()
		ann.quietAbout(s.ok.Transfer)
		if s.at != smallWindow || s.limit != smallWindow {
			t.Errorf("%d bytes were sent, up to %d", s.at, s.limit)
		}
		release()
		if _, ok := s.finish().(*wire.Done); !ok {
			t.Error("it was aborted")
		}
		// A byte past the limit.
		s = ann.offer(putOf("past", data, "bob"), data)
		s.feed(len(data))
		d.settle()
		s = ann.offer(putOf("past too", data, "bob"), data)
		release = d.disk.block("Write", "past too")
		defer release()
		s.feed(len(data))
		ann.send(&wire.Chunk{Transfer: s.ok.Transfer, Offset: s.at, Data: []byte{1}})
		d.settle()
		release()
		s.wantEnd(wire.CodeWindowExceeded, "")
	})
}

// TestSlowReceiverOfAGet: what the server reads ahead for a client that does not
// read is at most the window, whatever the client allows; and a client that
// allows everything at once needs to say no more.
func TestSlowReceiverOfAGet(t *testing.T) {
	inDepot(t, supervisor.Config{Window: smallWindow}, func(d *depot) {
		ann := d.join("ann")
		data := textOf("slow", 4<<20)
		id := ann.upload(putOf("slow", data, "ann"), data)
		bob := d.dial().hello("bob's device").login("ann")
		bob.ids = 10
		bob.freeze()
		bob.send(&wire.Get{Request: 1, File: id, Limit: uint64(wire.MaxFileSize)})
		d.settle()
		if n := d.disk.bytesRead(); n > smallWindow+underWay || n < smallWindow/2 {
			t.Errorf("G6: %d bytes were read for a client that does not read", n)
		}
		bob.thaw()
		ok := bob.fileAnswer(1).(*wire.GetOK)
		r := &receipt{p: bob, number: ok.Transfer, file: ok.File, limit: wire.MaxFileSize}
		r.whole(data)
		if d.disk.bytesRead() != int64(len(data)) {
			t.Errorf("%d bytes were read of %d", d.disk.bytesRead(), len(data))
		}
		// And one that allows little at a time.
		bob.send(&wire.Get{Request: 2, File: id, Limit: 10})
		ok = bob.fileAnswer(2).(*wire.GetOK)
		r = &receipt{p: bob, number: ok.Transfer, file: ok.File, limit: 10}
		if r.receive(10) != nil || len(r.got) != 10 {
			t.Fatal("it was aborted")
		}
		bob.quietAbout(r.number)
		bob.send(&wire.Credit{Transfer: r.number, Limit: 5}) // lower: ignored
		bob.send(&wire.Credit{Transfer: r.number, Offset: 0, Limit: 20})
		r.limit = 20
		r.receive(10)
		bob.quietAbout(r.number)
		bob.send(&wire.Credit{Transfer: r.number, Offset: 21, Limit: 100}) // never sent
		wantAbort(bob, r.end(), wire.CodeBadRequest, "")
	})
}

// TestCreditDuringARead: a client may tell that it has the first chunks while the
// disk still works on the next.
func TestCreditDuringARead(t *testing.T) {
	inDepot(t, supervisor.Config{}, func(d *depot) {
		ann := d.join("ann")
		data := textOf("early", 200<<10)
		id := ann.upload(putOf("early", data, "ann"), data)
		gate := make(chan struct{})
		d.disk.fail("ReadAt", "early", fault{gate: gate, skip: 1})
		r := ann.fetch(id, nil)
		for len(r.got) < 60<<10 { // what the one read has brought
			if r.take() == nil {
				t.Fatal("no chunk")
			}
		}
		r.grant()
		d.settle()
		ann.quietAbout(r.number)
		d.disk.heal()
		close(gate)
		r.whole(data)
	})
}

// TestSlowReceiverOfARelay: the sender is as slow as the receiver, and the server
// holds a window at most, though the receiver allows everything.
func TestSlowReceiverOfARelay(t *testing.T) {
	inDepot(t, supervisor.Config{Window: smallWindow}, func(d *depot) {
		ann, bob := d.join("ann"), d.join("bob")
		data := textOf("slow", 2<<20)
		s := ann.offer(relayOf("slow", data, "bob"), data)
		o := offered(bob, "slow")
		bob.send(&wire.Accept{Transfer: o.Transfer, Limit: wire.MaxFileSize})
		d.settle()
		bob.freeze()
		stuck := func() {
			t.Helper()
			for {
				for s.feed(len(data)); ; s.feed(len(data)) {
					synctest.Wait()
					if !slices.ContainsFunc(has[*wire.Credit](ann), func(c *wire.Credit) bool { return c.Transfer == s.ok.Transfer }) {
						return
					}
					s.take()
				}
			}
		}
		stuck()
		if s.at > smallWindow+underWay || s.at < smallWindow {
			t.Errorf("G6: %d bytes were taken for a receiver that does not read", s.at)
		}
		before := s.at
		d.after(5 * time.Second)
		stuck()
		if s.at != before {
			t.Errorf("more was taken: %d after %d", s.at, before)
		}
		bob.thaw()
		r := &receipt{p: bob, number: o.Transfer, file: o.File, limit: wire.MaxFileSize}
		go func() { // the sender sends as it may
			for {
				s.feed(len(data))
				if s.at == uint64(len(data)) {
					return
				}
				s.take()
			}
		}()
		r.whole(data)
		d.settle()
		if _, ok := s.end().(*wire.Done); !ok {
			t.Error("the sender is not told")
		}
	})
}

// TestRelayFollowsTheReceiversLimit: the sender is never allowed more than the
// receiver allows.
func TestRelayFollowsTheReceiversLimit(t *testing.T) {
	inDepot(t, supervisor.Config{}, func(d *depot) {
		ann, bob := d.join("ann"), d.join("bob")
		data := textOf("limit", 300<<10)
		s := ann.offer(relayOf("limit", data, "bob"), data)
		o := offered(bob, "limit")
		bob.send(&wire.Accept{Transfer: o.Transfer, Offset: 100, Limit: 1000})
		s.take()
		if s.at != 100 || s.limit != 1000 {
			t.Errorf("from %d to %d", s.at, s.limit)
		}
		s.feed(900)
		d.settle()
		ann.quietAbout(s.ok.Transfer)
		bob.send(&wire.Credit{Transfer: o.Transfer, Offset: 500, Limit: 2000})
		s.take()
		if s.limit != 2000 {
			t.Errorf("up to %d", s.limit)
		}
		ann.send(&wire.Chunk{Transfer: s.ok.Transfer, Offset: 1000, Data: data[1000:2001]})
		s.wantEnd(wire.CodeWindowExceeded, "")
	})
}

// TestTransfersTakeTurns: several gets of one connection share it fairly, chunk
// by chunk, however large the chunks are at the time.
func TestTransfersTakeTurns(t *testing.T) {
	inDepot(t, supervisor.Config{}, func(d *depot) {
		ann := d.join("ann")
		const n, size = 4, 900 << 10
		var ids []wire.FileID
		for i := range n {
			data := textOf(numbered(i), size)
			ids = append(ids, ann.upload(putOf(numbered(i), data, "ann"), data))
		}
		d.settle()
		ann.freeze()
		for i, id := range ids {
			ann.send(&wire.Get{Request: uint64(100 + i), File: id, Limit: wire.MaxFileSize})
		}
		d.settle()
		ann.thaw()
		d.settle()
		seen, sum := map[uint64]int{}, 0
		for i, c := range has[*wire.Chunk](ann) {
			seen[c.Transfer] += len(c.Data)
			sum += len(c.Data)
			most, least := 0, n*size
			for _, k := range seen {
				most, least = max(most, k), min(least, k)
			}
			// While all have something left, the last to come has waited for the first chunks only.
			if sum > n*size/4 && most < size && (len(seen) < n || most-least > 5*60<<10) {
				t.Fatalf("after %d chunks the transfers have %v bytes", i, seen)
			}
		}
		if sum != n*size {
			t.Errorf("%d bytes of %d", sum, n*size)
		}
	})
}

// TestHeartbeatsBesideFiles: while files go both ways as fast as they can, and a
// disk does not answer at all, pings, messages and requests of the same and of
// other connections are answered at once, and nobody is terminated. Guards N21.
func TestHeartbeatsBesideFiles(t *testing.T) {
	inDepot(t, supervisor.Config{}, func(d *depot) {
		ann, bob := d.join("ann"), d.join("bob")
		data := textOf("beside", 4<<20)
		id := ann.upload(putOf("beside", data, "bob"), data)
		defer d.disk.block("Write", "stuck")()
		defer d.disk.block("ReadAt", "stuck get")()
		small := textOf("stuck get", 1000)
		stuck := ann.offer(putOf("stuck", data, "bob"), data)
		stuck.feed(len(data))
		ann.fetch(ann.upload(putOf("stuck get", small, "ann"), small), nil)
		bob.fetch(id, nil)
		prompt := func(p *peer) {
			t.Helper()
			start := time.Now()
			r := p.next()
			p.send(&wire.Ping{Time: r}, &wire.Send{ID: r, To: "ann"})
			if _, ok := p.answer(r).(*wire.Ack); !ok {
				t.Error("no ack")
			}
			if pong := want[*wire.Pong](p); pong.Echo != r || time.Since(start) > time.Millisecond {
				t.Errorf("N21: pong %+v after %v", pong, time.Since(start))
			}
			if _, ok := p.ask(&wire.Files{}).(*wire.FileList); !ok {
				t.Error("no list")
			}
		}
		for range 5 {
			prompt(ann)
			prompt(bob)
			d.after(40 * time.Second)
		}
		d.alive(ann, bob)
	})
}

// TestPingOvertakesChunks: an answer to a ping does not wait behind the chunks
// that wait. Guards N21.
func TestPingOvertakesChunks(t *testing.T) {
	inDepot(t, supervisor.Config{}, func(d *depot) {
		ann := d.join("ann")
		data := textOf("overtake", 1<<20)
		id := ann.upload(putOf("overtake", data, "ann"), data)
		ann.freeze()
		ann.send(&wire.Get{Request: 100, File: id, Limit: wire.MaxFileSize})
		d.settle()
		ann.send(&wire.Ping{Time: 77})
		d.settle()
		ann.thaw()
		d.settle()
		ann.mu.Lock()
		defer ann.mu.Unlock()
		bytes := 0
		for _, m := range ann.got {
			switch m := m.(type) {
			case *wire.Chunk:
				bytes += len(m.Data)
			case *wire.Pong:
				// What the transport holds, and the one write that waits.
				if bytes > room+16<<10 {
					t.Errorf("N21: %d bytes of chunks came before the pong", bytes)
				}
				return
			}
		}
		t.Error("no pong")
	})
}

// feedShort sends n bytes of the file, a byte a chunk.
func (s *sending) feedShort(n int) {
	s.p.t.Helper()
	for range n {
		s.feed(1)
	}
}

// TestShortChunks: a client that sends a byte at a time takes no more of the
// server's memory than another. What waits is joined: for the disk, and for a
// receiver that does not read. Guards G6.
func TestShortChunks(t *testing.T) {
	inDepot(t, supervisor.Config{Window: smallWindow}, func(d *depot) {
		const n = 20_000
		ann, bob := d.join("ann"), d.join("bob")
		data := textOf("short", n)
		s := ann.offer(putOf("short", data, "bob"), data)
		release := d.disk.block("Write", "short")
		s.feedShort(n)
		d.settle()
		release()
		if _, ok := s.finish().(*wire.Done); !ok {
			t.Error("it was aborted")
		}
		if calls := d.disk.called("Write", "short"); calls > 3 { // the first, and what waited behind it
			t.Errorf("G6: %d writes", calls)
		}
		s = ann.offer(relayOf("relay", data, "bob"), data)
		o := offered(bob, "relay")
		bob.send(&wire.Accept{Transfer: o.Transfer, Limit: wire.MaxFileSize})
		s.take()
		bob.freeze()
		s.feed(n / 2) // fills the link
		d.settle()
		s.feedShort(n - n/2)
		d.settle()
		bob.thaw()
		d.settle()
		chunks, got := 0, []byte(nil)
		for _, c := range has[*wire.Chunk](bob) {
			chunks++
			got = append(got, c.Data...)
		}
		if chunks > 100 || string(got) != string(data) {
			t.Errorf("G6: %d chunks, %d bytes", chunks, len(got))
		}
		bob.send(&wire.Done{Transfer: o.Transfer})
		d.settle()
	})
}
