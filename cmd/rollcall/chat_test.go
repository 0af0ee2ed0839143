package main

import (
	"io"
	"slices"
	"strings"
	"testing"

	"example.com/rollcall/wire/client"
)

// chatting is a chat whose lines the test writes.
type chatting struct {
	*running
	keys *io.PipeWriter
}

func (s *serving) chat(user string) *chatting {
	in, keys := io.Pipe()
	sh := *s.shell
	sh.in = in
	c := &chatting{sh.start("chat", "--user", user), keys}
	s.shell.t.Cleanup(func() { _ = keys.Close() })
	c.see("* online:")
	return c
}

func (c *chatting) write(line string) {
	c.t.Helper()
	if _, err := io.WriteString(c.keys, line+"\n"); err != nil {
		c.t.Fatal(err)
	}
}

func TestChat(t *testing.T) {
	s := serve(t)
	alice := s.chat("alice")
	bob := s.chat("bob")
	alice.see("* bob is online")
	carol := s.chat("carol")
	alice.see("* carol is online")
	alice.write("@bob hi there")
	alice.see("(sent to bob)")
	bob.see("alice: hi there")
	alice.write("  good morning ")
	alice.see("(sent to 2)")
	bob.see("alice to all: good morning")
	carol.see("alice to all: good morning")
	alice.write("/who")
	alice.see("online: alice (you), bob, carol")
	alice.write("/help")
	alice.see("/quit")
	alice.write("/nonsense")
	alice.see("there is no /nonsense")
	alice.write("@bob")
	alice.see("@NAME TEXT")
	alice.write("@nobody hi")
	alice.see("* nobody is offline")
	alice.write("@" + strings.Repeat("x", 200) + " hi")
	alice.see("not sent to x")
	alice.write("@bob " + strings.Repeat("x", 100_000))
	alice.see("not sent to bob: ")
	alice.write("")
	carol.write("/quit")
	if code := carol.wait(); code != exitOK {
		t.Errorf("carol: code %d", code)
	}
	alice.see("* carol is offline: bye")
	_ = bob.keys.Close() // the end of the input
	if code := bob.wait(); code != exitOK {
		t.Errorf("bob: code %d", code)
	}
	alice.see("* bob is offline: bye")
	alice.write("anybody?")
	alice.see("nobody else is online")
	if code := alice.end(); code != exitOK {
		t.Errorf("alice: code %d", code)
	}
	if strings.Contains(carol.out.String(), "hi there") {
		t.Error("carol was told what was for bob")
	}
}

func TestChatIsKicked(t *testing.T) {
	s := serve(t)
	alice := s.chat("alice")
	s.want(exitOK, "kick", "alice")
	if code := alice.wait(); code != exitRefused {
		t.Errorf("code %d", code)
	}
	alice.errs.see(t, "chat", "rollcall: ", "kicked")
}

func TestNamesAreCompleted(t *testing.T) {
	c := &chat{user: "me"}
	for _, u := range []string{"bob", "alice", "me", "alina", "bob"} {
		c.note(u, true)
	}
	if got := c.others(); !slices.Equal(got, []string{"alice", "alina", "bob"}) {
		t.Fatal(got)
	}
	for line, want := range map[string]string{
		"@b": "@bob ", "@ali": "@alice ", "@alin": "@alina ", "@": "@alice ", "@x": "", "b": "", "@bob h": "", "": "",
	} {
		if got, _ := c.complete(line); got != want {
			t.Errorf("%q becomes %q, not %q", line, got, want)
		}
	}
	c.note("bob", false)
	if _, ok := c.complete("@b"); ok {
		t.Error("bob has gone")
	}
}

func TestIncomingMessages(t *testing.T) {
	for _, c := range []struct {
		m    client.Message
		want string
	}{
		{client.Message{From: "bob", Body: []byte("hi")}, "bob: hi"},
		{client.Message{From: "bob", Kind: kindAll, Body: []byte("hi")}, "bob to all: hi"},
		{client.Message{From: "bob", Body: []byte("\x1b]0;x\a"), Lost: 2}, "(2 lost) bob: \uFFFD]0;x\uFFFD"},
	} {
		if got := incoming(c.m); got != c.want {
			t.Errorf("%q, not %q", got, c.want)
		}
	}
}

// Lines that are there before it is known who is online wait for that, and the
// exit code tells of the first that did not reach whom it was for.
func TestChatFromAPipe(t *testing.T) {
	s := serve(t)
	bob := s.chat("bob")
	run := func(lines string) int {
		sh := *s.shell
		sh.in = strings.NewReader(lines)
		return sh.start("chat", "--user", "alice").wait()
	}
	if code := run("good morning\n@bob and you\n"); code != exitOK {
		t.Errorf("code %d", code)
	}
	bob.see("alice to all: good morning")
	bob.see("alice: and you")
	sh := *s.shell
	sh.in = strings.NewReader("@carol hi\n@bob hello\n")
	absent := sh.start("chat", "--user", "alice")
	if code := absent.wait(); code != exitAbsent {
		t.Errorf("carol is not there: code %d", code)
	}
	absent.errs.see(t, "chat", "rollcall: carol is offline")
	bob.see("alice: hello")
	bob.see("* alice is offline: bye")
	if code := bob.end(); code != exitOK {
		t.Errorf("bob: code %d", code)
	}
	if code := run("anybody?\n"); code != exitAbsent {
		t.Errorf("nobody is there: code %d", code)
	}
}
