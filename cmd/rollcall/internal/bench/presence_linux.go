package bench

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"example.com/rollcall/wire"
)

// Conns measures what connections cost: memory of the server for each of Idle
// logged-in users that do nothing, and how many come in a second.
func Conns(ctx context.Context, s *Setup, t *target) ([]Value, error) {
	var before float64
	var err error
	if t.pid != 0 {
		if before, err = resident(t.pid); err != nil {
			return nil, err
		}
	}
	m := t.meter()
	c, err := s.crowd(ctx, t, s.Idle, 0)
	if err != nil {
		return nil, err
	}
	defer c.kill()
	_, server, load := m.read()
	values := []Value{
		{"connects and logins", "/s", float64(s.Idle) / c.took.Seconds()},
		{"server's CPU meanwhile", "% of a core", server},
		{"load's CPU meanwhile", "% of a core", load},
	}
	if t.pid == 0 {
		return values, nil
	}
	rss := func() (float64, error) {
		now, err := resident(t.pid)
		return (now - before) / float64(s.Idle), err
	}
	first, err := rss()
	if err != nil {
		return nil, err
	}
	m = t.meter()
	if err := sleep(ctx, s.Duration); err != nil {
		return nil, err
	}
	_, server, _ = m.read()
	later, err := rss()
	if err != nil {
		return nil, err
	}
	return append(values,
		Value{"resident memory each, at once", "B", first},
		Value{"resident memory each, after " + s.Duration.String(), "B", later},
		Value{"server's CPU while they are idle", "% of a core", server}), nil
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Notice measures the time from the close of a client's socket until the last of
// the watchers has read that its user is offline, for one watcher and for Watchers.
func Notice(ctx context.Context, s *Setup, t *target) ([]Value, error) {
	c, err := s.crowd(ctx, t, s.Idle, 0)
	if err != nil {
		return nil, err
	}
	defer c.kill()
	var values []Value
	for _, watchers := range []int{1, s.Watchers} {
		got, err := s.notice(ctx, t, watchers)
		if err != nil {
			return nil, err
		}
		values = append(values, got...)
	}
	return values, nil
}

func (s *Setup) notice(ctx context.Context, t *target, watchers int) ([]Value, error) {
	v, err := newVisitors(t.addr)
	if err != nil {
		return nil, err
	}
	defer v.loop.close()
	leavers, err := v.enter(ctx, s.Count, func(i int) visit { return visit{user: "leaver-" + strconv.Itoa(i)} })
	if err != nil {
		return nil, err
	}
	all, err := v.enter(ctx, watchers, func(i int) visit { return visit{user: "watcher-" + strconv.Itoa(i)} })
	if err != nil {
		return nil, err
	}
	if err := v.watch(ctx, all); err != nil {
		return nil, err
	}
	version, err := v.latest(ctx, all)
	if err != nil {
		return nil, err
	}
	told := 0
	v.told = func(_ *conn, to uint64) {
		if to == version {
			told++
		}
	}
	m := t.meter()
	times := make([]float64, 0, len(leavers))
	for _, l := range leavers {
		version++
		told = 0
		begun := time.Now()
		delete(v.loop.conns, l.fd)
		if err := unix.Close(l.fd); err != nil {
			return nil, err
		}
		if err := v.until(ctx, func() bool { return told == watchers }); err != nil {
			return nil, fmt.Errorf("%d of %d watchers were told of version %d: %w", told, watchers, version, err)
		}
		times = append(times, float64(time.Since(begun))/float64(time.Microsecond))
		for end := time.Now().Add(s.Pace); time.Now().Before(end); {
			if err := v.loop.step(time.Until(end)); err != nil {
				return nil, err
			}
		}
	}
	_, server, load := m.read()
	who := "a watcher"
	if watchers > 1 {
		who = fmt.Sprintf("the last of %d watchers", watchers)
	}
	return []Value{
		{"close to notice at " + who + ", p50", "µs", median(times)},
		{"close to notice at " + who + ", p99", "µs", quantile(times, 0.99)},
		{"server's CPU, " + who, "% of a core", server},
		{"load's CPU, " + who, "% of a core", load},
	}, nil
}

// Storm measures how long it takes until the watchers are told of Idle users
// whose process is killed.
func Storm(ctx context.Context, s *Setup, t *target) ([]Value, error) {
	v, err := newVisitors(t.addr)
	if err != nil {
		return nil, err
	}
	defer v.loop.close()
	c, err := s.crowd(ctx, t, s.Idle, 0)
	if err != nil {
		return nil, err
	}
	defer c.kill()
	all, err := v.enter(ctx, s.Watchers, func(i int) visit { return visit{user: "watcher-" + strconv.Itoa(i)} })
	if err != nil {
		return nil, err
	}
	if err := v.watch(ctx, all); err != nil {
		return nil, err
	}
	version, err := v.latest(ctx, all)
	if err != nil {
		return nil, err
	}
	last, told := version+uint64(s.Idle), 0 //nolint:gosec // positive
	first := time.Duration(0)
	var begun time.Time
	v.told = func(_ *conn, to uint64) {
		if first == 0 {
			first = time.Since(begun)
		}
		if to == last {
			told++
		}
	}
	m := t.meter()
	begun = time.Now()
	for _, p := range c.of {
		_ = p.cmd.Process.Kill()
	}
	if err := v.until(ctx, func() bool { return told == len(all) }); err != nil {
		return nil, fmt.Errorf("%d watchers were told of all: %w", told, err)
	}
	took, server, _ := m.read()
	return []Value{
		{"kill to the last notice", "ms", took.Seconds() * 1000},
		{"kill to the first notice", "ms", first.Seconds() * 1000},
		{"server's CPU", "ms", server * took.Seconds() * 10},
	}, nil
}

// FanOut measures how many notices of single changes reach Watchers watchers in
// a second: one change at a time, and sixteen in flight.
func FanOut(ctx context.Context, s *Setup, t *target) ([]Value, error) {
	v, err := newVisitors(t.addr)
	if err != nil {
		return nil, err
	}
	defer v.loop.close()
	all, err := v.enter(ctx, s.Watchers, func(i int) visit { return visit{user: "watcher-" + strconv.Itoa(i)} })
	if err != nil {
		return nil, err
	}
	if err := v.watch(ctx, all); err != nil {
		return nil, err
	}
	var values []Value
	for _, window := range []int{1, 16} {
		got, err := s.fanOut(ctx, t, v, all, window)
		if err != nil {
			return nil, err
		}
		values = append(values, got...)
	}
	return values, nil
}

func (s *Setup) fanOut(ctx context.Context, t *target, v *visitors, watchers []*conn, window int) ([]Value, error) {
	v.told = func(*conn, uint64) {}
	subjects, err := v.enter(ctx, window, func(i int) visit {
		return visit{user: fmt.Sprintf("subject-%d-%d", window, i)}
	})
	if err != nil {
		return nil, err
	}
	base, err := v.latest(ctx, watchers)
	if err != nil {
		return nil, err
	}
	logout := must(&wire.Logout{Request: 3})
	var told []int // watchers by version, from base+1 on
	done, flying := 0, 0
	seen := make(map[*conn]uint64, len(watchers))
	for _, w := range watchers {
		seen[w] = base
	}
	ready := append([]*conn(nil), subjects...)
	v.frame = func(c *conn, tp wire.Type, _ []byte) {
		if (tp == wire.TypeLoginOK || tp == wire.TypeOK) && !c.watches {
			c.logged = tp == wire.TypeLoginOK
			ready = append(ready, c)
		}
	}
	v.told = func(c *conn, to uint64) {
		from := seen[c]
		for ; from < to; from++ {
			k := int(from - base) //nolint:gosec // from >= base
			for len(told) <= k {
				told = append(told, 0)
			}
			if told[k]++; told[k] == len(watchers) {
				done++
				flying--
			}
		}
		seen[c] = from
	}
	m := t.meter()
	for end := time.Now().Add(s.Duration); time.Now().Before(end); {
		for ; flying < window && len(ready) > 0; flying++ {
			c := ready[0]
			ready = ready[1:]
			if c.logged {
				v.loop.send(c, logout)
			} else {
				v.loop.send(c, must(&wire.Login{Request: 4, User: c.user}))
			}
		}
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
	if err := v.until(ctx, func() bool { return flying == 0 }); err != nil {
		return nil, err
	}
	v.frame = func(*conn, wire.Type, []byte) {}
	name := "one at a time"
	if window > 1 {
		name = fmt.Sprintf("%d in flight", window)
	}
	return []Value{
		{"notices, " + name, "/s", float64(done) * float64(len(watchers)) / took.Seconds()},
		{"server's CPU, " + name, "% of a core", server},
		{"load's CPU, " + name, "% of a core", load},
	}, nil
}
