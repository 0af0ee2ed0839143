package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire/client"
)

// demoResult is what became of one scene.
type demoResult struct {
	scene demoScene
	begin time.Duration // of the last step
	end   *supervisor.Termination
	after time.Duration // from begin to the notice
	wrong []string
}

// judge compares what happened with what must be. A server that stood still
// meanwhile is late for a good reason (P4).
func (r *demoResult) judge(told []notice, stalled bool) {
	bad := func(format string, args ...any) { r.wrong = append(r.wrong, fmt.Sprintf(format, args...)) }
	s := r.scene
	if n := len(told); n != 2 || told[0].Kind != client.Online || told[1].Kind != client.Offline {
		bad("the watcher must be told of one coming and one going, and was told of %d changes", n)
		return
	}
	r.after = told[1].after - r.begin
	if told[1].Reason != s.told {
		bad("the watcher was told %v, and not %v", told[1].Reason, s.told)
	}
	if r.end.Reason != s.reason {
		bad("the server ended it with %v, and not %v", r.end.Reason, s.reason)
	}
	if r.end.MidFrame != s.midFrame {
		bad("the evidence says %v about the middle of a frame", r.end.MidFrame)
	}
	if r.after < s.least || r.end.Silent < s.least {
		bad("the watcher was told after %v, before the %v of the timeout were over", short(r.after), s.least)
	}
	if r.after > s.least+atOnce && !stalled {
		bad("the watcher was told after %v only", short(r.after))
	}
}

// checkSteady lets the steady user go, and makes sure that it was never shown
// offline before.
func (d *demo) checkSteady(ctx context.Context) (wrong []string) {
	d.out.line("")
	d.out.line("%s", d.out.paint(bold, demoSteady+" was there all the time, and says goodbye now"))
	_ = d.steady.Close()
	if d.watcher == nil {
		return nil
	}
	if err := d.until(ctx, func() bool { return len(d.told[demoSteady]) > 0 && !d.online(demoSteady) }); err != nil {
		return []string{"the watcher was not told of " + demoSteady + "'s goodbye"}
	}
	if n := len(d.told[demoSteady]); n != 2 {
		wrong = append(wrong, fmt.Sprintf("the watcher was told of %d changes of %s, and not of 2", n, demoSteady))
	}
	for user := range d.told {
		if user != demoSteady && !slices.ContainsFunc(demoScenes, func(s demoScene) bool { return s.user == user }) {
			wrong = append(wrong, "the watcher was told of "+user+", who does not exist")
		}
	}
	return wrong
}

// checkEmpty makes sure that nothing is left of anybody.
func (d *demo) checkEmpty(ctx context.Context) (wrong []string) {
	var c supervisor.Counts
	var err error
	if waited := d.until(ctx, func() bool {
		c, err = d.server.Counts(ctx)
		return err != nil || c.Connections+c.Handshaking+c.Users+c.Sessions+c.Watchers == 0
	}); waited != nil || err != nil {
		wrong = append(wrong, fmt.Sprintf("something is left in the server's maps: %+v", c))
	}
	if n := d.server.Counters().Panics; n > 0 {
		wrong = append(wrong, fmt.Sprintf("the server caught %s", count(int(n), "panic"))) //nolint:gosec // small
	}
	return wrong
}

// summary prints the table, and the last word.
func (d *demo) summary(end []string) {
	d.out.line("")
	var text strings.Builder
	t := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "USER\tHOW\tTHE SERVER'S REASON\tTHE WATCHER WAS TOLD\tAFTER\tAS IT MUST BE")
	good := 0
	for _, r := range d.results {
		verdict, reason, told := "yes", "-", "-"
		if len(r.wrong) > 0 {
			verdict = "no: " + strings.Join(r.wrong, "; ")
		} else {
			good++
		}
		if r.end != nil {
			reason = r.end.Reason.String()
		}
		if all := d.told[r.scene.user]; len(all) > 0 {
			told = toldWords(all[len(all)-1])
		}
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%v\t%s\n", r.scene.user, r.scene.title, reason, told, r.after.Round(100*time.Microsecond), verdict)
	}
	_ = t.Flush()
	for line := range strings.Lines(text.String()) {
		d.out.line("%s", strings.TrimRight(line, " \n"))
	}
	d.out.line("")
	for _, w := range end {
		d.out.line("%s", d.out.paint(red, "wrong: "+w))
	}
	if good == len(d.results) && len(end) == 0 {
		d.out.line("%s", d.out.paint(green, fmt.Sprintf("All %d were as they must be; nobody else was ever shown offline, and nothing is left in the server's maps.", good)))
	}
}

// toldWords is a notice in a word or two.
func toldWords(n notice) string {
	if n.Kind == client.Online {
		return "online"
	}
	return "offline, " + n.Reason.String()
}
