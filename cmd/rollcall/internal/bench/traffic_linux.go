package bench

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"example.com/rollcall/wire"
)

// Pairs measures messages from user to user: Count pairs, with one message in
// flight each, then with 64 and in batches of 16.
func Pairs(ctx context.Context, s *Setup, t *target) ([]Value, error) {
	c, err := s.crowd(ctx, t, s.Idle, 0)
	if err != nil {
		return nil, err
	}
	defer c.kill()
	v, err := newVisitors(t.addr)
	if err != nil {
		return nil, err
	}
	defer v.loop.close()
	all, err := v.enter(ctx, 2*s.Count, func(i int) visit { return visit{user: "pair-" + strconv.Itoa(i)} })
	if err != nil {
		return nil, err
	}
	var values []Value
	for _, window := range []struct{ flying, batch int }{{1, 1}, {64, 16}} {
		got, err := s.pairs(ctx, t, v, all, window.flying, window.batch)
		if err != nil {
			return nil, err
		}
		values = append(values, got...)
	}
	return values, nil
}

func (s *Setup) pairs(ctx context.Context, t *target, v *visitors, all []*conn, flying, batch int) ([]Value, error) {
	batches := make([][]byte, len(all)) // of whom sends, by whom receives
	for i := 0; i+1 < len(all); i += 2 {
		one := must(&wire.Send{ID: 5, To: all[i+1].user, Body: make([]byte, s.Bytes), NoAck: true})
		for range batch {
			batches[i+1] = append(batches[i+1], one...)
		}
	}
	count, got := 0, make([]int, len(all))
	open := true
	v.frame = func(c *conn, tp wire.Type, _ []byte) {
		if tp != wire.TypeDeliver {
			return
		}
		count++
		if got[c.id]++; got[c.id]%batch == 0 && open {
			v.loop.send(all[c.id-1], batches[c.id])
		}
	}
	m := t.meter()
	for i := 1; i < len(all); i += 2 {
		for range flying / batch {
			v.loop.send(all[i-1], batches[i])
		}
	}
	for end := time.Now().Add(s.Duration); time.Now().Before(end); {
		if err := v.loop.step(50 * time.Millisecond); err != nil {
			return nil, err
		}
		if v.lost > 0 {
			return nil, errLost
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	took, server, load := m.read()
	n := count
	open = false
	want := func() bool { // what is in flight arrives: nothing is lost
		for i := 1; i < len(all); i += 2 {
			if got[i]%batch != 0 {
				return false
			}
		}
		return true
	}
	if err := v.until(ctx, want); err != nil {
		return nil, err
	}
	for end := time.Now().Add(100 * time.Millisecond); time.Now().Before(end); {
		if err := v.loop.step(time.Until(end)); err != nil {
			return nil, err
		}
	}
	name := fmt.Sprintf("%d in flight, batches of %d", flying, batch)
	if flying == 1 {
		name = "one in flight"
	}
	return []Value{
		{"messages, " + name, "/s", float64(n) / took.Seconds()},
		{"server's CPU, " + name, "% of a core", server},
		{"load's CPU, " + name, "% of a core", load},
	}, nil
}

// Heartbeat measures what the pings of Idle clients cost the server, and how
// late silent clients are noticed.
func Heartbeat(ctx context.Context, s *Setup, t *target) ([]Value, error) {
	c, err := s.crowd(ctx, t, s.Idle, s.Interval)
	if err != nil {
		return nil, err
	}
	defer c.kill()
	if err := sleep(ctx, 500*time.Millisecond); err != nil {
		return nil, err
	}
	m := t.meter()
	if err := sleep(ctx, s.Duration); err != nil {
		return nil, err
	}
	_, server, load := m.read()
	values := []Value{
		{fmt.Sprintf("server's CPU, %.0f heartbeats a second", float64(s.Idle)/s.Interval.Seconds()), "% of a core", server},
		{"load's CPU", "% of a core", load},
	}
	if t.name == FloorGo || t.name == Epoll {
		return values, nil // they know no silence
	}
	late, err := s.silent(ctx, t)
	if err != nil {
		return nil, err
	}
	return append(values,
		Value{"silence noticed after its deadline, earliest", "ms", quantile(late, 0)},
		Value{"silence noticed after its deadline, p50", "ms", median(late)},
		Value{"silence noticed after its deadline, p99", "ms", quantile(late, 0.99)}), nil
}

// silence is the shortest timeout that a server grants by default.
const silence = 2 * time.Second

// silent lets Count clients fall silent after their login, and returns how long
// after their timeout each notice came, in milliseconds.
func (s *Setup) silent(ctx context.Context, t *target) ([]float64, error) {
	v, err := newVisitors(t.addr)
	if err != nil {
		return nil, err
	}
	defer v.loop.close()
	watcher, err := v.enter(ctx, 1, func(int) visit { return visit{user: "watcher"} })
	if err != nil {
		return nil, err
	}
	if err := v.watch(ctx, watcher); err != nil {
		return nil, err
	}
	quiet, err := newVisitors(t.addr)
	if err != nil {
		return nil, err
	}
	defer quiet.loop.close()
	begun := make(map[string]time.Time, s.Count)
	late := make([]float64, 0, s.Count)
	v.frame = func(_ *conn, tp wire.Type, body []byte) {
		if tp != wire.TypeDelta {
			return
		}
		m, err := wire.Decode(tp, body)
		if err != nil {
			return
		}
		d, ok := m.(*wire.Delta)
		if !ok {
			return
		}
		for _, change := range d.Changes {
			if at, ours := begun[change.User]; ours && !change.Online {
				late = append(late, float64(time.Since(at)-silence)/float64(time.Millisecond))
			}
		}
	}
	for i := range s.Count {
		c, err := quiet.loop.dial(quiet.to)
		if err != nil {
			return nil, err
		}
		ask := visit{user: "silent-" + strconv.Itoa(i), interval: silence / 2, timeout: silence}
		begun[ask.user] = time.Now() // its last byte
		quiet.loop.send(c, ask.greeting())
		quiet.loop.flush()
		if err := v.loop.step(5 * time.Millisecond); err != nil {
			return nil, err
		}
	}
	return late, v.until(ctx, func() bool { return len(late) == s.Count })
}
