package client

import (
	"context"
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"testing/synctest"

	"example.com/rollcall/wire"
)

func frames(f *testing.F, messages ...wire.Message) []byte {
	f.Helper()
	var all []byte
	for _, m := range messages {
		var err error
		if all, err = wire.Append(all, m); err != nil {
			f.Fatal(err)
		}
	}
	return all
}

// FuzzServer lets a client with everything under way read whatever bytes: it has
// to end, with an error, and without a panic.
func FuzzServer(f *testing.F) {
	w := testWelcome
	f.Add(true, []byte{})
	f.Add(false, frames(f, &w))
	f.Add(false, frames(f, &wire.Error{Code: wire.CodeTooMany}, &wire.Bye{Reason: wire.ReasonTooMany}))
	f.Add(true, frames(f, &wire.LoginOK{Request: 1, User: "a", Session: 1}, &wire.OK{Request: 2},
		&wire.Snapshot{Epoch: 1, Version: 1, Online: online("a", "b")},
		&wire.Delta{Epoch: 1, From: 1, To: 2, Changes: []wire.Change{{Version: 2, User: "b"}}},
		&wire.Response{Request: 3}, &wire.Ping{}, &wire.Pong{},
		&wire.Deliver{ID: 1, From: "a"}, &wire.App{Kind: "k"}, &wire.Bye{Reason: wire.ReasonKicked}))
	f.Add(true, []byte{0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, welcomed bool, input []byte) {
		synctest.Test(t, func(t *testing.T) {
			o := Options{
				User: "alice", NoReconnect: true, MaxUsers: 8, DeliverQueue: 2, Random: rand.NewPCG(1, 2),
				OnDeliver: func(Message) {}, OnApp: func(string, []byte) {},
			}
			o.DialContext = func(context.Context, string, string) (net.Conn, error) {
				ours, theirs := net.Pipe()
				go func() { _, _ = io.Copy(io.Discard, ours) }()
				go func() {
					if welcomed {
						b, _ := wire.Append(nil, &w)
						_, _ = ours.Write(b)
						synctest.Wait() // the login has been sent
					}
					_, _ = ours.Write(input)
					synctest.Wait()
					_ = ours.Close()
				}()
				return theirs, nil
			}
			c, err := Dial(t.Context(), "", o)
			if err != nil {
				return
			}
			watch, err := c.Watch(t.Context())
			if err == nil {
				_, _ = c.Request(t.Context(), "k", nil)
				for e := range watch.Events() {
					if e.Kind == 0 {
						t.Error("an event of no kind")
					}
				}
			}
			<-c.Done()
			if c.Err() == nil {
				t.Error("ended without an error")
			}
		})
	})
}

// FuzzPresence runs the state of the watches through any sequence of messages,
// and checks what holds in every case: a user's changes alternate, versions
// never fall within an epoch, and no more users are remembered than allowed.
func FuzzPresence(f *testing.F) {
	f.Add([]byte{0, 0, 5, 5, 6, 1, 3, 7, 1, 1, 2, 9})
	f.Add([]byte{1, 1, 5, 6, 9, 0, 0, 8, 5, 6, 1, 7, 2, 3, 4, 6, 1, 0, 1})
	f.Fuzz(func(t *testing.T, input []byte) {
		const limit = 3
		users := []string{"ann", "bob", "cid", "dee", "eve"}
		next := func() int {
			if len(input) == 0 {
				return 0
			}
			b := input[0]
			input = input[1:]
			return int(b)
		}
		p := newPresence(limit)
		p.connected()
		told := make(map[string]bool)
		var last mark
		var watching [][]string
		for len(input) > 0 {
			var news []change
			var err error
			switch next() % 8 {
			case 0:
				watching = append(watching, nil)
				p.watch(nil)
			case 1:
				set := []string{users[next()%len(users)]}
				watching = append(watching, set)
				p.watch(set)
			case 2:
				if len(watching) > 0 {
					p.unwatch(watching[0])
					watching = watching[1:]
				}
				for u := range told {
					if !p.sub.wants(u) {
						delete(told, u)
					}
				}
			case 3:
				p.disconnected()
				p.connected()
			case 4:
				if p.sub.busy != nil {
					if next()%4 == 0 {
						p.refused()
					} else {
						p.granted()
					}
				}
			case 5, 6:
				s := &wire.Snapshot{Epoch: uint64(next()%2 + 1), Version: uint64(next() % 16)}
				s.Part, s.More = uint64(next()%2), next()%3 == 0
				for range next() % 3 {
					s.Online = append(s.Online, wire.Online{User: users[next()%len(users)]})
				}
				news, err = p.snapshot(s)
			case 7:
				d := &wire.Delta{Epoch: uint64(next()%2 + 1), From: uint64(next() % 16)}
				d.To = d.From
				for range next() % 4 {
					d.To++
					d.Changes = append(d.Changes, wire.Change{
						Version: d.To, User: users[next()%len(users)], Online: next()%2 == 0,
					})
				}
				news, err = p.delta(d)
			}
			if p.mark.epoch != last.epoch || p.sub.idle() {
				last = mark{epoch: p.mark.epoch}
			}
			for _, n := range news {
				if told[n.user] == n.online {
					t.Fatalf("%+v is no change", n)
				}
				told[n.user] = n.online
				if n.version < last.version {
					t.Fatalf("%+v after version %d", n, last.version)
				}
				last.version = n.version
				if !p.sub.wants(n.user) {
					t.Fatalf("%+v is not watched", n)
				}
			}
			if len(p.online) > limit+len(users) {
				t.Fatalf("%d users", len(p.online))
			}
			if err != nil { // the client breaks the connection
				p.disconnected()
				p.connected()
			}
			p.next(20)
		}
	})
}
