package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"example.com/rollcall/wire"
	"example.com/rollcall/wire/client"
)

// peak is the most resident memory that a process has had, in bytes.
func (p *process) peak() int {
	p.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		p.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	kib, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		p.t.Fatal(err)
	}
	return kib << 10
}

// slowUser logs in with a small buffer, so that what it does not read waits in
// the server.
func slowUser(t *testing.T, w *world, user string) *raw {
	t.Helper()
	r, err := rawLogin(t.Context(), w.server, user, 4<<10)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.close)
	return r
}

// endsAsSlow waits until the server has ended the client that does not read.
func endsAsSlow(t *testing.T, w *world, user string) {
	t.Helper()
	until(t, "the end of who does not read", func() bool {
		return strings.Contains(string(w.get("/connz?state=closed&user="+user, 200)), `"slow_consumer"`)
	})
}

// memoryBound is by how much a server's memory may grow for n transfers: their
// windows twice, what the collector has not yet found, and what does not belong
// to them.
func memoryBound(n int) int { return n*2*(1<<20)*2 + 24<<20 }

// A client that asks for many files and allows them whole, and then does not
// read, costs the server its windows and not the files (G6).
func TestSlowGetsCostTheirWindows(t *testing.T) {
	const size, gets = 64 << 20, 8
	w := serveProcess(t, "--data", filepath.Join(t.TempDir(), "data"), "--no-sync", "--write-timeout", "4s")
	file := fileOf(t, "big", size)
	id, err := hex.DecodeString(last(t, toldIn(t, w.want(exitOK, "put", "--user", "alice", "--to", "bob", "--json", file).out)).ID)
	if err != nil {
		t.Fatal(err)
	}
	before := w.process.peak()
	bob := slowUser(t, w, "bob")
	for i := range uint64(gets) {
		if err := bob.write(&wire.Get{Request: i + 2, File: id, Limit: wire.MaxFileSize}); err != nil {
			t.Fatal(err)
		}
	}
	endsAsSlow(t, w, "bob")
	grown := w.process.peak() - before
	t.Logf("%d gets of %d MiB that are not read: %.1f MiB more at the most", gets, size>>20, float64(grown)/(1<<20))
	if grown > memoryBound(gets) {
		t.Errorf("G6: the memory grew by %d bytes, more than %d", grown, memoryBound(gets))
	}
}

// The sender of a relay is stopped by a receiver that allows everything and does
// not read; the server holds a window of it (G6).
func TestSlowRelayStopsItsSender(t *testing.T) {
	const size = 256 << 20
	w := serveProcess(t, "--data", filepath.Join(t.TempDir(), "data"), "--write-timeout", "4s")
	path := fileOf(t, "big", size)
	f, err := os.Open(path) //nolint:gosec // our own
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	bob := slowUser(t, w, "bob")
	alice := w.dial(t, "alice")
	before := w.process.peak()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	type end struct {
		res client.PutResult
		err error
	}
	ended := make(chan end, 1)
	go func() {
		o := putTo("bob", "big")
		o.Relay = true
		res, err := alice.Put(ctx, f, size, o)
		ended <- end{res, err}
	}()
	for accepted := false; !accepted; {
		m, err := bob.next()
		if err != nil {
			t.Fatal(err)
		}
		if offer, ok := m.(*wire.Offer); ok {
			accepted = true
			if err := bob.write(&wire.Accept{Transfer: offer.Transfer, Limit: wire.MaxFileSize}); err != nil {
				t.Fatal(err)
			}
		}
	}
	endsAsSlow(t, w, "bob")
	cancel()
	e := <-ended
	grown := w.process.peak() - before
	t.Logf("the sender was stopped at %.1f of %d MiB; the server took %.1f MiB more at the most",
		float64(e.res.Sent)/(1<<20), size>>20, float64(grown)/(1<<20))
	if e.err == nil || e.res.Sent == 0 || e.res.Sent > 32<<20 { // a window, and the kernels' buffers on both sides
		t.Errorf("the sender has sent %d bytes: %v", e.res.Sent, e.err)
	}
	if grown > memoryBound(1) {
		t.Errorf("G6: the memory grew by %d bytes, more than %d", grown, memoryBound(1))
	}
}
