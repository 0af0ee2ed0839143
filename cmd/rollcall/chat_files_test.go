package main

import (
	"io"
	"os"
	"strings"
	"syscall"
	"testing"

	"example.com/rollcall/wire"
)

// A file goes straight from one chat to another, when it is accepted.
func TestChatSendsFiles(t *testing.T) {
	s, _ := serveFiles(t)
	file := fileOf(t, "the plan.pdf", 2<<20)
	t.Chdir(t.TempDir())
	alice, bob := s.chat("alice"), s.chat("bob")
	alice.see("* bob is online")
	alice.write(`/send @bob "` + file + `"`)
	alice.see("(offering the plan.pdf to bob)")
	bob.see("* alice offers the plan.pdf (2 MiB): /accept 1 [PATH], or /decline 1")
	bob.write("/accept 1")
	alice.see("(sent the plan.pdf to bob)")
	bob.see("* saved the plan.pdf of alice as the plan.pdf (2 MiB)")
	if hashOf(t, "the plan.pdf") != hashOf(t, file) {
		t.Error("what came is not what was sent")
	}
	// The same again: what is there is not replaced, and the offer stands.
	alice.write("/send bob " + file)
	bob.see("/accept 2")
	bob.write("/accept 2")
	bob.see("* the plan.pdf is there already: /accept 2 with another PATH")
	bob.write("/accept 2 .")
	bob.see("* the plan.pdf is there already: /accept 2 with another PATH")
	bob.write("/accept 2 /nowhere/other")
	bob.see("no such file or directory: /accept 2 with another PATH")
	bob.write("/accept 2 other")
	bob.see("* saved the plan.pdf of alice as other")
	alice.see("(sent the plan.pdf to bob)")

	alice.write("/send @bob " + file)
	bob.see("/decline 3")
	bob.write("/decline 3")
	bob.see("(declined the plan.pdf)")
	alice.see("* did not send the plan.pdf to bob: declined by bob")

	alice.write("/send @nobody " + file)
	alice.see("* did not send the plan.pdf to nobody: nobody is offline")
	alice.write("/send @bob /nowhere/x")
	alice.see("* did not send x to bob: ", "no such file")
	for line, words := range map[string]string{
		"/send": "it is /send @NAME FILE", "/send @bob": "it is /send @NAME FILE", "/send @bo\x07b x": "control character",
		"/accept": "it is /accept NUMBER", "/accept 9": "there is no offer 9", "/accept x": "it is /accept NUMBER",
		"/decline": "it is /decline NUMBER", "/decline 1": "there is no offer 1",
	} {
		alice.write(line)
		alice.see(words)
	}
	if left, _ := os.ReadDir("."); len(left) != 2 {
		t.Errorf("there are %v", left)
	}
}

// At the end of its input, chat waits for the file that it sends, be it still to
// be accepted; the exit code tells what became of it.
func TestChatFromAPipeSendsFiles(t *testing.T) {
	s, _ := serveFiles(t)
	file := fileOf(t, "plan.pdf", 2<<20)
	t.Chdir(t.TempDir())
	bob := s.chat("bob")
	run := func(lines string) *running {
		sh := *s.shell
		sh.in = strings.NewReader(lines)
		return sh.start("chat", "--user", "alice")
	}
	alice := run("/send @bob " + file + "\n")
	bob.see("/accept 1")
	bob.write("/accept 1")
	alice.see("(sent plan.pdf to bob)")
	if code := alice.wait(); code != exitOK {
		t.Errorf("code %d", code)
	}
	bob.see("* saved plan.pdf of alice")

	alice = run("/send @bob " + file + "\n")
	bob.see("/decline 2")
	bob.write("/decline 2")
	if code := alice.wait(); code != exitRefused {
		t.Errorf("declined: code %d", code)
	}
	alice.errs.see(t, "chat", "did not send plan.pdf to bob", "declined")
	for lines, want := range map[string]int{
		"/send @nobody " + file + "\n": exitAbsent,
		"/send @bob /nowhere/x\n":      exitFailure,
		"/send @bob\n":                 exitUsage,
		"/send @bo\x07b x\n":           exitUsage,
	} {
		if got := run(lines).wait(); got != want {
			t.Errorf("%q: code %d, not %d", lines, got, want)
		}
	}

	// Ctrl-C ends the wait, and what waited has failed.
	alice = run("/send @bob " + file + "\n")
	bob.see("* alice offers plan.pdf")
	if code := alice.end(); code != exitSignal+int(syscall.SIGINT) {
		t.Errorf("given up: code %d", code)
	}
	bob.see("is gone")
}

// An offer whose sender has gone is shown as gone.
func TestChatOffersGo(t *testing.T) {
	s, _ := serveFiles(t, "--file-grace", "0")
	file := fileOf(t, "a", 10)
	alice, bob := s.chat("alice"), s.chat("bob")
	alice.see("* bob is online")
	alice.write("/send @bob " + file)
	bob.see("* alice offers a (10 B)")
	alice.write("/quit")
	bob.see("* offer 1, a (10 B), is gone")
	bob.write("/accept 1")
	bob.see("there is no offer 1")
}

func TestChatWithoutFiles(t *testing.T) {
	s := serve(t)
	alice := s.chat("alice")
	alice.write("/send @alice " + fileOf(t, "a", 1))
	alice.see("the server carries no files")
}

// Who waits for a file is told what becomes of it, in chat and in join, at once
// or at the next login.
func TestRecipientsAreTold(t *testing.T) {
	s, _ := serveFiles(t)
	file := fileOf(t, "plan.pdf", 100_000)
	bob, carol := s.chat("bob"), s.start("join", "--user", "carol")
	carol.see("carol is online")
	done := last(t, toldIn(t, s.want(exitOK, "put", "--user", "alice", "--to", "bob", "--to", "carol", "--to", "dora", "--json", file).out))
	for _, line := range []string{
		"alice is sending plan.pdf (97.7 KiB)",
		"alice has sent plan.pdf (97.7 KiB): rollcall get --user ",
	} {
		bob.see("* " + line)
		carol.see(line)
	}
	dora := s.start("join", "--user", "dora")
	dora.see("alice has sent plan.pdf (97.7 KiB): rollcall get --user dora " + done.ID)
	s.want(exitOK, "rm", "--user", "alice", "plan.pdf")
	for _, r := range []*running{bob.running, carol, dora} {
		r.see("alice has removed plan.pdf (97.7 KiB)")
	}
}

// A command that fetches or lists does not take the news away from the chat that
// comes later and shows it.
func TestNoticesWaitForTheChat(t *testing.T) {
	s, _ := serveFiles(t)
	t.Chdir(t.TempDir())
	s.want(exitOK, "put", "--user", "alice", "--to", "bob", fileOf(t, "plan.pdf", 1000))
	s.want(exitOK, "files", "--user", "bob")
	s.want(exitOK, "get", "--user", "bob", "plan.pdf")
	s.want(exitOK, "send", "--user", "bob", "--to", "bob", "hello")
	sh := *s.shell
	in, keys := io.Pipe()
	sh.in = in
	defer func() { _ = keys.Close() }()
	sh.start("chat", "--user", "bob").see("* alice has sent plan.pdf (1000 B)")
}

// A file cannot be passed to who only listens.
func TestChatSendsToWhoTakesNoFiles(t *testing.T) {
	s, _ := serveFiles(t)
	carol := s.start("join", "--user", "carol")
	carol.see("carol is online")
	alice := s.chat("alice")
	alice.write("/send @carol " + fileOf(t, "a", 10))
	alice.see("* did not send a to carol: no session of the user's takes offers")
}

func TestQuotationMarksAreNoPartOfAPath(t *testing.T) {
	for in, want := range map[string]string{
		`"a b.txt"`: "a b.txt", `  'a b' `: "a b", ` a b `: "a b", `"`: `"`, `"a'`: `"a'`, `""`: "", "": "", `a "b"`: `a "b"`,
	} {
		if got := unquoted(in); got != want {
			t.Errorf("%q becomes %q, not %q", in, got, want)
		}
	}
}

func TestNoticeLines(t *testing.T) {
	file := wire.File{ID: wire.FileID{0xab}, Owner: "al\x1bice", Name: "a\nb", Size: 5 << 20}
	for _, e := range append(wire.FileEvents(), 99) {
		line := noticeLine(wire.FileNotice{Event: e, File: file, Code: wire.CodeInterrupted, By: "alice"}, "bob")
		if !strings.Contains(line, "al\uFFFDice") || !strings.Contains(line, "a b (5 MiB)") {
			t.Errorf("%v: %q", e, line)
		}
		if e == wire.FileAborted && !strings.Contains(line, "interrupted (by alice)") {
			t.Errorf("%q", line)
		}
	}
}
