package actors

import (
	"bytes"
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

// Messages to users lie in their batch, one behind the other, and those that outlive it are
// copies. A batch that is used again has nothing of the last one.
func TestKeptSends(t *testing.T) {
	b := new(batch)
	decode := func(m *wire.Send) *wire.Send {
		got, err := b.decodeSend(frames(m)[wire.HeaderSize:])
		if err != nil {
			t.Fatal(err)
		}
		return got.(*wire.Send)
	}
	var all, kept []*wire.Send
	for i := range 100 {
		m := &wire.Send{ID: uint64(i + 1), To: "bob", Body: bytes.Repeat([]byte{byte(i)}, i*i), Kind: "k"}
		got := decode(m)
		all = append(all, got)
		kept = append(kept, paidFrame{msg: got}.kept().msg.(*wire.Send))
	}
	holds := func(what string, list []*wire.Send) {
		for i, m := range list {
			if m.ID != uint64(i+1) || m.To != "bob" || m.Kind != "k" || !bytes.Equal(m.Body, bytes.Repeat([]byte{byte(i)}, i*i)) {
				t.Errorf("%s: message %d is %d to %q, %d bytes", what, i+1, m.ID, m.To, len(m.Body))
			}
		}
	}
	holds("in the batch", all)
	b.frames = append(b.frames, paidFrame{msg: all[0]})
	b.done()
	if len(b.sends) != 0 || len(b.data) != 0 || cap(b.data) > keptDataOfBatch || cap(b.sends) > keptFramesOfBatch {
		t.Errorf("a batch that is done keeps %d messages, %d bytes", cap(b.sends), cap(b.data))
	}
	for range 100 {
		decode(&wire.Send{ID: 9, To: "ann", Body: make([]byte, 1000)})
	}
	holds("kept", kept)
	if _, err := b.decodeSend([]byte{0xff}); err == nil {
		t.Error("no message is taken for one")
	}
}
