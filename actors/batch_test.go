package actors

import (
	"testing"

	"example.com/rollcall/wire"
)

// A heartbeat that outlives its batch is a copy: the batch's own is written over
// by the next one. A second one in a batch has memory of its own.
func TestKeptHeartbeats(t *testing.T) {
	bodyOf := func(m wire.Message) []byte { return frames(m)[wire.HeaderSize:] }
	b := new(batch)
	decode := func(m wire.Message) wire.Message {
		with := b.decodePong
		if m.Type() == wire.TypePing {
			with = b.decodePing
		}
		got, err := with(bodyOf(m))
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	for _, m := range []struct{ first, second wire.Message }{
		{&wire.Ping{Time: 1}, &wire.Ping{Time: 2}},
		{&wire.Pong{Echo: 1, Time: 1}, &wire.Pong{Echo: 2, Time: 2}},
	} {
		b.pinged, b.ponged = false, false
		own := decode(m.first)
		kept := paidFrame{msg: own}.kept()
		if second := decode(m.second); second == own {
			t.Error("two in one place")
		}
		b.pinged, b.ponged = false, false
		if again := decode(m.second); again != own {
			t.Error("the place of a batch is not used again")
		}
		if string(frames(kept.msg)) != string(frames(m.first)) {
			t.Errorf("kept %v, and has %v", m.first, kept.msg)
		}
	}
}
