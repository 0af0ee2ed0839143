package client

import (
	"testing"

	"example.com/rollcall/wire"
)

// drained takes everything that waits and returns what it was, in order.
func drained(t *testing.T, o *outbox) (types []wire.Type, chunks []uint64) {
	t.Helper()
	split := wire.NewSplitter(wire.MaxMaxFrame, 64)
	for {
		batch, _ := o.take(nil)
		if len(batch) == 0 {
			l, p := o.takeChunk()
			if l == nil {
				return types, chunks
			}
			batch = append(batch, p.frame...)
			o.wrote(l, p)
		}
		for len(batch) > 0 {
			n := copy(split.Space(), batch)
			split.Filled(n)
			batch = batch[n:]
			for {
				f, ok, err := split.Next()
				if err != nil {
					t.Fatal(err)
				}
				if !ok {
					break
				}
				types = append(types, f.Type)
				if f.Type == wire.TypeChunk {
					c, err := wire.DecodeChunk(f.Body)
					if err != nil {
						t.Fatal(err)
					}
					chunks = append(chunks, c.Transfer)
				}
			}
		}
	}
}

func queueChunk(t *testing.T, o *outbox, l *lane, transfer uint64) bool {
	t.Helper()
	buf := o.buffer(l, 100)
	if buf == nil {
		return false
	}
	frame, err := wire.AppendChunkHead(buf, transfer, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	o.chunk(l, parcel{frame: append(frame, 'x'), data: 1})
	return true
}

// guards N21: three ranks, and turns in the last.
func TestRanks(t *testing.T) {
	o := newOutbox()
	one, two := newLane(make(chan struct{}, 1)), newLane(make(chan struct{}, 1))
	for range 3 {
		queueChunk(t, o, one, 1)
	}
	for range 2 {
		queueChunk(t, o, two, 2)
	}
	if err := o.try(frameOf(&wire.App{Kind: "k"})); err != nil {
		t.Fatal(err)
	}
	o.steer(flow{frame: frameOf(&wire.Accept{Transfer: 3, Limit: 1})})
	o.steer(flow{frame: frameOf(&wire.Credit{Transfer: 3, Limit: 1}), credit: 3})
	o.steer(flow{frame: frameOf(&wire.Done{Transfer: 4})})
	o.steer(flow{frame: frameOf(&wire.Credit{Transfer: 3, Limit: 2}), credit: 3}) // takes the other's place
	o.steer(flow{frame: frameOf(&wire.Credit{Transfer: 4, Limit: 2}), credit: 4})
	o.ping(frameOf(&wire.Ping{Time: 1}))
	o.pong(frameOf(&wire.Pong{Echo: 1}))
	types, chunks := drained(t, o)
	want := []wire.Type{
		wire.TypePong, wire.TypePing, wire.TypeAccept, wire.TypeCredit, wire.TypeDone, wire.TypeCredit, wire.TypeApp,
		wire.TypeChunk, wire.TypeChunk, wire.TypeChunk, wire.TypeChunk, wire.TypeChunk,
	}
	if len(types) != len(want) {
		t.Fatalf("%v", types)
	}
	for i := range want {
		if types[i] != want[i] {
			t.Fatalf("%v, want %v", types, want)
		}
	}
	for i, transfer := range []uint64{1, 2, 1, 2, 1} {
		if chunks[i] != transfer {
			t.Errorf("chunks of %v", chunks)
			break
		}
	}
}

// A lane holds laneDepth chunks and no more, and none once it has retired.
func TestLaneBounds(t *testing.T) {
	o := newOutbox()
	l, other := newLane(make(chan struct{}, 1)), newLane(make(chan struct{}, 1))
	n := 0
	for queueChunk(t, o, l, 1) {
		n++
	}
	if n != laneDepth {
		t.Errorf("%d chunks wait", n)
	}
	_, p := o.takeChunk()
	if queueChunk(t, o, l, 1) {
		t.Error("the buffer that is being written is used")
	}
	o.wrote(l, p)
	<-l.wake
	if !queueChunk(t, o, l, 1) {
		t.Error("no buffer, though one is free")
	}
	queueChunk(t, o, other, 2)
	if sent := o.retire(l); sent != 1 {
		t.Errorf("%d bytes sent", sent)
	}
	o.chunk(l, p)
	if _, chunks := drained(t, o); len(chunks) != 1 || chunks[0] != 2 {
		t.Errorf("chunks of %v", chunks)
	}
	queueChunk(t, o, other, 2)
	o.finish(frameOf(&wire.Bye{Reason: wire.ReasonBye}))
	batch, last := o.take(nil)
	if l, _ := o.takeChunk(); l != nil || !last || wire.Type(batch[4]) != wire.TypeBye {
		t.Error("a chunk goes out with the bye")
	}
}
