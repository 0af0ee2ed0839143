package main

import (
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"example.com/rollcall/wire/client"
)

// escapes are what moves the cursor and colours what is written.
var escapes = regexp.MustCompile("\x1b\\[[0-9;?]*[a-zA-Z]")

// pieces is a file that takes a piece for each token, as a slow disk.
type pieces struct {
	tokens chan struct{}
	taken  atomic.Int64 // bytes
}

func (p *pieces) WriteAt(b []byte, _ int64) (int, error) {
	<-p.tokens
	p.taken.Add(int64(len(b)))
	return len(b), nil
}

func (*pieces) Sync() error { return nil }

// On a terminal there is a bar for each file on its way, with its amount, speed
// and time left, and in the end only the results are left.
func TestBarsAreForTerminals(t *testing.T) {
	w := serveProcess(t, "--data", filepath.Join(t.TempDir(), "data"))
	offers := make(chan client.Offer, 1)
	c, err := client.Dial(t.Context(), w.server, client.Options{User: "bob", OnOffer: func(o client.Offer) { offers <- o }})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_, screen, terminal := openTerminal(t)
	p := newProcess(t, []string{"ROLLCALL_SERVER=" + w.server, "TERM=xterm"}, binary,
		"put", "--user", "alice", "--to", "bob", "--relay", fileOf(t, "one of the files with a very long name.bin", 32<<20))
	p.cmd.Stdout, p.cmd.Stderr = terminal, terminal
	p.start()
	shows := func(what string, meanwhile func()) {
		t.Helper()
		bar := regexp.MustCompile(what)
		until(t, what, func() bool {
			meanwhile()
			lines := strings.Split(escapes.ReplaceAllString(screen.String(), ""), "\n")
			return bar.MatchString(strings.Join(lines[max(0, len(lines)-3):], "\n"))
		})
	}
	shows(`…s with a very long name\.bin \[ +\] +32 MiB +waiting`, func() {})
	dst := &pieces{tokens: make(chan struct{})}
	got := make(chan error, 1)
	go func() {
		_, err := (<-offers).AcceptTo(t.Context(), dst, client.GetOptions{})
		got <- err
	}()
	polls := 0
	shows(`\[=+> +\] +[1-9]\d?(\.\d)? MiB of 32 MiB +[0-9.]+ [KM]iB/s +\d+s left`, func() {
		// About 30 MiB a second, so that there is a speed to tell. Then it stands
		// still until the bar is seen, however busy the machine is.
		if polls++; polls%8 == 0 && dst.taken.Load() < 24<<20 {
			select {
			case dst.tokens <- struct{}{}:
			default:
			}
		}
	})
	close(dst.tokens)
	if err := <-got; err != nil {
		t.Error(err)
	}
	if code := p.wait(); code != exitOK {
		t.Fatalf("code %d: %s", code, screen)
	}
	screen.see(t, "put", "sent ", " to bob (32 MiB in ")
	// The terminal is read beside the test: its last words may come after the end.
	until(t, "the end of the bar", func() bool {
		shown := screen.String()
		return !strings.Contains(shown[max(strings.LastIndex(shown, "\x1b[J"), 0):], "[=")
	})
}

// No bars, and nothing that only a terminal understands, where there is none,
// where it cannot move its cursor, and for programs.
func TestBarsAreForTerminalsOnly(t *testing.T) {
	w := serveProcess(t, "--data", filepath.Join(t.TempDir(), "data"))
	args := []string{"put", "--user", "alice", "--to", "bob", fileOf(t, "one", 8<<20), fileOf(t, "two", 0)}
	for name, c := range map[string]struct {
		term  string
		args  []string
		words string
	}{
		"dumb": {"dumb", args, "stored "},
		"JSON": {"xterm", append(args, "--json"), `"event":"done"`},
	} {
		_, screen, terminal := openTerminal(t)
		p := newProcess(t, []string{"ROLLCALL_SERVER=" + w.server, "TERM=" + c.term}, binary, c.args...)
		p.cmd.Stdout, p.cmd.Stderr = terminal, terminal
		p.start()
		if code := p.wait(); code != exitOK {
			t.Fatalf("%s: code %d: %s", name, code, screen)
		}
		screen.see(t, name, c.words)
		screen.see(t, name, c.words)
		if shown := screen.String(); escapes.MatchString(shown) {
			t.Errorf("%s: %q", name, shown)
		}
	}
	p := w.spawn(args...)
	if p.wait(); strings.ContainsAny(p.out.String(), "\x1b\r") || p.errs.String() != "" {
		t.Errorf("%q %q", p.out, p.errs)
	}
}

func TestTimeLeft(t *testing.T) {
	for seconds, want := range map[float64]string{
		0: "1s", 0.2: "1s", 59.6: "1m0s", 3725: "1h2m5s", 1e12: "days", (100 * time.Hour).Seconds(): "days",
	} {
		if got := timeLeft(seconds); got != want {
			t.Errorf("%v: %q, not %q", seconds, got, want)
		}
	}
}
