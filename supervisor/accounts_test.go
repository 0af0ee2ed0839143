package supervisor_test

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/rollcall/actors/record"
	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

var updateAccounts = flag.Bool("update-accounts", false, "write actors/record/ACCOUNTS.md anew")

const accountsFile = "../actors/record/ACCOUNTS.md"

const accountsHead = "# Accounts\n" +
	"What `rollcall why` tells, for each reason in the table of [`wire/reason.go`](../../wire/reason.go).\n" +
	"Each was caused, and asked for: by `TestAccounts` in `supervisor`, which compares what it gets with\n" +
	"this document (`go test ./supervisor -run TestAccounts -update-accounts` writes it anew). Time in\n" +
	"those tests is virtual; a server that really stood still is asked in `cmd/rollcall`\n" +
	"(`TestStallShowsInAccounts`).\n"

// accountOf returns what is told of the newest departure of a subject.
func accountOf(t *testing.T, j record.Journal, subject string) string {
	t.Helper()
	s, err := record.ParseSubject(subject)
	if err != nil {
		t.Fatal(err)
	}
	found, err := record.Accounts(j, s, record.Limit{})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		t.Fatalf("nothing is on record of %s", subject)
	}
	return found[0].Text(nil)
}

// TestAccounts: for each reason there is an account, and it says what was done.
// Guards P6.
func TestAccounts(t *testing.T) {
	told := map[wire.Reason]string{}
	for _, c := range reasonCases() {
		if _, is := told[c.reason]; is || c.name == "slow consumer at the bound of the queue" {
			continue // how much was queued there is not the same in each run
		}
		t.Run(c.reason.String(), func(t *testing.T) {
			cfg := c.config
			cfg.Journal, cfg.Random = record.NewMemoryJournal(0), func() float64 { return 0.5 } // the same in each run
			inBubble(t, cfg, func(w *world) { told[c.reason] = c.account(w, cfg.Journal) })
		})
	}
	for reason, cause := range map[wire.Reason]func(t *testing.T) string{
		wire.ReasonTooMany: refusedAccount, wire.ReasonLogout: logoutAccount,
		wire.ReasonServerShutdown: shutdownAccount, wire.ReasonNodeLost: lostAccount,
	} {
		t.Run(reason.String(), func(t *testing.T) { told[reason] = cause(t) })
	}
	var b strings.Builder
	b.WriteString(accountsHead)
	for _, r := range wire.Reasons() {
		if told[r] == "" {
			t.Errorf("no account of %s", r)
		}
		if !strings.Contains(told[r], fmt.Sprintf("%s (%d)", r, uint8(r))) {
			t.Errorf("the account of %s does not name it:\n%s", r, told[r])
		}
		fmt.Fprintf(&b, "\n## %s\n```text\n%s```\n", r, told[r])
	}
	if *updateAccounts {
		if err := os.WriteFile(accountsFile, []byte(b.String()), 0o644); err != nil { //nolint:gosec // a document
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(accountsFile)
	if err != nil {
		t.Fatal(err)
	}
	if was, is := steady(string(have)), steady(b.String()); was != is {
		t.Errorf("%s tells something else; the first line that differs:\n%s", accountsFile, difference(was, is))
	}
}

// traffic is what changes with every field that the protocol gets.
var traffic = regexp.MustCompile(`(?m)^  (traffic|queue) .*$|\(\d+ bytes\)`)

func steady(text string) string { return traffic.ReplaceAllString(text, "") }

func difference(have, want string) string {
	h, w := strings.Split(have, "\n"), strings.Split(want, "\n")
	for i := range w {
		if i >= len(h) {
			return "+ " + w[i]
		}
		if h[i] != w[i] {
			return "- " + h[i] + "\n+ " + w[i]
		}
	}
	return "- " + h[len(w)]
}

// account causes the end of the case, and tells of it.
func (c reasonCase) account(w *world, j record.Journal) string {
	w.watcher("watcher")
	p := w.dial()
	switch {
	case c.bare:
	case c.loner:
		p.hello(device)
	default:
		p.hello(device).login(subject)
	}
	w.settle()
	c.end(w, p)
	w.faults += c.faults
	w.settle()
	w.after(2 * time.Second)
	for _, e := range events[supervisor.Terminated](w.rec) {
		if e.Remote == p.nc.LocalAddr().String() {
			return accountOf(w.t, j, fmt.Sprint("connection:", e.Connection))
		}
	}
	w.t.Error("it has not ended")
	return ""
}

func refusedAccount(t *testing.T) (text string) {
	cfg := supervisor.Config{MaxConnections: 1, Journal: record.NewMemoryJournal(0)}
	inBubble(t, cfg, func(w *world) {
		w.join("alice")
		p := w.dialFrom(addr(77), supervisor.ErrFull)
		if bye, _ := p.bye(); bye == nil {
			t.Error("no goodbye")
		}
		w.after(2 * time.Second)
		text = accountOf(t, cfg.Journal, "endpoint:"+addr(77).String())
	})
	return text
}

func logoutAccount(t *testing.T) (text string) {
	cfg := supervisor.Config{Journal: record.NewMemoryJournal(0)}
	inBubble(t, cfg, func(w *world) {
		w.watcher("watcher")
		p := w.join(subject)
		r := p.next()
		p.send(&wire.Logout{Request: r})
		p.answer(r)
		w.after(2 * time.Second)
		text = accountOf(t, cfg.Journal, "user:"+subject)
	})
	return text
}

func shutdownAccount(t *testing.T) (text string) {
	cfg := supervisor.Config{Journal: record.NewMemoryJournal(0)}
	inBubble(t, cfg, func(w *world) {
		w.join(subject)
		w.settle()
		w.down = true
		done := make(chan error, 1)
		go func() { done <- w.s.Shutdown(ctx) }()
		w.after(2 * time.Second)
		if err := <-done; err != nil {
			t.Error(err)
		}
		text = accountOf(t, cfg.Journal, "user:"+subject)
	})
	return text
}

func lostAccount(t *testing.T) (text string) {
	cfg := supervisor.Config{Journal: record.NewMemoryJournal(0)}
	inLives(t, cfg, func(l *lives) {
		l.watcher("watcher")
		l.join(subject)
		l.after(time.Minute)
		l.crashQuietly(5 * time.Second)
		l.back("watcher")
		l.after(2 * restartGrace)
		text = accountOf(t, l.cfg.Journal, "user:"+subject)
	})
	return text
}

// crashQuietly is crash, with a journal that the dead server cannot write to.
func (l *lives) crashQuietly(dead time.Duration) {
	l.after(time.Second)
	l.roll = l.roll.Next()
	for _, p := range l.peers {
		if p.view != nil {
			l.views[p.user] = p.view
		}
	}
	own := l.cfg.Journal
	life := record.NewMemoryJournal(0)
	var kept []record.Record
	for r := range own.Records(record.Query{}) {
		kept = append([]record.Record{r}, kept...)
	}
	if err := life.Append(kept); err != nil {
		l.t.Fatal(err)
	}
	l.abandon()
	synctest.Wait()
	l.after(dead)
	l.cfg.Journal = life
	l.begin()
}
