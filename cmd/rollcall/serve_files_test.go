package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/rollcall/actors/filestore"
)

// serveFiles starts a server that keeps files, in a directory of the test's.
func serveFiles(t *testing.T, args ...string) (*serving, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	return serve(t, append([]string{"--data", dir}, args...)...), dir
}

// Without --data, the files go to the user's data home, for that user's eyes
// alone.
func TestServeFindsTheDataHome(t *testing.T) {
	home := t.TempDir()
	for _, c := range []struct {
		name string
		env  map[string]string
		want string
	}{
		{"XDG", map[string]string{"XDG_DATA_HOME": filepath.Join(home, "xdg"), "HOME": "/nowhere"}, "xdg/rollcall"},
		{"a relative XDG is none", map[string]string{"XDG_DATA_HOME": "xdg2", "HOME": home}, ".local/share/rollcall"},
		{"no XDG", map[string]string{"HOME": filepath.Join(home, "b")}, "b/.local/share/rollcall"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newShell(t)
			s.env = c.env
			r := s.start("serve", "--listen", "127.0.0.1:0", "--admin", "off")
			r.see("listening on ")
			dir := filepath.Join(home, c.want)
			r.errs.see(t, "serve", "keeping files", dir)
			for at := dir; at != home; at = filepath.Dir(at) {
				there, err := os.Stat(at)
				if err != nil || there.Mode().Perm() != 0o700 {
					t.Fatalf("%s: %v, %v", at, there, err)
				}
			}
			r.end()
		})
	}
	s := newShell(t)
	s.env = nil
	if r := s.want(exitUsage, "serve", "--listen", "127.0.0.1:0", "--admin", "off"); !strings.Contains(r.err, "--data") {
		t.Error(r.err)
	}
}

func TestServeWithoutFiles(t *testing.T) {
	s := serve(t, "--data", "none", "--log-level", "info")
	if strings.Contains(s.errs.String(), "keeping files") {
		t.Error(s.errs)
	}
	for _, args := range []string{"files --user alice", "rm --user alice x", "get --user alice x", "put --user alice " + fileOf(t, "a", 1)} {
		if r := s.want(exitRefused, strings.Fields(args)...); !strings.Contains(r.err, "unsupported") {
			t.Errorf("%s: %s", args, r.err)
		}
	}
}

// One directory is for one server, and is given free at its end.
func TestServeLocksItsFiles(t *testing.T) {
	s, dir := serveFiles(t)
	second := []string{"serve", "--listen", "127.0.0.1:0", "--admin", "off", "--data", dir}
	if r := s.want(exitFailure, second...); !strings.Contains(r.err, "in use by another server") {
		t.Error(r.err)
	}
	s.running.end()
	r := s.start(second...)
	r.see("listening on ")
	r.end()
}

func TestServeRefusesOtherDirectories(t *testing.T) {
	s := newShell(t)
	dir := filepath.Dir(fileOf(t, "precious", 3))
	start := []string{"serve", "--listen", "127.0.0.1:0", "--admin", "off", "--data"}
	if r := s.want(exitFailure, append(start, dir)...); !strings.Contains(r.err, "no data directory of rollcall") {
		t.Error(r.err)
	}
	if r := s.want(exitFailure, append(start, filepath.Join(dir, "precious", "data"))...); !strings.Contains(r.err, "cannot make the data directory") {
		t.Error(r.err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("%v, %v", left, err)
	}
}

// The line at the start says what the sweep has found.
func TestServeTellsOfTheSweep(t *testing.T) {
	dir := t.TempDir()
	store, _, err := filestore.Open(dir, filestore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	part, err := store.Begin(filestore.Meta{Owner: "alice", Recipients: []string{"bob"}, Name: "a", Size: 9, SHA256: [32]byte{1}, Created: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write([]byte("half")); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "partial", "stray"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s := serve(t, "--data", dir, "--log-level", "info")
	s.errs.see(t, "serve", "keeping files", "files=0", "interrupted=1", "removed=1")
}

func TestServeChecksTheLimitsOfFiles(t *testing.T) {
	s := newShell(t)
	for args, words := range map[string]string{
		"--file-grace -1s":      "--file-grace is negative",
		"--retention -1h":       "--retention is negative",
		"--max-file 0":          "--max-file is 0, less than 1",
		"--max-file lots":       "is no size",
		"--max-user-bytes 0KiB": "--max-user-bytes",
		"--max-bytes 0":         "--max-bytes",
		"--file-window 0":       "--file-window is 0",
		"--file-window 2GiB":    "--file-window is 2GiB, more than 1GiB",
		"--max-user-files -5":   "--max-user-files is -5",
		"--max-bytes 8388607T":  "MaxBytes",
	} {
		r := s.want(exitUsage, append([]string{"serve", "--listen", "127.0.0.1:0", "--admin", "off"}, strings.Fields(args)...)...)
		if !strings.Contains(r.err, words) {
			t.Errorf("%s: %s", args, r.err)
		}
	}
}
