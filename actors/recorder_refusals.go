package actors

import (
	"net"

	"example.com/rollcall/actors/record"
	"example.com/rollcall/wire"
)

// recordRefusal writes down that a transport was turned away, which never was a
// connection: it has no number. One a second at most, for a flood of them must not
// push out of the journal why others have gone; the counters have them all.
func (s *System) recordRefusal(t net.Conn, bye *wire.Bye) {
	if s.recorder == nil || s.set.Journal == nil {
		return
	}
	now := s.set.Wall()
	if last := s.recorder.refusalNoted.Load(); last == now.Unix() || !s.recorder.refusalNoted.CompareAndSwap(last, now.Unix()) {
		return
	}
	e := observe(t, 0)
	s.recorder.tell(&record.Departure{
		At: now.UnixMilli(), Epoch: s.set.Epoch, Remote: e.Remote, Local: e.Local,
		Reason: bye.Reason, Detail: bye.Text, First: record.SideServer, Accepted: now.UnixMilli(),
	})
}
