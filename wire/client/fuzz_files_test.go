package client

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"testing/synctest"

	"example.com/rollcall/wire"
)

// FuzzFiles lets a client that puts, gets and is ready to accept read whatever
// bytes: no panic, no more memory than the windows, nothing that stays behind,
// and no file is taken for whole that is not what it should be.
func FuzzFiles(f *testing.F) {
	data := content(100)
	put := &wire.PutOK{Request: 2, Transfer: 1, Limit: 60, Chunk: 7}
	get := &wire.GetOK{Request: 3, Transfer: 2, File: described(data)}
	offer := &wire.Offer{Transfer: 3, File: relayed(data)}
	chunk := func(transfer, offset uint64, n int) wire.Message {
		return &wire.Chunk{Transfer: transfer, Offset: offset, Data: data[offset : int(offset)+n]} //nolint:gosec // small
	}
	interrupted := func(transfer uint64) wire.Message {
		return &wire.Abort{Transfer: transfer, Code: wire.CodeInterrupted}
	}
	f.Add([]byte{})
	f.Add(frames(f, put, &wire.Credit{Transfer: 1, Offset: 60, Limit: 200}, &wire.Done{Transfer: 1, File: testFileID}))
	f.Add(frames(f, get, chunk(2, 0, 60), chunk(2, 60, 40), chunk(2, 0, 1), chunk(9, 0, 1)))
	f.Add(frames(f, offer, offer, chunk(3, 0, 60), interrupted(3), offer, chunk(3, 60, 40), interrupted(3), offer))
	f.Add(frames(f, put, get, offer, interrupted(1), interrupted(2), &wire.Abort{Transfer: 3, Code: wire.CodeCancelled}))
	f.Add(frames(f, put, &wire.GetOK{Request: 3, Transfer: 1, File: described(data)}))
	f.Add(frames(f, &wire.Error{Request: 2, Code: wire.CodeInterrupted}, &wire.Error{Request: 3, Code: wire.CodeShuttingDown},
		&wire.FileNotice{Event: wire.FileAborted, File: relayed(data)}, &wire.FileList{Request: 4}))
	f.Fuzz(func(t *testing.T, input []byte) {
		synctest.Test(t, func(t *testing.T) { playFiles(t, data, input) })
	})
}

func playFiles(t *testing.T, data, input []byte) {
	t.Helper()
	ours, theirs := net.Pipe()
	var all sync.WaitGroup
	var mu sync.Mutex
	var targets []*memoryTarget
	receive := func(get func(GetTarget) (GetResult, error)) {
		all.Go(func() {
			dst := &memoryTarget{}
			mu.Lock()
			targets = append(targets, dst)
			mu.Unlock()
			res, err := get(dst)
			if err == nil && !bytes.Equal(hashOf(dst.b), res.File.SHA256) {
				t.Error("a file that is not what it should be")
			}
		})
	}
	o := Options{
		User: "alice", NoReconnect: true, Window: minWindow, Random: rand.NewPCG(1, 2),
		DialContext:  func(context.Context, string, string) (net.Conn, error) { return theirs, nil },
		OnFileNotice: func(wire.FileNotice) {},
		OnOffer: func(o Offer) {
			if o.File.Name == "no" {
				_ = o.Decline("")
				return
			}
			receive(func(dst GetTarget) (GetResult, error) {
				return o.AcceptTo(context.Background(), dst, GetOptions{})
			})
		},
	}
	all.Go(func() { _, _ = io.Copy(io.Discard, ours) })
	w := testWelcome
	all.Go(func() {
		_, _ = ours.Write(frameOf(&w))
		synctest.Wait()
		_, _ = ours.Write(frameOf(&wire.LoginOK{Request: 1, User: "alice", Session: 1}))
	})
	c, err := Dial(context.Background(), "", o)
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	all.Go(func() {
		if _, err := c.Put(ctx, bytes.NewReader(data), 100, PutOptions{Name: "a", Everyone: true}); err == nil {
			t.Log("put") // the server's word is all that there is
		}
	})
	synctest.Wait()
	receive(func(dst GetTarget) (GetResult, error) { return c.Get(ctx, testFileID, dst, GetOptions{}) })
	synctest.Wait()
	all.Go(func() { _, _, _ = c.Files(ctx, "", 0) })
	synctest.Wait()
	_, _ = ours.Write(input)
	synctest.Wait()
	c.mu.Lock()
	cn := c.conn
	c.mu.Unlock()
	if cn != nil {
		cn.mu.Lock()
		if len(cn.offers) > maxOffers || len(cn.streams.open) > len(targets)+1 {
			t.Errorf("%d offers, %d transfers", len(cn.offers), len(cn.streams.open))
		}
		cn.mu.Unlock()
	}
	_ = ours.Close()
	<-c.Done()
	all.Wait()
}
