package actors

import (
	"time"

	"example.com/rollcall/actors/record"
)

// recordOf turns an event into what the journal keeps of it. It runs on the
// goroutine of the disk, where it holds up nobody.
func (r *recorder) recordOf(e any) record.Record {
	epoch := r.sys.set.Epoch
	switch e := e.(type) {
	case record.Record:
		return e
	case Terminated:
		return e.record(epoch)
	case SessionEnded:
		return &record.SessionEnd{
			At: e.At.UnixMilli(), Epoch: epoch, User: e.User, Connection: e.Connection, Session: e.Session,
			Reason: e.Reason, Left: e.Left, HeldUntil: millis(e.HeldUntil), Offline: e.Offline,
		}
	case UserOnline:
		return &record.Announcement{
			At: e.At.UnixMilli(), Epoch: e.Epoch, Version: e.Version, User: e.User, Online: true,
			Watchers: e.Watchers, Connection: e.Connection,
		}
	case UserOffline:
		return &record.Announcement{
			At: e.At.UnixMilli(), Epoch: e.Epoch, Version: e.Version, User: e.User, Reason: e.Reason,
			Watchers: e.Watchers, Connection: e.Connection, LastAlive: millis(e.LastAlive),
		}
	case Stall:
		return &record.Stall{At: e.At.UnixMilli(), Length: e.Length.Milliseconds()}
	case FileInterrupted:
		return &record.Transfer{
			At: e.At.UnixMilli(), Epoch: epoch, Connection: e.Connection, User: e.User, By: e.By,
			File: e.Meta.ID.String(), Name: e.Meta.Name, Kind: e.Kind, Outcome: "interrupted",
			Done: e.Done, Size: size(e.Meta.Size),
		}
	case FileResumed:
		return &record.Transfer{
			At: e.At.UnixMilli(), Epoch: epoch, Connection: e.Connection, User: e.User,
			File: e.Meta.ID.String(), Name: e.Meta.Name, Kind: e.Kind, Outcome: "resumed",
			Done: e.Done, Size: size(e.Meta.Size),
		}
	case FileAborted:
		kind := "put"
		if e.Relay {
			kind = "relay"
		}
		return &record.Transfer{
			At: e.At.UnixMilli(), Epoch: epoch, User: e.Meta.Owner, By: e.By, File: e.Meta.ID.String(), Name: e.Meta.Name,
			Kind: kind, Outcome: "aborted", Code: e.Code, Size: size(e.Meta.Size),
		}
	}
	return nil
}

// recorded reports whether the journal keeps something of an event.
func recorded(e Event) bool {
	switch e.(type) {
	case Terminated, SessionEnded, UserOnline, UserOffline, Stall, FileInterrupted, FileResumed, FileAborted:
		return true
	}
	return false
}

// record makes the journal's record of a termination.
func (t *Termination) record(epoch uint64) *record.Departure {
	d := &record.Departure{
		At: t.Ended.UnixMilli(), Epoch: epoch, Connection: t.Connection, Identifier: t.Identifier,
		Remote: t.Remote, Local: t.Local, User: t.User, Reason: t.Reason, Detail: t.Detail, Error: t.Error,
		First: t.First, MidFrame: t.MidFrame, Handshaken: t.Handshaken,
		Accepted: t.Accepted.UnixMilli(), LastIn: millis(t.LastIn), LastOut: millis(t.LastOut),
		Interval: t.Interval.Milliseconds(), Timeout: t.Timeout.Milliseconds(),
		PingsSent: uint64(t.PingsSent), PingsAnswered: uint64(t.PingsAnswered), PingsMissed: uint64(t.PingsMissed), //nolint:gosec // not negative
		BytesIn: t.BytesIn, BytesOut: t.BytesOut, FramesIn: t.FramesIn, FramesOut: t.FramesOut,
		QueueFrames: t.QueueFrames, QueueBytes: t.QueueBytes,
		Rival: t.Rival, RivalRemote: t.RivalRemote, Others: t.Others,
	}
	for _, rtt := range t.RTTs {
		d.RTTs = append(d.RTTs, rtt.Microseconds())
	}
	return d
}

// millis is a time in Unix ms, 0 for none.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func size(n int64) uint64 { return uint64(max(n, 0)) } //nolint:gosec // not negative

// concerns reports whether a record names the user.
func concerns(x record.Record, user string) bool {
	switch x := x.(type) {
	case *record.Departure:
		return x.User == user || x.Identifier == user
	case *record.SessionEnd:
		return x.User == user
	case *record.Announcement:
		return x.User == user
	case *record.Transfer:
		return x.User == user || x.By == user
	}
	return false
}
