package main

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"strings"
	"testing"
)

// hollywood's lines, which go to slog, come out of the program's log.
func TestSlogGoesToTheLog(t *testing.T) {
	var out bytes.Buffer
	s := newShell(t)
	before := slog.Default()
	l, err := s.program(io.Discard, &out, nil).logger("info", "json")
	if err != nil {
		t.Fatal(err)
	}
	slog.Debug("not shown")
	slog.With("a", 1).WithGroup("g").With("b", 2).Warn("hello", "c", 3, slog.Group("h", "d", 4), slog.Group("", "e", 5))
	slog.Error("broken", slog.Any("err", io.EOF))
	l.close()
	if slog.Default() != before {
		t.Error("the default logger was not given back")
	}
	var got []map[string]any
	for line := range strings.Lines(out.String()) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		got = append(got, m)
	}
	if len(got) != 2 {
		t.Fatalf("%d lines: %s", len(got), &out)
	}
	for key, want := range map[string]any{
		"level": "warning", "msg": "hello", "a": 1.0, "g.b": 2.0, "g.c": 3.0, "g.h.d": 4.0, "g.e": 5.0,
	} {
		if got[0][key] != want {
			t.Errorf("%s is %v, not %v", key, got[0][key], want)
		}
	}
	if got[1]["level"] != "error" || got[1]["err"] != "EOF" {
		t.Errorf("%v", got[1])
	}
}

func TestTheTextLogHasNoColoursInAFile(t *testing.T) {
	var out bytes.Buffer
	l, err := newShell(t).program(io.Discard, &out, nil).logger("debug", "text")
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	l.Debug("shown")
	if text := out.String(); strings.Contains(text, "\x1b") || !strings.Contains(text, "msg=shown") {
		t.Errorf("%q", text)
	}
}
