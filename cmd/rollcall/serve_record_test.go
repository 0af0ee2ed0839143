package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A record that cannot be had costs no start: the server says so, serves, and says
// at its end that the end is not on record.
func TestServeWithoutItsRecord(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	s := serve(t, "--data", data) // makes the directory
	if code := s.end(); code != exitOK {
		t.Fatalf("code %d: %s", code, s.errs)
	}
	dir := filepath.Join(data, recordDir)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir, []byte("in the way"), 0o600); err != nil {
		t.Fatal(err)
	}
	s = serve(t, "--data", data)
	s.dial(t, "alice")
	if out := s.want(exitOK, "who").out; !strings.Contains(out, "alice") {
		t.Errorf("%q", out)
	}
	if r := s.want(exitFailure, "why", "alice"); !strings.Contains(r.err, "cannot be read") {
		t.Errorf("%q", r.err)
	}
	if code := s.end(); code != exitFailure {
		t.Errorf("the server ended with %d", code)
	}
	for _, words := range []string{"some of what was recorded cannot be read", "the record cannot be written"} {
		if !strings.Contains(s.errs.String(), words) {
			t.Errorf("the log does not say that %s:\n%s", words, s.errs)
		}
	}
}

// Garbage in place of the roll and the journal is told of, and costs no start.
func TestServeOverGarbage(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	s := serve(t, "--data", data)
	s.dial(t, "alice")
	if code := s.end(); code != exitOK {
		t.Fatalf("code %d: %s", code, s.errs)
	}
	for name := range files(t, filepath.Join(data, recordDir)) {
		if filepath.Base(name) != "LOCK" {
			if err := os.WriteFile(name, []byte(strings.Repeat("garbage ", 100)), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	s = serve(t, "--data", data)
	s.dial(t, "bob")
	if out := s.want(exitOK, "who").out; !strings.Contains(out, "bob") || strings.Contains(out, "alice") {
		t.Errorf("%q", out)
	}
	if code := s.end(); code != exitOK {
		t.Errorf("the server ended with %d: %s", code, s.errs)
	}
	if !strings.Contains(s.errs.String(), "cannot be read") {
		t.Errorf("the log says nothing of it:\n%s", s.errs)
	}
}
