package main

import (
	"strings"
	"testing"

	"example.com/rollcall/wire/client"
)

// serving is a server within the test's process, and a shell that finds it.
type serving struct {
	*shell
	*running
	server, admin string
}

// serve starts a server on free ports.
func serve(t testing.TB, args ...string) *serving {
	t.Helper()
	s := &serving{shell: newShell(t)}
	all := append([]string{"serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--log-level", "warn"}, args...)
	s.running = s.start(all...)
	s.server, s.admin = addresses(t, s.see("listening on "))
	s.env["ROLLCALL_SERVER"], s.env["ROLLCALL_ADMIN"] = s.server, s.admin
	return s
}

// addresses reads the line that a server prints when it is ready.
func addresses(t testing.TB, line string) (server, admin string) {
	t.Helper()
	words := strings.Fields(line)
	if len(words) != 5 || words[0] != "listening" || words[1] != "on" || words[3] != "admin" {
		t.Fatalf("the ready line is %q", line)
	}
	return words[2], strings.TrimPrefix(words[4], "http://")
}

// dial connects a client, for the length of the test.
func (s *serving) dial(t testing.TB, user string) *client.Client {
	t.Helper()
	c, err := client.Dial(t.Context(), s.server, client.Options{User: user})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// putTo says that a file is for one user.
func putTo(user, name string) client.PutOptions {
	return client.PutOptions{Name: name, To: []string{user}}
}
