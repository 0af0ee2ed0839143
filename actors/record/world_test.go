package record

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"example.com/rollcall/actors/disk"
	"example.com/rollcall/wire"
)

// fataler is a test or a try of a property.
type fataler interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
}

func ok(t fataler, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// must fails the test on an error.
func must[T any](t fataler) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// clock is a clock that the test sets.
type clock struct{ ms int64 }

func (c *clock) now() time.Time { return time.UnixMilli(c.ms) }

// night is when the tests happen.
const night = 1_770_000_000_000

func user(n int) string { return fmt.Sprintf("user-%04d", n) }

// online gives users who came online at a time.
func online(at int64, numbers ...int) []RollUser {
	var users []RollUser
	for _, n := range numbers {
		users = append(users, RollUser{User: user(n), Sessions: 1 + n%2, Since: at, Version: uint64(n)})
	}
	return users
}

// namesOf gives the names of users, with when they were lost.
func namesOf(users []RollUser) string {
	var b strings.Builder
	for _, u := range users {
		fmt.Fprintf(&b, "%s@%d ", u.User, u.Lost)
	}
	return b.String()
}

// same compares what is left, but for what is damaged.
func same(a, b Left) bool {
	return a.Epoch == b.Epoch && a.Alive == b.Alive && a.Clean == b.Clean && namesOf(a.Users) == namesOf(b.Users) &&
		(len(a.Users) == 0 || reflect.DeepEqual(a.Users, b.Users))
}

// openRoll opens a roll and closes it when the test ends.
func openRoll(t testing.TB, d disk.FS) Roll {
	t.Helper()
	r := must[Roll](t)(OpenRoll(d, RollOptions{}))
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// left opens the roll, and closes it again.
func left(t fataler, d disk.FS) Left {
	t.Helper()
	r := must[Roll](t)(OpenRoll(d, RollOptions{}))
	defer r.Close()
	return r.Left()
}

// departure is one of user n, at a time.
func departure(at int64, n int) *Departure {
	return &Departure{
		At: at, Epoch: 7, Connection: uint64(1000 + n), Identifier: fmt.Sprintf("id-%04d", n), Remote: fmt.Sprintf("10.0.%d.%d:5000", n/250, n%250),
		Local: "192.0.2.1:7000", User: user(n), Reason: wire.ReasonHeartbeatTimeout, First: SideServer, Handshaken: true,
		Accepted: at - 60_000, LastIn: at - 10_000, LastOut: at - 5000, Interval: 4000, Timeout: 10_000,
		PingsSent: 12, PingsAnswered: 10, PingsMissed: 2, RTTs: []int64{900, 1100, 1000, 950, 1200, 800, 1000, 1010},
		BytesIn: 4000, BytesOut: 9000, FramesIn: 40, FramesOut: 90,
	}
}

// records collects what matches, and the errors.
func records(j Journal, q Query) (all []Record, errs []error) {
	for r, err := range j.Records(q) {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		all = append(all, r)
	}
	return all, errs
}

// filesOf gives the content of every file below a directory of a disk.
func filesOf(t fataler, d disk.FS, dir string) map[string]string {
	t.Helper()
	all := make(map[string]string)
	for _, e := range must[[]disk.Entry](t)(d.List(dir)) {
		name := dir + "/" + e.Name
		if e.Dir {
			for n, c := range filesOf(t, d, name) {
				all[n] = c
			}
			continue
		}
		all[name] = string(must[[]byte](t)(disk.ReadFile(d, name, 1<<30)))
	}
	return all
}

// spoil puts a content in place of a file's.
func spoil(t fataler, d disk.FS, name string, content []byte) {
	t.Helper()
	ok(t, d.Remove(name))
	h := must[disk.File](t)(d.Create(name))
	ok(t, disk.WriteAll(h, content, 0))
	ok(t, h.Sync())
	ok(t, h.Close())
}
