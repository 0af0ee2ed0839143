package main

import (
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// openTerminal makes a pseudo terminal: what is written to keys is typed, and
// screen gets what is shown.
func openTerminal(t *testing.T) (*os.File, *lines, *os.File) {
	t.Helper()
	keys, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	number := int(keys.Fd())
	if err := unix.IoctlSetPointerInt(number, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(number, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(number, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 100}); err != nil {
		t.Fatal(err)
	}
	terminal, err := os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	screen := newLines()
	copied := make(chan struct{})
	go func() {
		defer close(copied)
		_, _ = io.Copy(screen, keys) // ends when the last of the terminal is closed
	}()
	t.Cleanup(func() {
		_ = terminal.Close()
		<-copied
		_ = keys.Close()
	})
	return keys, screen, terminal
}

// attributes are the terminal's modes.
func attributes(t *testing.T, terminal *os.File) unix.Termios {
	t.Helper()
	a, err := unix.IoctlGetTermios(int(terminal.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return *a
}

// At a terminal chat edits lines and completes names; whatever ends it, the
// terminal is left as it was.
func TestChatAtATerminal(t *testing.T) {
	w := serveProcess(t)
	bob := w.spawn("join", "--user", "bob")
	bob.see("bob is online")
	for _, c := range []struct {
		name string
		end  func(p *process, keys *os.File)
		code int
	}{
		{"Ctrl-C", func(_ *process, keys *os.File) { _, _ = keys.WriteString("\x03") }, exitOK},
		{"Ctrl-D", func(_ *process, keys *os.File) { _, _ = keys.WriteString("\x04") }, exitOK},
		{"a signal", func(p *process, _ *os.File) { p.signal(syscall.SIGTERM) }, exitOK},
		{"a kick", func(*process, *os.File) { w.want(exitOK, "kick", "alice") }, exitRefused},
	} {
		t.Run(c.name, func(t *testing.T) {
			keys, screen, terminal := openTerminal(t)
			before := attributes(t, terminal)
			p := newProcess(t, []string{"ROLLCALL_SERVER=" + w.server, "TERM=xterm"}, binary, "chat", "--user", "alice")
			p.cmd.Stdin, p.cmd.Stdout = terminal, terminal
			p.start()
			screen.see(t, "chat", "* online: bob")
			if attributes(t, terminal) == before {
				t.Error("the terminal is not raw")
			}
			if _, err := keys.WriteString("@bo\thello\x7fo\r"); err != nil {
				t.Fatal(err)
			}
			bob.see("alice: hello")
			screen.see(t, "chat", "(sent to bob)")
			c.end(p, keys)
			if code := p.wait(); code != c.code {
				t.Errorf("code %d: %s", code, p.errs)
			}
			if attributes(t, terminal) != before {
				t.Error("the terminal is not as it was")
			}
		})
	}
}

// A terminal that says that it has no columns, as those of programs do, is not
// taken for one column wide.
func TestChatAtATerminalOfNoColumns(t *testing.T) {
	w := serveProcess(t)
	keys, screen, terminal := openTerminal(t)
	if err := unix.IoctlSetWinsize(int(terminal.Fd()), unix.TIOCSWINSZ, &unix.Winsize{}); err != nil {
		t.Fatal(err)
	}
	p := newProcess(t, []string{"ROLLCALL_SERVER=" + w.server, "TERM=xterm"}, binary, "chat", "--user", "alice")
	p.cmd.Stdin, p.cmd.Stdout = terminal, terminal
	p.start()
	screen.see(t, "chat", "* online:")
	if _, err := keys.WriteString("/nothing\r"); err != nil {
		t.Fatal(err)
	}
	screen.see(t, "chat", "there is no /nothing")
	if !strings.Contains(screen.String(), "> /nothing") {
		t.Errorf("what was written is shown as %q", screen)
	}
	p.signal(syscall.SIGTERM)
	p.wait()
}

// On a terminal there are colours, unless they are not wanted.
func TestColoursOnATerminal(t *testing.T) {
	for env, want := range map[string]bool{"TERM=xterm": true, "NO_COLOR=1": false, "TERM=dumb": false} {
		_, screen, terminal := openTerminal(t)
		p := newProcess(t, []string{env}, binary, "demo")
		p.cmd.Stdout = terminal
		p.start()
		if code := p.wait(); code != exitOK {
			t.Fatalf("%s: code %d", env, code)
		}
		screen.see(t, "demo", "All 7 were as they must be")
		if got := strings.Contains(screen.String(), "\x1b["); got != want {
			t.Errorf("%s: colours: %v", env, got)
		}
	}
}
