package client

import (
	"bytes"
	"context"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"example.com/rollcall/wire"
)

// offers is a client that collects what it is offered, and the server's side.
type offers struct {
	*script
	c    *Client
	p    *peer
	came chan Offer
	dir  string
}

func withOffers(t *testing.T, s *script, dir string) *offers {
	t.Helper()
	f := &offers{script: s, came: make(chan Offer, 1000), dir: dir}
	o := s.fileOptions()
	o.ResumeWait = 10 * time.Second
	o.OnOffer = func(offer Offer) { f.came <- offer }
	f.c, f.p = s.connect(o)
	return f
}

// relayed describes a file that is not stored.
func relayed(b []byte) wire.File {
	f := described(b)
	f.ID, f.Stored, f.Everyone, f.To = nil, 0, false, []string{"alice"}
	return f
}

// offer offers b, and returns what the client makes of it.
func (f *offers) offer(number uint64, b []byte) Offer {
	f.t.Helper()
	f.p.send(&wire.Offer{Transfer: number, File: relayed(b)})
	return <-f.came
}

func (f *offers) path() string { return filepath.Join(f.dir, "x") }

// accept begins to accept an offer.
func (f *offers) accept(o Offer) <-chan result[GetResult] {
	return later(func() (GetResult, error) { return o.Accept(context.Background(), f.path(), GetOptions{}) })
}

// accepted wants an accept.
func (f *offers) accepted(number, offset, limit uint64) {
	f.t.Helper()
	if m := expect[*wire.Accept](f.p); m.Transfer != number || m.Offset != offset || m.Limit != limit {
		f.t.Fatalf("%+v, want %d at %d up to %d", m, number, offset, limit)
	}
}

// finished wants done and the ping behind it, and answers that.
func (f *offers) finished(number uint64) {
	f.t.Helper()
	f.p.expectDone(number)
	f.p.send(&wire.Pong{Echo: expect[*wire.Ping](f.p).Time})
}

// again makes the client come back on another connection.
func (f *offers) again() {
	f.t.Helper()
	f.p.cut()
	f.p = f.reconnected()
}

// nothing wants that no offer has come to the program.
func (f *offers) nothing() {
	f.t.Helper()
	synctest.Wait()
	if len(f.came) > 0 {
		f.t.Errorf("offered: %+v", <-f.came)
	}
}

func (f *offers) close() { closeBoth(f.c, f.p) }

func offerBubble(t *testing.T, run func(t *testing.T, f *offers)) {
	t.Helper()
	dir := t.TempDir()
	bubble(t, func(t *testing.T, s *script) { run(t, withOffers(t, s, dir)) })
}

// guards N26: a relay lands where the recipient says, whole.
func TestAccept(t *testing.T) {
	for _, size := range []int{0, 1000} {
		offerBubble(t, func(t *testing.T, f *offers) {
			data := content(size)
			o := f.offer(4, data)
			if o.File.Owner != "bob" || o.File.Name != "../a" || o.File.Size != uint64(size) {
				t.Errorf("%+v", o.File)
			}
			got := f.accept(o)
			f.accepted(4, 0, DefaultWindow)
			f.p.give(4, 0, data, 300)
			f.finished(4)
			wantGet(t, <-got, int64(size), 0)
			wantDir(t, f.dir, map[string][]byte{"x": data})
			if _, err := o.Accept(t.Context(), f.path(), GetOptions{}); err != errAnswered { //nolint:errorlint // the bare one
				t.Error(err)
			}
			f.p.quiet()
			f.close()
		})
	}
}

func TestAcceptTo(t *testing.T) {
	offerBubble(t, func(t *testing.T, f *offers) {
		dst := &memoryTarget{b: content(1000)[:400]}
		o := f.offer(4, content(1000))
		if _, err := o.AcceptTo(t.Context(), dst, GetOptions{Offset: 1001}); err == nil {
			t.Error("an offset past the end is accepted")
		}
		got := later(func() (GetResult, error) {
			return o.AcceptTo(context.Background(), dst, GetOptions{Offset: 400})
		})
		f.accepted(4, 400, 400+DefaultWindow)
		f.p.give(4, 400, content(1000)[400:], 300)
		f.finished(4)
		wantGet(t, <-got, 600, 400)
		if !bytes.Equal(dst.b, content(1000)) {
			t.Error("another content came")
		}
		f.close()
	})
}

func TestDecline(t *testing.T) {
	offerBubble(t, func(t *testing.T, f *offers) {
		o := f.offer(4, content(10))
		if err := o.Decline("no,\nthanks"); err != nil {
			t.Error(err)
		}
		if m := expect[*wire.Abort](f.p); m.Transfer != 4 || m.Code != wire.CodeDeclined || m.Text != "no, thanks" {
			t.Errorf("%+v", m)
		}
		wantErr(t, o.Decline(""), errAnswered)
		f.p.send(&wire.Offer{Transfer: 5, File: relayed(content(10))})
		wantErr(t, (<-f.came).Decline(""), nil)
		f.p.expectAbort(5, wire.CodeDeclined)
		f.close()
	})
}

// guards G5: wherever and however it breaks, the file is offered again and the
// call goes on, without the program.
func TestAcceptResumes(t *testing.T) {
	data := content(1000)
	for _, x := range []struct {
		name string
		cut  func(f *offers)
		held int
	}{
		{"before the first chunk", func(f *offers) { f.again() }, 0},
		{"in the middle", func(f *offers) { f.p.give(4, 0, data[:500], 100); f.again() }, 500},
		{"by the sender", func(f *offers) {
			f.p.give(4, 0, data[:500], 500)
			expect[*wire.Credit](f.p)
			f.p.send(&wire.Abort{Transfer: 4, Code: wire.CodeInterrupted})
		}, 500},
		{"twice", func(f *offers) {
			f.p.give(4, 0, data[:300], 100)
			f.again()
			f.p.send(&wire.Offer{Transfer: 4, File: relayed(data)})
			f.accepted(4, 300, 300+DefaultWindow)
			f.p.give(4, 300, data[300:600], 100)
			f.again()
		}, 600},
		{"before the call", func(f *offers) {
			f.p.give(4, 0, data[:300], 100)
			f.again()
			f.p.send(&wire.Offer{Transfer: 5, File: relayed(data)})
			f.again()
		}, 300},
	} {
		t.Run(x.name, func(t *testing.T) {
			offerBubble(t, func(t *testing.T, f *offers) {
				got := f.accept(f.offer(4, data))
				f.accepted(4, 0, DefaultWindow)
				x.cut(f)
				synctest.Wait()
				other := f.offer(6, content(1000)[1:]) // another file is none of its
				f.p.send(&wire.Offer{Transfer: 7, File: relayed(data)})
				held := uint64(x.held) //nolint:gosec // small
				f.accepted(7, held, held+DefaultWindow)
				f.p.send(&wire.Offer{Transfer: 7, File: relayed(data)}) // repeated for another session
				f.p.give(7, x.held, data[x.held:], 100)
				f.finished(7)
				if r := <-got; r.err != nil || r.v.Resumed != 0 || r.v.Received < 1000 {
					t.Errorf("%+v, %v", r.v, r.err)
				}
				f.nothing()
				wantDir(t, f.dir, map[string][]byte{"x": data})
				wantErr(t, other.Decline(""), nil)
				f.p.expectAbort(6, wire.CodeDeclined)
				f.close()
			})
		})
	}
}

// A server may number by the file, so that it is offered under the same number.
func TestAcceptResumesUnderItsNumber(t *testing.T) {
	offerBubble(t, func(t *testing.T, f *offers) {
		data := content(1000)
		got := f.accept(f.offer(4, data))
		f.accepted(4, 0, DefaultWindow)
		for offset := 0; offset < 1000; offset += 500 {
			f.p.give(4, offset, data[offset:offset+400], 400)
			expect[*wire.Credit](f.p)
			f.p.send(&wire.Abort{Transfer: 4, Code: wire.CodeInterrupted}, &wire.Offer{Transfer: 4, File: relayed(data)})
			f.accepted(4, uint64(offset+400), uint64(offset+400+DefaultWindow)) //nolint:gosec // small
			f.p.give(4, offset+400, data[offset+400:offset+500], 100)
			if offset == 0 {
				expect[*wire.Credit](f.p)
			}
		}
		f.finished(4)
		wantGet(t, <-got, 1000, 0)
		f.nothing()
		f.close()
	})
}

// The part that an earlier call has left is gone on with, when the same file is
// sent again.
func TestAcceptOfAnotherLife(t *testing.T) {
	data := content(1000)
	sum := hashOf(data)
	for held, offset := range map[int]int{600: 600, 1000: 1000, 1001: 0} {
		offerBubble(t, func(t *testing.T, f *offers) {
			part := filepath.Join(f.dir, partName("x", hex.EncodeToString(sum[:8])))
			if err := os.WriteFile(part, append(bytes.Clone(data), 1)[:held], 0o600); err != nil {
				t.Fatal(err)
			}
			got := f.accept(f.offer(4, data))
			f.accepted(4, uint64(offset), uint64(offset+DefaultWindow)) //nolint:gosec // small
			f.p.give(4, offset, data[offset:], 1000)
			f.finished(4)
			wantGet(t, <-got, int64(1000-offset), int64(offset))
			wantDir(t, f.dir, map[string][]byte{"x": data})
			f.close()
		})
	}
}

// A server that goes on with a relay by itself may send once more what its
// latest credit did not tell it.
func TestRelayThatOverlaps(t *testing.T) {
	offerBubble(t, func(t *testing.T, f *offers) {
		data := content(1000)
		got := f.accept(f.offer(4, data))
		f.accepted(4, 0, DefaultWindow)
		f.p.give(4, 0, data[:500], 500)
		f.p.give(4, 200, data[200:900], 100)
		f.p.give(4, 0, data, 1000)
		f.finished(4)
		wantGet(t, <-got, 1000, 0)
		wantDir(t, f.dir, map[string][]byte{"x": data})
		f.close()
	})
}
