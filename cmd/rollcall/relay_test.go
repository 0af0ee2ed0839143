package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/rollcall/wire/client"
)

// offered connects a user who is told of offers.
func (s *serving) offered(t *testing.T, user string) <-chan client.Offer {
	t.Helper()
	offers := make(chan client.Offer, 4)
	c, err := client.Dial(t.Context(), s.server, client.Options{User: user, OnOffer: func(o client.Offer) { offers <- o }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return offers
}

func next(t *testing.T, offers <-chan client.Offer) client.Offer {
	t.Helper()
	select {
	case o := <-offers:
		return o
	case <-time.After(patience):
		t.Fatal("nothing is offered")
		return client.Offer{}
	}
}

// A relay goes to a user who accepts it, stores nothing, and is refused when the
// user does not want it.
func TestPutByRelay(t *testing.T) {
	s, dir := serveFiles(t)
	offers := s.offered(t, "bob")
	file, to := fileOf(t, "plan.pdf", 3<<20), filepath.Join(t.TempDir(), "got")
	r := s.start("put", "--user", "alice", "--to", "bob", "--relay", "--json", file)
	o := next(t, offers)
	if o.File.Name != "plan.pdf" || o.File.Owner != "alice" || o.File.Media != "application/pdf" {
		t.Errorf("%+v", o.File)
	}
	if _, err := o.Accept(t.Context(), to, client.GetOptions{}); err != nil {
		t.Fatal(err)
	}
	if code := r.wait(); code != exitOK || hashOf(t, to) != hashOf(t, file) {
		t.Errorf("code %d: %s", code, r.errs)
	}
	if done := last(t, toldIn(t, r.out.String())); done.Event != "done" || done.ID != "" || done.Moved != 3<<20 {
		t.Errorf("%+v", done)
	}
	if left := storeDir(dir).sizes("files"); len(left) != 0 {
		t.Errorf("%v is stored", left)
	}
	r = s.start("put", "--user", "alice", "--to", "bob", "--relay", file)
	if err := next(t, offers).Decline("too large"); err != nil {
		t.Fatal(err)
	}
	if code := r.wait(); code != exitRefused {
		t.Errorf("code %d", code)
	}
	r.errs.see(t, "put", "declined by bob: too large")
}

// A command that carries files waits for a server that has gone, but not for
// ever, and tells of it.
func TestPutGivesUp(t *testing.T) {
	s, _ := serveFiles(t)
	offers := s.offered(t, "bob")
	file := fileOf(t, "a", 10)
	r := s.start("put", "--user", "alice", "--to", "bob", "--relay", "--give-up", "100ms", "--json", file)
	next(t, offers)
	s.running.end()
	if code := r.wait(); code != exitUnreachable {
		t.Errorf("code %d", code)
	}
	r.errs.see(t, "put", "disconnected: the server says server_shutdown")
	r.errs.see(t, "put", "rollcall: the server was out of reach for 100ms; the same command again goes on")
	if end := last(t, toldIn(t, r.out.String())); end.Event != "interrupted" || end.Code != "interrupted" {
		t.Errorf("%+v", end)
	}
}

// What becomes of the connection is told when there is trouble, and not else.
func TestPutComesBack(t *testing.T) {
	s, dir := serveFiles(t)
	offers := s.offered(t, "bob")
	r := s.start("put", "--user", "alice", "--to", "bob", "--relay", fileOf(t, "a", 10))
	next(t, offers)
	s.running.end()
	r.errs.see(t, "put", "disconnected: the server says server_shutdown", "trying again in")
	again := s.start("serve", "--listen", s.server, "--admin", "off", "--data", dir)
	again.see("listening on ")
	if _, err := next(t, offers).AcceptTo(t.Context(), client.StreamTarget(new(strings.Builder)), client.GetOptions{}); err != nil {
		t.Fatal(err)
	}
	if code := r.wait(); code != exitOK {
		t.Errorf("code %d: %s", code, r.errs)
	}
	r.errs.see(t, "put", "connected again to "+s.server)
	if strings.Contains(r.errs.String(), "is online") {
		t.Error(r.errs)
	}
}
