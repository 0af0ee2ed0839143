package record

import (
	"fmt"
	"slices"
	"strings"
)

// evidence gives the lines under the story.
func (a *Account) evidence(w words) []string {
	lines := []string{reasonLine(a.Reason)}
	if a.Departure != nil {
		lines = append(lines, departureLines(w, a.Departure)...)
	}
	if s := a.Session; s != nil {
		line := fmt.Sprintf("session     %d ended %s, %s; left %d", s.Session, w.exact(s.At), s.Reason, s.Left)
		if s.HeldUntil > 0 {
			line += ", held until " + w.exact(s.HeldUntil)
		}
		if s.Offline {
			line += ", offline at once"
		}
		lines = append(lines, line)
	}
	for _, n := range a.Announcements {
		line := fmt.Sprintf("notice      %s offline, %s, version %d of epoch %d, to %s", w.exact(n.At), n.Reason, n.Version, n.Epoch, count(n.Watchers, "watcher"))
		if n.LastAlive > 0 {
			line += ", last alive " + w.exact(n.LastAlive)
		}
		lines = append(lines, line)
	}
	if n := a.Return; n != nil {
		lines = append(lines, fmt.Sprintf("notice      %s online, version %d of epoch %d, to %s", w.exact(n.At), n.Version, n.Epoch, count(n.Watchers, "watcher")))
	}
	for _, t := range slices.Concat(a.Transfers, a.TransfersLater) {
		line := fmt.Sprintf("transfer    %s %s %s of %s, %d of %d bytes", w.exact(t.At), t.Outcome, t.Kind, nameOf(t), t.Done, t.Size)
		if t.Code != 0 {
			line += ", " + t.Code.String()
		}
		if t.File != "" && t.Name != "" {
			line += ", file " + t.File
		}
		lines = append(lines, line)
	}
	for _, s := range a.Stalls {
		lines = append(lines, fmt.Sprintf("stall       %s noticed, the server had stood still for about %s", w.exact(s.At), span(s.Length)))
	}
	for _, l := range a.Lives {
		lines = append(lines, "server      "+lifeLine(w, l))
		if l.Lost != "" {
			lines = append(lines, "server      lost: "+l.Lost)
		}
	}
	for _, g := range a.Gaps {
		lines = append(lines, fmt.Sprintf("gap         %s %s missing: %s", w.exact(g.At), count(g.Count, "record"), g.Why))
	}
	return lines
}

// departureLines gives the evidence of the connection.
func departureLines(w words, d *Departure) []string {
	moment := func(at int64) string {
		if at == 0 {
			return "never"
		}
		return w.exact(at)
	}
	lines := []string{
		fmt.Sprintf("connection  %d of epoch %d, %s to %s, accepted %s, ended %s", d.Connection, d.Epoch, d.Remote, d.Local, moment(d.Accepted), moment(d.At)),
		fmt.Sprintf("ended by    %s, %s", sideName(d.First), map[bool]string{true: "in the middle of a frame", false: "not within a frame"}[d.MidFrame]),
	}
	if d.Identifier != "" {
		lines = append(lines, "identifier  "+quoted(d.Identifier)+fmt.Sprintf(", %s of it live then", count(d.Others, "other connection")))
	}
	if !d.Handshaken {
		lines = append(lines, "handshake   not finished")
	}
	if d.Detail != "" {
		lines = append(lines, "detail      "+quoted(d.Detail))
	}
	if d.Error != "" {
		lines = append(lines, "error       "+quoted(d.Error))
	}
	lines = append(lines, fmt.Sprintf("last heard  %s; last sent %s", moment(d.LastIn), moment(d.LastOut)))
	if d.Timeout > 0 {
		lines = append(lines, fmt.Sprintf("heartbeat   every %s, timeout %s; %s sent, %d answered, %d missed since the last sign of life",
			span(d.Interval), span(d.Timeout), count(d.PingsSent, "ping"), d.PingsAnswered, d.PingsMissed))
	}
	if len(d.RTTs) > 0 {
		var each []string
		for _, µs := range d.RTTs {
			each = append(each, fmt.Sprintf("%.1f", float64(µs)/1000))
		}
		lines = append(lines, "round trips "+strings.Join(each, " ")+" ms, the last one last")
	}
	lines = append(lines, fmt.Sprintf("traffic     in %s, %s; out %s, %s", count(d.FramesIn, "frame"), count(d.BytesIn, "byte"), count(d.FramesOut, "frame"), count(d.BytesOut, "byte")))
	if d.QueueFrames > 0 || d.QueueBytes > 0 {
		lines = append(lines, fmt.Sprintf("queue       %s, %s not sent", count(d.QueueFrames, "frame"), count(d.QueueBytes, "byte")))
	}
	if d.Rival != 0 {
		lines = append(lines, fmt.Sprintf("rival       connection %d from %s", d.Rival, d.RivalRemote))
	}
	return lines
}
