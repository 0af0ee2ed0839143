package supervisor_test

import (
	"testing"
	"time"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// offered waits for the offer of a relay.
func offered(p *peer, name string) *wire.Offer {
	p.t.Helper()
	m, err := p.find(func(m wire.Message) bool {
		o, ok := m.(*wire.Offer)
		return ok && o.File.Name == name
	})
	if err != nil {
		p.t.Fatalf("%s: waiting for the offer of %s: %v", p.user, name, err)
	}
	return m.(*wire.Offer)
}

// pump carries a relay until its receiver has n bytes more.
func pump(s *sending, r *receipt, n int) {
	s.p.t.Helper()
	for want := min(len(r.got)+n, len(s.data)); len(r.got) < want; {
		for s.fresh || s.at == s.limit && s.at == uint64(len(r.got)) {
			if end := s.take(); end != nil {
				s.p.t.Fatalf("the sender's end is %+v at %d", end, s.at)
			}
		}
		s.feed(want - int(s.at))
		if end := r.receive(int(s.at) - len(r.got)); end != nil {
			s.p.t.Fatalf("the receiver's end is %+v at %d", end, len(r.got))
		}
		if r.limit <= uint64(len(r.got)) {
			r.grant()
		}
	}
}

// end waits for the end of a transfer.
func (s *sending) end() wire.Message {
	s.p.t.Helper()
	for {
		if end := s.take(); end != nil {
			return end
		}
	}
}

func (r *receipt) end() wire.Message {
	r.p.t.Helper()
	for {
		m := r.p.about(r.number)
		if c, ok := m.(*wire.Chunk); ok {
			r.chunk(c)
			continue
		}
		return m
	}
}

// TestRelay: a file goes straight to its recipient, and the server stores nothing.
func TestRelay(t *testing.T) {
	for _, size := range []int{0, 1, 100, 3<<20 + 5} {
		inDepot(t, supervisor.Config{}, func(d *depot) {
			ann, bob := d.join("ann"), d.join("bob")
			data := textOf("relay", size)
			s := ann.offer(relayOf("relay", data, "bob"), data)
			if s.ok.Offset != 0 || s.ok.Limit != 0 {
				t.Errorf("something may be sent before the accept: %+v", s.ok)
			}
			o := offered(bob, "relay")
			if o.File.Owner != "ann" || o.File.Size != uint64(size) || len(o.File.ID) != 0 {
				t.Errorf("the offer is of %+v", o.File)
			}
			r := bob.accept(o, nil)
			pump(s, r, size)
			r.whole(data)
			if done, ok := s.end().(*wire.Done); !ok || len(done.File) != 0 {
				t.Errorf("the end is %+v", done)
			}
			bob.quietAbout(o.Transfer)
			d.heard(bob)
			if len(d.stored()) != 0 || d.disk.called("Begin", "relay") != 0 {
				t.Error("the server has stored it")
			}
			d.wantOutcomes("committed relay")
		})
	}
}

// TestRelayToNobody: the recipient must be there, and the name does not tell
// whether there is such a user.
func TestRelayToNobody(t *testing.T) {
	inDepot(t, supervisor.Config{}, func(d *depot) {
		ann := d.join("ann")
		d.join("bob").cut()
		d.settle()
		ann.refused(relayOf("x", nil, "bob"), wire.CodeUserOffline)
		ann.refused(relayOf("x", nil, "nobody"), wire.CodeUserOffline)
		d.wantOutcomes()
	})
}

// TestRelayAnswers: a recipient declines, in words of its own; the sender takes
// the offer back; each side aborts in the middle. Who did it is not told so.
func TestRelayAnswers(t *testing.T) {
	inDepot(t, supervisor.Config{}, func(d *depot) {
		ann, bob, phone := d.join("ann"), d.join("bob"), d.dial().hello("bob's phone").login("bob")
		data := textOf("answers", 200<<10)
		begin := func(name string) (*sending, *wire.Offer, *wire.Offer) {
			t.Helper()
			return ann.offer(relayOf(name, data, "bob"), data), offered(bob, name), offered(phone, name)
		}
		abort := func(p *peer, number uint64, code wire.Code) {
			t.Helper()
			p.send(&wire.Abort{Transfer: number, Code: code, Text: "so"})
			d.settle()
			p.quietAbout(number)
		}

		s, o, op := begin("declined")
		abort(bob, o.Transfer, wire.CodeDeclined)
		s.wantEnd(wire.CodeDeclined, "bob")
		wantAbort(phone, phone.about(op.Transfer), wire.CodeDeclined, "bob")
		phone.send(&wire.Accept{Transfer: op.Transfer, Limit: 10}) // too late
		wantAbort(phone, phone.about(op.Transfer), wire.CodeNotFound, "")

		s, o, op = begin("cancelled")
		abort(ann, s.ok.Transfer, wire.CodeCancelled)
		wantAbort(bob, bob.about(o.Transfer), wire.CodeCancelled, "ann")
		wantAbort(phone, phone.about(op.Transfer), wire.CodeCancelled, "ann")

		s, o, op = begin("sender aborts")
		r := phone.accept(op, nil)
		pump(s, r, 100<<10)
		abort(ann, s.ok.Transfer, wire.CodeSizeMismatch)
		wantAbort(phone, r.end(), wire.CodeSizeMismatch, "ann")
		wantAbort(bob, bob.about(o.Transfer), wire.CodeCancelled, "bob") // by the accept

		s, o, _ = begin("receiver aborts")
		r = bob.accept(o, nil)
		pump(s, r, 100<<10)
		abort(bob, r.number, wire.CodeStorageFailed)
		s.wantEnd(wire.CodeStorageFailed, "bob")
		d.heard(bob)
		d.wantOutcomes("aborted declined declined bob", "aborted cancelled cancelled ann",
			"aborted sender aborts size_mismatch ann", "aborted receiver aborts storage_failed bob")
	})
}

// TestRelayFirstAcceptWins: of two sessions, the first that accepts gets the
// file, the other is told that it was its own user. One that logs in while the
// offer waits gets it, too.
func TestRelayFirstAcceptWins(t *testing.T) {
	inDepot(t, supervisor.Config{}, func(d *depot) {
		ann, bob := d.join("ann"), d.join("bob")
		data := textOf("first", 100<<10)
		s := ann.offer(relayOf("first", data, "bob"), data)
		o := offered(bob, "first")
		phone := d.dial().hello("bob's phone").login("bob")
		op := offered(phone, "first")
		for _, p := range []*peer{bob, phone} {
			p.send(&wire.Accept{Transfer: o.Transfer, Limit: clientWindow})
		}
		if op.Transfer != o.Transfer {
			t.Errorf("two numbers for one offer: %d and %d", o.Transfer, op.Transfer)
		}
		d.settle()
		winner, loser := bob, phone
		if len(has[*wire.Abort](bob)) > 0 {
			winner, loser = phone, bob
		}
		wantAbort(loser, loser.about(o.Transfer), wire.CodeCancelled, "bob")
		r := &receipt{p: winner, number: o.Transfer, file: o.File, limit: clientWindow, window: clientWindow}
		// The other has no say in it any more.
		loser.send(&wire.Done{Transfer: o.Transfer}, &wire.Credit{Transfer: o.Transfer, Limit: 1}, &wire.Abort{Transfer: o.Transfer, Code: wire.CodeDeclined})
		pump(s, r, len(data))
		r.whole(data)
		if _, ok := s.end().(*wire.Done); !ok {
			t.Error("the sender is not told")
		}
		late := d.dial().hello("bob's tablet").login("bob")
		d.settle()
		if n := len(has[*wire.Offer](late)); n != 0 {
			t.Errorf("%d offers are left over", n)
		}
	})
}

// TestAcceptAndAtOnce: what a recipient says right behind its accept is not lost.
func TestAcceptAndAtOnce(t *testing.T) {
	inDepot(t, supervisor.Config{}, func(d *depot) {
		ann, bob := d.join("ann"), d.join("bob")
		data := textOf("at once", 1000)
		s := ann.offer(relayOf("one", data, "bob"), data)
		o := offered(bob, "one")
		bob.send(&wire.Accept{Transfer: o.Transfer, Limit: 1}, &wire.Credit{Transfer: o.Transfer, Limit: 1000})
		d.settle()
		for s.limit < 1000 {
			if end := s.take(); end != nil {
				t.Fatalf("the end is %+v", end)
			}
		}
		ann.send(&wire.Abort{Transfer: s.ok.Transfer, Code: wire.CodeCancelled})
		wantAbort(bob, bob.about(o.Transfer), wire.CodeCancelled, "ann")

		s = ann.offer(relayOf("two", data, "bob"), data)
		o = offered(bob, "two")
		bob.send(&wire.Accept{Transfer: o.Transfer, Limit: 1}, &wire.Abort{Transfer: o.Transfer, Code: wire.CodeStorageFailed})
		s.wantEnd(wire.CodeStorageFailed, "bob")
		bob.quietAbout(o.Transfer)

		s = ann.offer(relayOf("three", data, "bob"), data)
		o = offered(bob, "three")
		bob.send(&wire.Accept{Transfer: o.Transfer, Offset: 1000, Limit: 1000}, &wire.Done{Transfer: o.Transfer})
		if _, ok := s.end().(*wire.Done); !ok {
			t.Error("the sender is not told")
		}
	})
}

// TestRelayReceiverComesBack: its connection ends in the middle; the sender is
// told, asks again and waits; the receiver is offered the rest.
func TestRelayReceiverComesBack(t *testing.T) {
	inDepot(t, supervisor.Config{}, func(d *depot) {
		ann, bob := d.join("ann"), d.join("bob")
		data := textOf("receiver", 400<<10)
		s := ann.offer(relayOf("receiver", data, "bob"), data)
		r := bob.accept(offered(bob, "receiver"), nil)
		pump(s, r, 150<<10)
		bob.cut()
		s.wantEnd(wire.CodeInterrupted, "bob")
		s.feed(10 << 10) // late
		again := ann.offer(s.put, data)
		if again.ok.Transfer == s.ok.Transfer || again.ok.Limit != again.ok.Offset {
			t.Errorf("goes on with %+v after %+v", again.ok, s.ok)
		}
		ann.quietAbout(s.ok.Transfer)
		d.after(50 * time.Second)
		bob = d.join("bob")
		more := bob.accept(offered(bob, "receiver"), r.got)
		pump(again, more, len(data))
		more.whole(data)
		if _, ok := again.end().(*wire.Done); !ok || again.sent != 250<<10 {
			t.Errorf("%d bytes were sent again", again.sent)
		}
		d.heard(bob)
	})
}

// TestRelaySenderComesBack: the receiver is told, and offered the rest when the
// sender is there.
func TestRelaySenderComesBack(t *testing.T) {
	inDepot(t, supervisor.Config{}, func(d *depot) {
		ann, bob, phone := d.join("ann"), d.join("bob"), d.dial().hello("bob's phone").login("bob")
		data := textOf("sender", 400<<10)
		s := ann.offer(relayOf("sender", data, "bob"), data)
		o := offered(bob, "sender")
		offered(phone, "sender")
		r := bob.accept(o, nil)
		pump(s, r, 150<<10)
		ann.cut()
		wantAbort(bob, r.end(), wire.CodeInterrupted, "ann")
		d.after(50 * time.Second)
		ann = d.join("ann")
		again := ann.offer(s.put, data)
		o2 := offered(bob, "sender")
		offered(phone, "sender")
		if o2.Transfer == o.Transfer {
			t.Error("the number is used again")
		}
		more := bob.accept(o2, r.got)
		pump(again, more, len(data))
		more.whole(data)
		if _, ok := again.end().(*wire.Done); !ok {
			t.Error("the sender is not told")
		}
	})
}

// TestRelayNobodyComesBack: at the end of the grace, whoever waits is told; and
// who held a part and is away, at its next login.
func TestRelayNobodyComesBack(t *testing.T) {
	inDepot(t, supervisor.Config{FileGrace: 10 * time.Second}, func(d *depot) {
		ann, bob := d.join("ann"), d.join("bob")
		data := textOf("nobody", 400<<10)
		begin := func(name string) (*sending, *receipt) {
			t.Helper()
			s := ann.offer(relayOf(name, data, "bob"), data)
			r := bob.accept(offered(bob, name), nil)
			pump(s, r, 100<<10)
			return s, r
		}
		// The sender goes, the receiver stays.
		_, r := begin("one")
		ann.cut()
		wantAbort(bob, r.end(), wire.CodeInterrupted, "ann")
		d.after(11 * time.Second)
		d.heard(bob, "aborted one expired ann")
		// The receiver goes, the sender waits.
		ann = d.join("ann")
		s, _ := begin("two")
		bob.cut()
		s.wantEnd(wire.CodeInterrupted, "bob")
		again := ann.offer(s.put, data)
		d.after(11 * time.Second)
		again.wantEnd(wire.CodeExpired, "bob")
		bob = d.join("bob")
		d.heard(bob, "aborted two expired bob")
		// Both are back, but the receiver does not want it any more.
		s, _ = begin("three")
		bob.cut()
		s.wantEnd(wire.CodeInterrupted, "bob")
		again = ann.offer(s.put, data)
		bob = d.join("bob")
		bob.send(&wire.Abort{Transfer: offered(bob, "three").Transfer, Code: wire.CodeDeclined})
		again.wantEnd(wire.CodeDeclined, "bob")
		// An offer that nobody has accepted is none that a grace ends.
		s = ann.offer(relayOf("four", data, "bob"), data)
		o := offered(bob, "four")
		ann.cut()
		wantAbort(bob, bob.about(o.Transfer), wire.CodeInterrupted, "ann")
		d.after(9 * time.Second)
		ann = d.join("ann")
		again = ann.offer(s.put, data)
		o = offered(bob, "four")
		d.after(10 * time.Minute)
		r = bob.accept(o, nil)
		pump(again, r, len(data))
		r.whole(data)
		d.wantOutcomes("aborted one expired ann", "aborted two expired bob", "aborted three declined bob", "committed four")
	})
}

// TestRelayWithoutGrace: an interruption is the end.
func TestRelayWithoutGrace(t *testing.T) {
	inDepot(t, supervisor.Config{FileGrace: -1}, func(d *depot) {
		ann, bob := d.join("ann"), d.join("bob")
		data := textOf("no grace", 100<<10)
		s := ann.offer(relayOf("x", data, "bob"), data)
		r := bob.accept(offered(bob, "x"), nil)
		pump(s, r, 10<<10)
		ann.cut()
		wantAbort(bob, r.end(), wire.CodeInterrupted, "ann")
		d.heard(bob, "aborted x expired ann")
	})
}

// TestRelayBadAccepts: nobody accepts what is not offered to it, nor from behind
// the end; the offer stands.
func TestRelayBadAccepts(t *testing.T) {
	inDepot(t, supervisor.Config{Transfers: 2}, func(d *depot) {
		ann, bob, eve := d.join("ann"), d.join("bob"), d.join("eve")
		data := textOf("bad", 1000)
		s := ann.offer(relayOf("bad", data, "bob"), data)
		o := offered(bob, "bad")
		try := func(p *peer, a *wire.Accept, want wire.Code, by string) {
			t.Helper()
			p.send(a)
			wantAbort(p, p.about(a.Transfer), want, by)
		}
		try(eve, &wire.Accept{Transfer: o.Transfer, Limit: 10}, wire.CodeNotFound, "")
		try(bob, &wire.Accept{Transfer: o.Transfer + 1, Limit: 10}, wire.CodeNotFound, "")
		try(bob, &wire.Accept{Transfer: o.Transfer, Offset: 1001, Limit: 1001}, wire.CodeBadRequest, "")
		eve.send(&wire.Abort{Transfer: o.Transfer, Code: wire.CodeDeclined})
		d.settle()
		ann.quietAbout(o.Transfer)
		// A connection with as many transfers as it may have.
		var mine []*sending
		for i := range 2 {
			mine = append(mine, bob.offer(putOf(numbered(i), data, "cid"), data))
		}
		try(bob, &wire.Accept{Transfer: o.Transfer, Limit: 10}, wire.CodeTooMany, "")
		mine[0].finish()
		r := bob.accept(o, nil)
		pump(s, r, len(data))
		// Chunks from the wrong side.
		bob.send(&wire.Chunk{Transfer: r.number, Offset: 0, Data: data})
		wantAbort(bob, r.end(), wire.CodeBadRequest, "")
		s.wantEnd(wire.CodeBadRequest, "bob")
		mine[1].finish()
	})
}

// TestAcceptOfNoOffer: an accept of what the connection has already is a mistake
// that ends it; one that comes twice at once is taken once.
func TestAcceptOfNoOffer(t *testing.T) {
	inDepot(t, supervisor.Config{}, func(d *depot) {
		ann, bob := d.join("ann"), d.join("bob")
		data := textOf("no offer", 1000)
		s := ann.offer(relayOf("one", data, "bob"), data)
		o := offered(bob, "one")
		ann.send(&wire.Accept{Transfer: o.Transfer, Limit: 10})
		s.wantEnd(wire.CodeBadRequest, "")
		wantAbort(bob, bob.about(o.Transfer), wire.CodeBadRequest, "ann")

		s = ann.offer(relayOf("two", data, "bob"), data)
		o = offered(bob, "two")
		twice := &wire.Accept{Transfer: o.Transfer, Limit: clientWindow}
		bob.send(twice, twice)
		r := &receipt{p: bob, number: o.Transfer, file: o.File, limit: clientWindow, window: clientWindow}
		pump(s, r, len(data))
		bob.send(twice)
		wantAbort(bob, r.end(), wire.CodeBadRequest, "")
		s.wantEnd(wire.CodeBadRequest, "bob")
	})
}

// TestRelayToOneself: a user sends a file from one device to another. The one
// that sends it is not asked whether it wants it.
func TestRelayToOneself(t *testing.T) {
	inDepot(t, supervisor.Config{}, func(d *depot) {
		ann := d.join("ann")
		data := textOf("self", 100<<10)
		ann.refused(relayOf("self", data, "ann"), wire.CodeUserOffline)
		phone := d.dial().hello("ann's phone").login("ann")
		s := ann.offer(relayOf("self", data, "ann"), data)
		r := phone.accept(offered(phone, "self"), nil)
		pump(s, r, len(data))
		r.whole(data)
	})
}
