package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience is when a test gives up waiting: far beyond what anything takes.
const patience = time.Minute

// result is what a finished run left.
type result struct {
	code     int
	out, err string
}

// shell runs the program within the test's process.
type shell struct {
	t   testing.TB
	env map[string]string
	in  io.Reader
}

// newShell makes a shell whose servers keep no files, unless a test says where:
// never in the home of whoever runs the tests.
func newShell(t testing.TB) *shell {
	return &shell{t: t, env: map[string]string{"ROLLCALL_DATA": noFiles}}
}

func (s *shell) program(out, err io.Writer, signals <-chan os.Signal) *program {
	in := s.in
	if in == nil {
		in = strings.NewReader("")
	}
	return &program{
		in: in, out: out, err: err, signals: signals,
		env:  func(name string) (string, bool) { v, ok := s.env[name]; return v, ok },
		exit: func(int) { panic("the process would end at once") },
	}
}

// run runs a command line to its end.
func (s *shell) run(args ...string) result {
	s.t.Helper()
	var out, errs bytes.Buffer
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	code := s.program(&out, &errs, nil).run(ctx, args)
	return result{code, out.String(), errs.String()}
}

// want runs a command line, and fails unless it ends with the code.
func (s *shell) want(code int, args ...string) result {
	s.t.Helper()
	r := s.run(args...)
	if r.code != code {
		s.t.Fatalf("rollcall %s: code %d, not %d\n%s%s", strings.Join(args, " "), r.code, code, r.out, r.err)
	}
	if code != exitOK && !isOneLine(r.err) {
		s.t.Errorf("rollcall %s: the error is not one line: %q", strings.Join(args, " "), r.err)
	}
	return r
}

func isOneLine(text string) bool {
	return strings.HasPrefix(text, "rollcall: ") && strings.Count(text, "\n") == 1 && strings.HasSuffix(text, "\n")
}

// running is a command that goes on beside the test.
type running struct {
	t         testing.TB
	name      string
	out, errs *lines
	signals   chan os.Signal
	done      chan struct{}
	code      int
}

// start runs a command line beside the test, and ends it with the test.
func (s *shell) start(args ...string) *running {
	r := &running{
		t: s.t, name: strings.Join(args, " "), out: newLines(), errs: newLines(),
		signals: make(chan os.Signal, 2), done: make(chan struct{}),
	}
	p := s.program(r.out, r.errs, r.signals)
	go func() {
		defer close(r.done)
		r.code = p.run(context.Background(), args)
	}()
	s.t.Cleanup(func() {
		select {
		case <-r.done:
		default:
			r.end()
		}
	})
	return r
}

// end interrupts the command and returns its code.
func (r *running) end() int {
	r.t.Helper()
	r.signals <- os.Interrupt
	return r.wait()
}

// wait waits for the command's end and returns its code.
func (r *running) wait() int {
	r.t.Helper()
	select {
	case <-r.done:
		return r.code
	case <-time.After(patience):
		r.t.Fatalf("rollcall %s does not end\n%s%s", r.name, r.out, r.errs)
		return -1
	}
}

// see waits for a line of standard output that holds all of the words, behind
// those that were seen before.
func (r *running) see(words ...string) string {
	r.t.Helper()
	return r.out.see(r.t, r.name, words...)
}

// lines takes what a program writes, and lets a test wait for it line by line.
type lines struct {
	mu   sync.Mutex
	text []byte
	seen int           // up to where see has looked
	more chan struct{} // closed, and made anew, at each write
}

func newLines() *lines { return &lines{more: make(chan struct{})} }

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, p...)
	close(l.more)
	l.more = make(chan struct{})
	return len(p), nil
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text)
}

// next returns the next whole line that was not seen, and else what to wait on.
func (l *lines) next() (line string, ok bool, more <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	rest := l.text[l.seen:]
	end := bytes.IndexByte(rest, '\n')
	if end < 0 {
		return "", false, l.more
	}
	l.seen += end + 1
	return string(rest[:end]), true, nil
}

func (l *lines) see(t testing.TB, name string, words ...string) string {
	t.Helper()
	late := time.After(patience)
next:
	for {
		line, ok, more := l.next()
		if !ok {
			select {
			case <-more:
			case <-late:
				t.Fatalf("%s: no line with %q\n%s", name, words, l)
			}
			continue
		}
		for _, w := range words {
			if !strings.Contains(line, w) {
				continue next
			}
		}
		return line
	}
}
