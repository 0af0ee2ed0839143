package client

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"example.com/rollcall/wire"
)

func TestAcceptThatIsAborted(t *testing.T) {
	offerBubble(t, func(t *testing.T, f *offers) {
		data := content(1000)
		got := f.accept(f.offer(4, data))
		f.accepted(4, 0, DefaultWindow)
		f.p.give(4, 0, data[:500], 500)
		expect[*wire.Credit](f.p)
		f.p.send(&wire.Abort{Transfer: 4, Code: wire.CodeCancelled, By: "bob"})
		r := <-got
		var refused *RequestError
		if !errors.As(r.err, &refused) || refused.Code != wire.CodeCancelled || refused.By != "bob" {
			t.Error(r.err)
		}
		wantDir(t, f.dir, nil) // nobody goes on with that
		f.p.quiet()
		f.close()
	})
}

func TestAcceptThatIsCancelled(t *testing.T) {
	offerBubble(t, func(t *testing.T, f *offers) {
		data := content(1000)
		ctx, cancel := context.WithCancel(t.Context())
		accept := func(o Offer) <-chan result[GetResult] {
			return later(func() (GetResult, error) { return o.Accept(ctx, f.path(), GetOptions{}) })
		}
		got := accept(f.offer(4, data))
		f.accepted(4, 0, DefaultWindow)
		f.p.give(4, 0, data[:500], 500)
		expect[*wire.Credit](f.p)
		cancel()
		f.p.expectAbort(4, wire.CodeCancelled)
		wantErr(t, (<-got).err, context.Canceled)
		if entries, _ := os.ReadDir(f.dir); len(entries) != 1 {
			t.Error("the part is not left")
		}
		// While it waits for the offer to come again.
		ctx, cancel = context.WithCancel(t.Context())
		got = accept(f.offer(5, data))
		f.accepted(5, 500, 500+DefaultWindow)
		f.again()
		synctest.Wait()
		cancel()
		wantErr(t, (<-got).err, context.Canceled)
		if f.offer(6, data).File.Size != 1000 {
			t.Error("the program is not asked again")
		}
		f.close()
	})
}

// An offer can go before it is answered.
func TestOfferThatGoes(t *testing.T) {
	offerBubble(t, func(t *testing.T, f *offers) {
		byOther := f.offer(4, content(10))
		f.p.send(&wire.Abort{Transfer: 4, Code: wire.CodeCancelled, By: "alice"})
		<-byOther.Gone()
		wantErr(t, (<-f.accept(byOther)).err, wire.CodeCancelled)
		wantErr(t, byOther.Decline(""), wire.CodeCancelled)

		broken := f.offer(5, content(10))
		f.again()
		<-broken.Gone()
		wantErr(t, (<-f.accept(broken)).err, ErrDisconnected)
		renewed := f.offer(5, content(10))
		select {
		case <-renewed.Gone():
			t.Error("gone")
		default:
		}
		got := f.accept(renewed)
		f.accepted(5, 0, DefaultWindow)
		f.p.give(5, 0, content(10), 10)
		f.finished(5)
		wantGet(t, <-got, 10, 0)
		f.close()
	})
}

// After an error of the path the offer can be answered again.
func TestAcceptToABadPath(t *testing.T) {
	offerBubble(t, func(t *testing.T, f *offers) {
		o := f.offer(4, content(10))
		if err := os.WriteFile(f.path(), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		wantErr(t, (<-f.accept(o)).err, fs.ErrExist)
		f.p.quiet()
		if !o.Pending() {
			t.Error("the offer is not pending")
		}
		got := later(func() (GetResult, error) {
			return o.Accept(context.Background(), f.path(), GetOptions{Replace: true})
		})
		f.accepted(4, 0, DefaultWindow)
		f.p.give(4, 0, content(10), 10)
		f.finished(4)
		wantGet(t, <-got, 10, 0)
		if o.Pending() {
			t.Error("the offer is pending")
		}
		wantDir(t, f.dir, map[string][]byte{"x": content(10)})
		f.close()
	})
}

// When the word that a file is here was lost, it is said again, and nobody is
// asked to take the file once more. When it was not, the same file is offered
// like any other.
func TestAcceptWhoseDoneWasLost(t *testing.T) {
	for name, lost := range map[string]bool{"lost": true, "heard": false} {
		t.Run(name, func(t *testing.T) {
			offerBubble(t, func(t *testing.T, f *offers) {
				data := content(1000)
				got := f.accept(f.offer(4, data))
				f.accepted(4, 0, DefaultWindow)
				f.p.give(4, 0, data, 300)
				if lost {
					f.p.expectDone(4)
					expect[*wire.Ping](f.p)
				} else {
					f.finished(4)
				}
				wantGet(t, <-got, 1000, 0)
				synctest.Wait()
				f.again()
				f.p.send(&wire.Offer{Transfer: 9, File: relayed(data)})
				if lost {
					f.accepted(9, 1000, 1000)
					f.finished(9)
					f.nothing()
					f.again()
					f.p.send(&wire.Offer{Transfer: 9, File: relayed(data)})
				}
				if o := <-f.came; o.File.Size != 1000 {
					t.Errorf("%+v", o.File)
				}
				f.close()
			})
		})
	}
}

// The sender goes, and comes back, while what has come is still being written.
func TestAcceptThatIsWholeMeanwhile(t *testing.T) {
	for name, err := range map[string]error{"well": nil, "badly": errors.New("broken")} {
		t.Run("and ends "+name, func(t *testing.T) {
			offerBubble(t, func(t *testing.T, f *offers) {
				data := content(1000)
				hold := make(chan bool)
				dst := &memoryTarget{before: func() { <-hold }}
				o := f.offer(4, data)
				got := later(func() (GetResult, error) { return o.AcceptTo(context.Background(), dst, GetOptions{}) })
				f.accepted(4, 0, DefaultWindow)
				f.p.give(4, 0, data, 1000)
				f.p.send(&wire.Abort{Transfer: 4, Code: wire.CodeInterrupted})
				f.p.send(&wire.Offer{Transfer: 5, File: relayed(data)})
				synctest.Wait()
				dst.fail = err
				close(hold)
				if err != nil {
					f.p.expectAbort(4, wire.CodeStorageFailed)
					f.p.expectAbort(5, wire.CodeCancelled)
				} else {
					f.finished(4)
					f.accepted(5, 1000, 1000)
					f.finished(5)
				}
				wantErr(t, (<-got).err, err)
				f.nothing()
				f.p.quiet()
				f.close()
			})
		})
	}
}

// An interrupted relay ends when its sender has given up, and some time after
// nothing was heard.
func TestAcceptThatWaitsInVain(t *testing.T) {
	data := content(1000)
	for name, notice := range map[string]*wire.FileNotice{
		"told":     {Event: wire.FileAborted, File: relayed(data), Code: wire.CodeExpired, By: "bob"},
		"not told": nil,
	} {
		t.Run(name, func(t *testing.T) {
			offerBubble(t, func(t *testing.T, f *offers) {
				got := f.accept(f.offer(4, data))
				f.accepted(4, 0, DefaultWindow)
				f.p.give(4, 0, data[:500], 500)
				expect[*wire.Credit](f.p)
				f.p.send(&wire.Abort{Transfer: 4, Code: wire.CodeInterrupted})
				synctest.Wait()
				stored := described(data)
				f.p.send(&wire.FileNotice{Event: wire.FileAborted, File: stored, Code: wire.CodeExpired}) // another matter
				began, want := time.Now(), wire.CodeInterrupted
				if notice != nil {
					f.p.send(notice)
					want = wire.CodeExpired
				}
				wantErr(t, (<-got).err, want)
				if d := time.Since(began); notice == nil && (d < 10*time.Second || d > 11*time.Second) {
					t.Errorf("waited for %v", d)
				}
				entries, _ := os.ReadDir(f.dir)
				if (len(entries) == 1) != (notice == nil) {
					t.Errorf("left: %v", entries)
				}
				p := f.p
				p.drain()
				_ = f.c.Close()
			})
		})
	}
}

func TestAcceptEndsWithTheClient(t *testing.T) {
	offerBubble(t, func(_ *testing.T, f *offers) {
		waiting := f.accept(f.offer(4, content(1000)))
		f.accepted(4, 0, DefaultWindow)
		f.p.send(&wire.Abort{Transfer: 4, Code: wire.CodeInterrupted})
		synctest.Wait()
		f.p.send(&wire.Bye{Reason: wire.ReasonKicked})
		f.p.cut()
		wantErr(f.t, (<-waiting).err, ErrClosed)
		<-f.c.Done()
	})
}

func TestAcceptEndsWithTheSession(t *testing.T) {
	offerBubble(t, func(t *testing.T, f *offers) {
		running := f.accept(f.offer(4, content(1000)))
		f.accepted(4, 0, DefaultWindow)
		f.p.send(&wire.Offer{Transfer: 5, File: relayed(content(7))})
		waiting := <-f.came
		gone := waiting.AcceptTo
		out := later(func() (int, error) { return 0, f.c.Logout(context.Background()) })
		f.p.send(&wire.OK{Request: expect[*wire.Logout](f.p).Request})
		wantErr(t, (<-out).err, nil)
		wantErr(t, (<-running).err, ErrLoggedOut)
		_, err := gone(t.Context(), &memoryTarget{}, GetOptions{})
		wantErr(t, err, ErrLoggedOut)
		f.close()
	})
}

// Two relays that look the same are two: the second is offered when it is clear
// that it is not the first again, however that ends.
func TestAcceptOneOfTwo(t *testing.T) {
	for name, fail := range map[string]error{"taken": nil, "failed": errors.New("broken")} {
		t.Run(name, func(t *testing.T) {
			offerBubble(t, func(t *testing.T, f *offers) {
				data := content(1000)
				dst := &memoryTarget{fail: fail}
				o := f.offer(4, data)
				first := later(func() (GetResult, error) { return o.AcceptTo(context.Background(), dst, GetOptions{}) })
				f.accepted(4, 0, DefaultWindow)
				f.p.send(&wire.Offer{Transfer: 4, File: relayed(data)}) // a repetition
				f.p.send(&wire.Offer{Transfer: 5, File: relayed(data)})
				f.nothing()
				f.p.give(4, 0, data, 1000)
				if fail == nil {
					f.finished(4)
				} else {
					f.p.expectAbort(4, wire.CodeStorageFailed)
				}
				wantErr(t, (<-first).err, fail)
				second := <-f.came
				got := f.accept(second)
				f.accepted(5, 0, DefaultWindow)
				f.p.give(5, 0, data, 1000)
				f.finished(5)
				wantGet(t, <-got, 1000, 0)
				f.nothing()
				f.close()
			})
		})
	}
}

// The word of an interruption may be behind the offer that follows from it.
func TestOfferBeforeTheInterruption(t *testing.T) {
	for name, number := range map[string]uint64{"another number": 5, "the same number": 4} {
		t.Run(name, func(t *testing.T) {
			offerBubble(t, func(t *testing.T, f *offers) {
				data := content(1000)
				got := f.accept(f.offer(4, data))
				f.accepted(4, 0, DefaultWindow)
				f.p.give(4, 0, data[:300], 300)
				expect[*wire.Credit](f.p)
				f.p.send(&wire.Offer{Transfer: number, File: relayed(data)})
				f.p.send(&wire.Abort{Transfer: 4, Code: wire.CodeInterrupted})
				f.accepted(number, 300, 300+DefaultWindow)
				f.p.give(number, 300, data[300:], 700)
				f.finished(number)
				wantGet(t, <-got, 1000, 0)
				f.nothing()
				f.close()
			})
		})
	}
}

// An offer that waits for a call can be taken back as well.
func TestAwaitedOfferThatGoes(t *testing.T) {
	offerBubble(t, func(t *testing.T, f *offers) {
		data := content(1000)
		got := f.accept(f.offer(4, data))
		f.accepted(4, 0, DefaultWindow)
		f.p.send(&wire.Offer{Transfer: 5, File: relayed(data)}, &wire.Abort{Transfer: 5, Code: wire.CodeExpired})
		f.p.send(&wire.Abort{Transfer: 4, Code: wire.CodeInterrupted})
		wantErr(t, (<-got).err, wire.CodeExpired)
		f.close()
	})
}

// What is offered past the bound waits for nobody.
func TestTooManyOffers(t *testing.T) {
	offerBubble(t, func(t *testing.T, f *offers) {
		for i := range uint64(maxOffers + 10) {
			f.p.send(&wire.Offer{Transfer: i + 1, File: relayed(content(10))})
			f.p.send(&wire.Offer{Transfer: i + 1, File: relayed(content(10))}) // repeated
			synctest.Wait()
		}
		if n := len(f.came); n != maxOffers || f.c.Dropped() != 2*10 {
			t.Errorf("%d offers came, %d were dropped", n, f.c.Dropped())
		}
		wantErr(t, (<-f.came).Decline(""), nil)
		f.p.expectAbort(1, wire.CodeDeclined)
		for range maxOffers - 1 {
			<-f.came
		}
		if o := f.offer(1000, content(10)); o.File.Size != 10 {
			t.Errorf("%+v", o)
		}
		f.close()
	})
}

// Without a function for offers they are left to other sessions.
func TestNoOnOffer(t *testing.T) {
	bubble(t, func(_ *testing.T, s *script) {
		c, p := s.connect(s.fileOptions())
		for i := range uint64(maxOffers + 1) {
			p.send(&wire.Offer{Transfer: i + 1, File: relayed(content(10))})
		}
		p.quiet()
		closeBoth(c, p)
	})
}
