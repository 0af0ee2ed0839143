package main

import (
	"io"
	"strings"
	"testing"
)

func TestEveryCommandHasHelpWithExamples(t *testing.T) {
	s := newShell(t)
	for _, c := range s.program(io.Discard, io.Discard, nil).rootCommand().Commands() {
		for _, args := range [][]string{{c.Name(), "--help"}, {"help", c.Name()}} {
			help := s.want(exitOK, args...).out
			for _, want := range []string{"Usage:\n  rollcall " + c.Name(), "Examples:\n", "rollcall " + c.Name(), "Exit codes:", "Settings:", "ROLLCALL_CONFIG"} {
				if !strings.Contains(help, want) {
					t.Errorf("%v: the help has no %q:\n%s", args, want, help)
				}
			}
		}
	}
	if all := s.want(exitOK).out; all != s.want(exitOK, "--help").out || !strings.Contains(all, "demo") {
		t.Errorf("the program alone says %q", all)
	}
}

func TestHelpNeedsNoGoodSettings(t *testing.T) {
	s := newShell(t)
	s.env["ROLLCALL_CONFIG"] = "/nowhere"
	s.want(exitOK, "help", "serve")
	s.want(exitOK, "serve", "--help")
}

func TestMistakesOfUsage(t *testing.T) {
	s := newShell(t)
	for _, c := range []struct {
		args  string
		words string
	}{
		{"wach", `unknown command "wach" for "rollcall"; did you mean watch (see`},
		{"help wach", "no command"},
		{"serve --lissten x", "unknown flag: --lissten (see 'rollcall serve --help')"},
		{"serve extra", `serve takes no arguments but flags, and got "extra"`},
		{"serve --timeout soon", "soon"},
		{"serve --sessions some", "many, replace, refuse"},
		{"serve --heartbeat 20s --timeout 10s", "half"},
		{"serve --heartbeat -1s", "negative"},
		{"serve --max-frame 1", "frames of at most 1"},
		{"serve --config /nowhere", "no such file"},
		{"join", "--user"},
		{"join --user a\x07b", "control character"},
		{"join --user a --identifier " + strings.Repeat("x", 129), "129 bytes"},
		{"join --user a --credential-file /nowhere", "no such file"},
		{"join --user a --heartbeat 2m --timeout 1m", "longer than the timeout"},
		{"watch a\x07b", "control character"},
		{"chat", "--user"},
		{"send --user a --to b", "say which: rollcall send TEXT"},
		{"send --user a hi", "--to"},
		{"send --user a --to b --to c hi", "one user: --to"},
		{"send --to b hi", "--user"},
		{"send --user a --to b --kind a\x07 hi", "control character"},
		{"kick", "say which: rollcall kick"},
		{"kick connection:x", "no connection's number"},
		{"kick user:", "name a user"},
		{"who --admin ://", "neither HOST:PORT nor a URL"},
		{"connections --ended-by eof", "--closed"},
		{"connections --limit -1", "--limit"},
		{"completion tcsh", "tcsh"},
		{"completion", "say which: rollcall completion bash|zsh|fish|powershell"},
		{"completion bash zsh", "takes one bash|zsh|fish|powershell"},
		{"version 1", "takes no arguments"},
	} {
		r := s.want(exitUsage, strings.Fields(c.args)...)
		if !strings.Contains(r.err, c.words) {
			t.Errorf("rollcall %s: %q does not say %q", c.args, r.err, c.words)
		}
	}
}

func TestVersion(t *testing.T) {
	s := newShell(t)
	if out := s.want(exitOK, "version").out; !strings.HasPrefix(out, "rollcall "+release+" (protocol 1") {
		t.Error(out)
	}
	if out := s.want(exitOK, "--version").out; out != "rollcall "+release+"\n" {
		t.Error(out)
	}
	if out := s.want(exitOK, "version", "--json").out; !strings.HasPrefix(out, `{"release":"`+release+`","protocol":1`) {
		t.Error(out)
	}
}

func TestCompletions(t *testing.T) {
	s := newShell(t)
	for _, sh := range []string{"bash", "zsh", "fish", "powershell"} {
		if out := s.want(exitOK, "completion", sh).out; !strings.Contains(out, "rollcall") {
			t.Errorf("%s: %q", sh, out)
		}
	}
	if out := s.want(exitOK, "__complete", "serve", "--sessions", "re").out; !strings.HasPrefix(out, "replace\nrefuse\n") && !strings.HasPrefix(out, "many\nreplace\nrefuse\n") {
		t.Errorf("completion of --sessions: %q", out)
	}
	if out := s.want(exitOK, "__complete", "").out; !strings.Contains(out, "watch") {
		t.Errorf("completion of commands: %q", out)
	}
}
