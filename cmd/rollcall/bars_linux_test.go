package main

import (
	"regexp"
	"strings"
	"testing"
)

// escapes are what moves the cursor and colours what is written.
var escapes = regexp.MustCompile("\x1b\\[[0-9;?]*[a-zA-Z]")

// On a terminal there is a bar for each file on its way, with amount, speed and
// time left, and in the end only the results are left. Elsewhere there is none.
func TestBarsAreForTerminals(t *testing.T) {
	w := serveProcess(t, "--data", t.TempDir())
	files := []string{fileOf(t, "one of the files with a very long name.bin", 24<<20), fileOf(t, "two", 24<<20), fileOf(t, "three", 0)}
	args := append([]string{"put", "--user", "alice", "--to", "bob"}, files...)
	for _, c := range []struct {
		name string
		term string
		args []string
		bars bool
	}{
		{"a terminal", "xterm", args, true},
		{"a dumb one", "dumb", args, false},
		{"JSON", "xterm", append(args, "--json"), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, screen, terminal := openTerminal(t)
			p := newProcess(t, []string{"ROLLCALL_SERVER=" + w.server, "TERM=" + c.term}, binary, c.args...)
			p.cmd.Stdout, p.cmd.Stderr = terminal, terminal
			p.start()
			if code := p.wait(); code != exitOK {
				t.Fatalf("code %d: %s", code, screen)
			}
			var shown string
			if c.args[len(c.args)-1] == "--json" {
				screen.see(t, "put", `"event":"done"`)
				screen.see(t, "put", `"event":"done"`)
				screen.see(t, "put", `"event":"done"`)
			} else {
				for range files {
					screen.see(t, "put", "stored ", " for bob: ")
				}
			}
			shown = screen.String()
			if got := escapes.MatchString(shown); got != c.bars {
				t.Errorf("bars: %v\n%q", got, shown)
			}
			for _, part := range []string{"[", "24 MiB", "…", "MiB/s"} {
				if c.bars && !strings.Contains(shown, part) {
					t.Errorf("no %q in %q", part, shown)
				}
			}
		})
	}
	p := w.spawn(args...)
	if p.wait(); strings.ContainsAny(p.out.String(), "\x1b\r") || p.errs.String() != "" {
		t.Errorf("%q %q", p.out, p.errs)
	}
}
