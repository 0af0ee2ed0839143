package supervisor_test

import (
	"testing"
	"testing/synctest"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// plainly shakes hands without any feature, and logs in.
func (d *depot) plainly(identifier, user string, features wire.Features) *peer {
	d.t.Helper()
	return d.dial().helloWith(&wire.Hello{
		MinVersion: 1, MaxVersion: 1, Identifier: identifier, Features: features,
	}).login(user)
}

// TestWelcomeHasTheFeatures: the features in use are those that both have; a
// server that keeps no files has none.
func TestWelcomeHasTheFeatures(t *testing.T) {
	inDepot(t, supervisor.Config{}, func(d *depot) {
		for _, f := range []wire.Features{0, wire.FeatureFileNotices, wire.FeatureOffers, 1<<64 - 1} {
			p := d.plainly("x", "ann", f)
			if want := f & (wire.FeatureFileNotices | wire.FeatureOffers); p.welcome.Features != want {
				t.Errorf("%b in use, of %b", p.welcome.Features, f)
			}
			p.cut()
		}
	})
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, supervisor.Config{})
		if p := w.dial().hello("x"); p.welcome.Features != 0 {
			t.Errorf("%b in use without files", p.welcome.Features)
		}
		w.finish()
	})
}

// TestNoticesWaitForWhoTakesThem: notices, kept and live, go to sessions that
// take them alone. A session that does not, neither gets nor drops them, and who
// has no other counts as offline.
func TestNoticesWaitForWhoTakesThem(t *testing.T) {
	inDepot(t, supervisor.Config{}, func(d *depot) {
		ann := d.join("ann")
		data := textOf("a", 100)
		ann.upload(putOf("early", data, "bob"), data)
		d.settle()
		fetch := d.plainly("bob's fetch", "bob", wire.FeatureOffers)
		d.heard(fetch)
		ann.upload(putOf("meanwhile", data, "bob"), data) // bob is online, and nobody shows it
		way := ann.offer(putOf("way", textOf("w", 1000), "bob"), textOf("w", 1000))
		way.feed(10)
		d.heard(fetch)
		bob := d.join("bob")
		d.heard(bob, "offered way", "completed early", "completed meanwhile")
		ann.upload(putOf("live", data, "bob"), data)
		d.heard(bob, "offered way", "completed early", "completed meanwhile", "offered live", "completed live")
		ann.upload(&wire.Put{Name: "all", Size: uint64(len(data)), SHA256: putOf("all", data).SHA256, Everyone: true}, data)
		d.heard(bob, "offered way", "completed early", "completed meanwhile", "offered live", "completed live", "offered all", "completed all")
		d.heard(fetch)
		if n, err := d.kept.Notices("bob"); err != nil || len(n) != 0 {
			t.Errorf("%d notices are kept, %v", len(n), err)
		}
		d.heard(d.join("bob"), "offered way") // the rest was told
	})
}

// TestOffersGoToWhoTakesThem: a relay is offered to sessions that take offers
// alone, be they there or coming; when there is none, nobody can take it, and its
// sender is told why.
func TestOffersGoToWhoTakesThem(t *testing.T) {
	inDepot(t, supervisor.Config{}, func(d *depot) {
		ann := d.join("ann")
		watch := d.plainly("bob's watch", "bob", wire.FeatureFileNotices)
		for user, want := range map[string]string{"bob": "no session of the user's takes offers", "cid": ""} {
			e, ok := ann.ask(relayOf("x", nil, user)).(*wire.Error)
			if !ok || e.Code != wire.CodeUserOffline || e.Text != want {
				t.Errorf("%s: %+v", user, e)
			}
		}
		bob := d.join("bob")
		data := textOf("r", 1000)
		ann.offer(relayOf("r", data, "bob"), data)
		d.settle()
		late, lateWatch := d.dial().hello("bob's phone").login("bob"), d.plainly("bob's other", "bob", 0)
		d.settle()
		for _, p := range []*peer{bob, late} {
			if n := len(has[*wire.Offer](p)); n != 1 {
				t.Errorf("%d offers", n)
			}
		}
		for _, p := range []*peer{watch, lateWatch} {
			if n := len(has[*wire.Offer](p)); n != 0 {
				t.Errorf("%d offers to who takes none", n)
			}
		}
	})
}
