package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/rollcall/actors/record"
	"example.com/rollcall/wire"
)

// departed serves from a data directory, lets a user come and go, and returns the
// server and the directory.
func departed(t *testing.T) (s *serving, data string) {
	t.Helper()
	data = filepath.Join(t.TempDir(), "data")
	s = serve(t, "--data", data)
	c := s.dial(t, "alice")
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	until(t, "the departure is known", func() bool {
		return strings.Contains(s.want(exitOK, "connections", "--closed").out, "alice")
	})
	return s, data
}

// The accounts of a running server, and of the same data directory when it has
// stopped, are the same; forget removes them in both.
func TestWhyAndForget(t *testing.T) {
	s, data := departed(t)
	text := s.want(exitOK, "why", "alice").out
	if !strings.Contains(text, `User "alice"`) || !strings.Contains(text, "goodbye") || !strings.Contains(text, "Evidence") {
		t.Errorf("why says:\n%s", text)
	}
	var a record.Account
	if err := json.Unmarshal([]byte(s.want(exitOK, "why", "user:alice", "--json", "--since", "1h", "--limit", "1").out), &a); err != nil {
		t.Fatal(err)
	}
	if a.Reason != wire.ReasonBye || a.Departure == nil || a.Story == "" {
		t.Errorf("%+v", a)
	}
	if r := s.want(exitNoRecord, "why", "bob"); !strings.Contains(r.err, "nothing is on record of bob") {
		t.Errorf("%q", r.err)
	}
	s.want(exitNoRecord, "why", "bob", "--json")
	if r := s.want(exitRefused, "forget", "alice", "--data", data); !strings.Contains(r.err, "a server runs on") {
		t.Errorf("%q", r.err)
	}
	s.want(exitOK, "why", "alice", "--data", data) // to look at is not refused
	if code := s.end(); code != exitOK {
		t.Fatalf("the server ended with %d: %s", code, s.errs)
	}
	s.want(exitUnreachable, "why", "alice")
	before := tree(t, data)
	// The end of the server stands below it now; the story is the same.
	if offline := s.want(exitOK, "why", "alice", "--data", data).out; strings.Split(offline, "\n")[0] != strings.Split(text, "\n")[0] {
		t.Errorf("stopped:\n%s\nrunning:\n%s", offline, text)
	}
	if after := tree(t, data); after != before {
		t.Errorf("why has changed the directory:\n%s\nbefore:\n%s", after, before)
	}
	if out := s.want(exitOK, "forget", "alice", "--data", data).out; !strings.Contains(out, "records of alice") {
		t.Errorf("%q", out)
	}
	s.want(exitNoRecord, "why", "alice", "--data", data)
	s.want(exitNoRecord, "forget", "alice", "--data", data)
	for name, content := range files(t, data) {
		if strings.Contains(content, "alice") {
			t.Errorf("%s still has the name", name)
		}
	}
}

// What forget removes of a running server is gone from its files at once.
func TestForgetOfARunningServer(t *testing.T) {
	s, data := departed(t)
	s.want(exitOK, "forget", "alice")
	s.want(exitNoRecord, "why", "alice")
	for name, content := range files(t, data) {
		if strings.Contains(content, "alice") {
			t.Errorf("%s still has the name", name)
		}
	}
}

func TestWhyMistakes(t *testing.T) {
	s := newShell(t)
	for _, c := range []struct {
		code  int
		args  string
		words string
	}{
		{exitUsage, "why", "USER|CONNECTION|ENDPOINT"},
		{exitUsage, "why a --since yesterday", "--since"},
		{exitUsage, "why a --limit 0", "--limit"},
		{exitUsage, "why connection:x", "connection"},
		{exitUsage, "forget", "USER"},
		{exitUsage, "forget a\x07b", "control character"},
		{exitUnreachable, "why a --data /nowhere", "no record"},
		{exitUnreachable, "forget a --data /nowhere", "no record"},
		{exitUsage, "serve --journal-bytes 1", "journal-bytes"},
		{exitUsage, "serve --journal-age -1s", "journal-age"},
		{exitUsage, "serve --record-interval 0s", "record-interval"},
		{exitUsage, "serve --grace-restart -1s", "grace-restart"},
	} {
		args := strings.Fields(c.args)
		if strings.HasPrefix(c.args, "serve") {
			args = append(args, "--listen", "127.0.0.1:0", "--admin", "off", "--data", t.TempDir())
		}
		if r := s.want(c.code, args...); !strings.Contains(r.err, c.words) {
			t.Errorf("%s: %q", c.args, r.err)
		}
	}
}

// files are the contents of all files below a directory, by name.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(p) //nolint:gosec // a test's
		all[p] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// tree is what there is below a directory, in words.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil {
			b.WriteString(p + " " + info.ModTime().String() + " " + info.Mode().String() + "\n")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A server's setting of its data directory does not make why and forget believe
// that it has stopped.
func TestDataOfTheServerIsNoFlagOfWhy(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	s := serve(t, "--data", data)
	s.shell.env["ROLLCALL_DATA"] = data
	s.want(exitOK, "send", "--user", "alice", "--to", "alice", "hi")
	s.want(exitOK, "why", "alice")
	s.want(exitOK, "forget", "alice")
}
