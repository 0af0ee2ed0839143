package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/rollcall/supervisor"
)

// process is a real process of the program, or of another.
type process struct {
	t         testing.TB
	name      string
	cmd       *exec.Cmd
	out, errs *lines
	done      chan struct{}
	code      int // -1: killed by a signal
}

// newProcess makes a process that is not yet started.
func newProcess(t testing.TB, env []string, program string, args ...string) *process {
	p := &process{
		t: t, name: strings.Join(args, " "), out: newLines(), errs: newLines(), done: make(chan struct{}),
		cmd: exec.Command(program, args...), //nolint:gosec // our own
	}
	p.cmd.Env = env
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.errs
	return p
}

// spawn makes a process and starts it.
func spawn(t testing.TB, env []string, program string, args ...string) *process {
	t.Helper()
	p := newProcess(t, env, program, args...)
	p.start()
	return p
}

// start starts the process, and ends it with the test, by its own process ID.
func (p *process) start() {
	t := p.t
	t.Helper()
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.done)
		_ = p.cmd.Wait()
		p.code = p.cmd.ProcessState.ExitCode()
	}()
	t.Cleanup(func() {
		if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Error(err)
		}
		<-p.done
		if t.Failed() {
			t.Logf("--- %s\n%s%s", p.name, p.out, p.errs)
		}
	})
}

func (p *process) see(words ...string) string {
	p.t.Helper()
	return p.out.see(p.t, p.name, words...)
}

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatalf("%v to %s: %v", s, p.name, err)
	}
}

// freeze stops the process, and returns when it stands still.
func (p *process) freeze() {
	p.t.Helper()
	p.signal(syscall.SIGSTOP)
	var status syscall.WaitStatus
	for {
		_, err := syscall.Wait4(p.cmd.Process.Pid, &status, syscall.WUNTRACED, nil)
		if !errors.Is(err, syscall.EINTR) {
			if err != nil || !status.Stopped() {
				p.t.Fatalf("%s does not stop: %v, %v", p.name, status, err)
			}
			return
		}
	}
}

func (p *process) thaw() { p.t.Helper(); p.signal(syscall.SIGCONT) }

// wait waits for the process's end and returns its exit code.
func (p *process) wait() int {
	p.t.Helper()
	select {
	case <-p.done:
		return p.code
	case <-time.After(patience):
		p.t.Fatalf("%s does not end", p.name)
		return 0
	}
}

// world is a server as a process of its own, with what finds it.
type world struct {
	*serving // its shell and its addresses; the server runs elsewhere
	process  *process
}

// serveProcess starts a server as a process. It keeps no files unless args say
// where.
func serveProcess(t testing.TB, args ...string) *world {
	t.Helper()
	p := spawn(t, nil, binary, append([]string{"serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data", noFiles}, args...)...)
	w := &world{&serving{shell: newShell(t)}, p}
	w.server, w.admin = addresses(t, p.see("listening on "))
	w.env["ROLLCALL_SERVER"], w.env["ROLLCALL_ADMIN"] = w.server, w.admin
	return w
}

// spawn starts a process that finds the server.
func (w *world) spawn(args ...string) *process {
	w.shell.t.Helper()
	return spawn(w.shell.t, []string{"ROLLCALL_SERVER=" + w.server}, binary, args...)
}

// watch starts a watcher that outlives a frozen server.
func (w *world) watch() *process {
	w.shell.t.Helper()
	p := w.spawn("watch", "--json", "--heartbeat", "1m", "--timeout", "10m")
	p.see(`"event":"snapshot"`)
	return p
}

// story is what a watcher was told of a user so far, in a word for each change.
func story(t testing.TB, watcher *process, user string) string {
	t.Helper()
	var words []string
	for line := range strings.Lines(watcher.out.String()) {
		if !strings.HasSuffix(line, "\n") {
			break // half a line
		}
		var m struct {
			Event, User, Reason string
		}
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if m.User != user {
			continue
		}
		word := m.Event
		if m.Reason == "eof" || m.Reason == "reset" { // which of them is the kernel's choice
			word = "cut"
		} else if m.Reason != "" {
			word = m.Reason
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

// last returns the latest termination of a user.
func (w *world) last(user string) supervisor.Termination {
	w.shell.t.Helper()
	var page supervisor.TerminationPage
	if err := json.Unmarshal(w.get("/connz?state=closed&limit=1&user="+user, 200), &page); err != nil || len(page.Terminations) != 1 {
		w.shell.t.Fatalf("the terminations of %s: %v, %v", user, page, err)
	}
	return page.Terminations[0]
}
