package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

func drawPlan(t *rapid.T) (data []byte, p simPlan) {
	data = content(rapid.OneOf(rapid.Just(0), rapid.IntRange(1, 5_000), rapid.IntRange(1, 200_000)).Draw(t, "size"))
	p.chunk = rapid.IntRange(max(1, len(data)/500), 60_000).Draw(t, "chunk")
	p.window = rapid.IntRange(max(1, len(data)/200), 150_000).Draw(t, "window")
	p.budgets = rapid.SliceOfN(rapid.IntRange(0, len(data)+1_500), 0, 6).Draw(t, "breaks after")
	p.slow = time.Duration(rapid.SampledFrom([]int{0, 0, 1, 30, 300}).Draw(t, "slow")) * time.Millisecond
	p.keep = rapid.SliceOfN(rapid.IntRange(0, 100), 0, 6).Draw(t, "keeps")
	return data, p
}

// simulated runs f in a world with a server of that plan. f returns what is
// wrong. Everything is drawn before: nothing of rapid may run in there.
func simulated(t *testing.T, rt *rapid.T, data []byte, plan simPlan, f func(ctx context.Context, s *simServer) error) {
	var err error
	synctest.Test(t, func(t *testing.T) {
		s := &simServer{plan: plan, file: data, conns: make(map[*simConn]bool)}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		err = f(ctx, s)
		synctest.Wait()
		if s.fault != "" {
			err = fmt.Errorf("%s (%v)", s.fault, err)
		}
	})
	if err != nil {
		rt.Fatal(err)
	}
}

func (s *simServer) client(ctx context.Context, user string, offers func(Offer)) (*Client, error) {
	return Dial(ctx, "", Options{
		User: user, DialContext: s.dial, RetryDial: true, Window: minWindow,
		Backoff: Backoff{Min: 10 * time.Millisecond, Max: time.Second}, OnOffer: offers,
	})
}

// guards G5: whatever breaks, a put ends with the whole file in the store, and
// sends no more than the file and what was lost.
func TestPutOverBreaks(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		data, plan := drawPlan(rt)
		simulated(t, rt, data, plan, func(ctx context.Context, s *simServer) error {
			c, err := s.client(ctx, "alice", nil)
			if err != nil {
				return err
			}
			defer func() { _ = c.Close() }()
			got, err := c.Put(ctx, bytes.NewReader(data), int64(len(data)), PutOptions{Name: "a", To: []string{"bob"}})
			if err != nil {
				return err
			}
			synctest.Wait()
			s.mu.Lock()
			defer s.mu.Unlock()
			inFlight := s.unread + int64(s.cuts)*int64(plan.chunk)
			switch size := int64(len(data)); {
			case !s.whole || !bytes.Equal(s.stored, data):
				return fmt.Errorf("%d of %d bytes are stored", len(s.stored), size)
			case !bytes.Equal(got.File, testFileID):
				return fmt.Errorf("its ID is %v", got.File)
			case got.Sent < size || got.Sent > size+s.lost+inFlight:
				return fmt.Errorf("sent %d of %d, %d were lost", got.Sent, size, s.lost)
			case got.Sent < s.wired || got.Sent > s.wired+inFlight:
				return fmt.Errorf("says that it sent %d, %d came", got.Sent, s.wired)
			}
			return nil
		})
	})
}

func TestGetOverBreaks(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		data, plan := drawPlan(rt)
		held := rapid.IntRange(0, len(data)).Draw(rt, "held")
		simulated(t, rt, data, plan, func(ctx context.Context, s *simServer) error {
			c, err := s.client(ctx, "alice", nil)
			if err != nil {
				return err
			}
			defer func() { _ = c.Close() }()
			dst := &memoryTarget{b: bytes.Clone(data[:held]), before: plan.wait}
			got, err := c.Get(ctx, testFileID, dst, GetOptions{Offset: int64(held)})
			switch {
			case err != nil:
				return err
			case !bytes.Equal(dst.b, data) || dst.synced != 1:
				return fmt.Errorf("%d of %d bytes are here", len(dst.b), len(data))
			case got.Received != int64(len(data)-held) || got.Resumed != int64(held):
				return fmt.Errorf("%+v", got)
			}
			return nil
		})
	})
}

// recipient takes what it is offered, one file at a time.
type recipient struct {
	mu   sync.Mutex
	busy bool
	got  [][]byte
	err  error
}

func (r *recipient) take(ctx context.Context, o Offer, wait func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.busy {
		r.err = errors.New("asked again before the file was whole")
		return
	}
	r.busy = true
	go func() {
		dst := &memoryTarget{before: wait}
		_, err := o.AcceptTo(ctx, dst, GetOptions{})
		r.mu.Lock()
		defer r.mu.Unlock()
		r.busy, r.got = false, append(r.got, dst.b)
		if err != nil && !errors.Is(err, ErrDisconnected) { // it was cut before the call
			r.err = err
		} else if err != nil {
			r.got = r.got[:len(r.got)-1]
		}
	}()
}

// A relay comes through though both sides break, and its recipient is not asked
// before it has all. Afterwards it can be asked again: when the server's word
// to the sender is lost, nobody can know.
func TestRelayOverBreaks(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		data, plan := drawPlan(rt)
		simulated(t, rt, data, plan, func(ctx context.Context, s *simServer) error {
			r := &recipient{}
			bob, err := s.client(ctx, "bob", func(o Offer) { r.take(ctx, o, plan.wait) })
			if err != nil {
				return err
			}
			defer func() { _ = bob.Close() }()
			alice, err := s.client(ctx, "alice", nil)
			if err != nil {
				return err
			}
			defer func() { _ = alice.Close() }()
			got, err := alice.Put(ctx, bytes.NewReader(data), int64(len(data)), PutOptions{Name: "a", To: []string{"bob"}, Relay: true})
			synctest.Wait()
			r.mu.Lock()
			defer r.mu.Unlock()
			switch {
			case err != nil || r.err != nil:
				return fmt.Errorf("sender: %w, recipient: %w", err, r.err)
			case len(r.got) == 0 || r.busy || got.Sent < int64(len(data)):
				return fmt.Errorf("%d files, %+v", len(r.got), got)
			}
			for _, b := range r.got {
				if !bytes.Equal(b, data) {
					return fmt.Errorf("%d of %d bytes came", len(b), len(data))
				}
			}
			return nil
		})
	})
}
