package record

import (
	"fmt"
	"strings"
	"time"

	"example.com/rollcall/wire"
)

// Text tells the account: one paragraph to be read aloud, the evidence under it,
// line by line, and then what is not known. Times are in the zone, UTC if nil.
func (a *Account) Text(zone *time.Location) string {
	var b strings.Builder
	b.WriteString(a.story(zone))
	b.WriteString("\n\nEvidence\n")
	for _, line := range a.evidence(newWords(zone, a.At)) {
		b.WriteString("  " + line + "\n")
	}
	if unknown := a.unknowns(zone); len(unknown) > 0 {
		b.WriteString("\nNot known\n")
		for _, line := range unknown {
			b.WriteString("  " + line + "\n")
		}
	}
	return b.String()
}

// story is the paragraph: who and when, what happened, why we say so, what others
// were told, what it cost.
func (a *Account) story(zone *time.Location) string {
	w := newWords(zone, a.At)
	t := a.tell(w)
	parts := []string{fmt.Sprintf("%s %s %s: %s.", a.who(), a.ended(), w.full(a.At), t.what), t.because}
	parts = append(parts, a.stallStory(w)...)
	parts = append(parts, a.meaning(w)...)
	parts = append(parts, a.cost(w)...)
	return strings.Join(parts, " ")
}

func (a *Account) who() string {
	d := a.Departure
	switch {
	case a.Lost != nil:
		return "User " + quoted(a.User)
	case d == nil:
		return fmt.Sprintf("User %s (connection %d)", quoted(a.User), a.Connection)
	case a.User != "":
		return fmt.Sprintf("User %s (connection %d from %s)", quoted(a.User), a.Connection, d.Remote)
	case a.Connection == 0:
		return fmt.Sprintf("A connection from %s, which was turned away before it had a number,", d.Remote)
	default:
		return fmt.Sprintf("Connection %d from %s, on which nobody was logged in,", a.Connection, d.Remote)
	}
}

func (a *Account) ended() string {
	switch {
	case a.Lost != nil:
		return "was announced offline on"
	case a.Departure == nil:
		return "ended a session on"
	case a.User != "":
		return "was disconnected on"
	default:
		return "ended on"
	}
}

// stallStory tells of the server's own stalls: an honest account begins at home.
func (a *Account) stallStory(w words) []string {
	var each []string
	for i, s := range a.Stalls {
		if i == 3 {
			each = append(each, fmt.Sprintf("%d more times", len(a.Stalls)-i))
			break
		}
		each = append(each, fmt.Sprintf("for about %s until %s", span(s.Length), w.when(s.At)))
	}
	if len(each) == 0 {
		return nil
	}
	return []string{"Around that moment the server itself had stood still, " + strings.Join(each, ", ") + "; that may have played a part."}
}

// meaning tells what it meant for the user, and what others were told.
func (a *Account) meaning(w words) []string {
	if a.User == "" {
		return []string{"Nobody else was told, since nobody was logged in on it."}
	}
	var parts []string
	s := a.Session
	switch {
	case a.Lost != nil:
	case s == nil:
		return append(a.told(w), a.returned(w)...)
	case s.Left > 0:
		parts = append(parts, fmt.Sprintf("The user had %s left and stayed online, so nobody was told.", count(s.Left, "other session")))
	case s.HeldUntil > 0:
		parts = append(parts, fmt.Sprintf("It was the last session; the user was kept online until %s to give time for a return.", w.when(s.HeldUntil)))
	case s.Offline:
		parts = append(parts, "It was the last session, so the user went offline at once.")
	}
	parts = append(parts, a.told(w)...)
	if s != nil && s.HeldUntil > 0 && len(a.Announcements) == 0 {
		switch {
		case a.latest <= s.HeldUntil:
			parts = append(parts, "How that ended is not on record yet.")
		default:
			parts = append(parts, "No offline notice is on record after it: the user was back in time, and nobody was told anything.")
		}
	}
	return append(parts, a.returned(w)...)
}

// told tells what watchers were told.
func (a *Account) told(w words) []string {
	var parts []string
	for _, n := range a.Announcements {
		if n.Reason == wire.ReasonNodeLost && a.Lost == nil {
			parts = append(parts, "Before that was over, the server itself died and began again.")
		}
		if n.Reason == wire.ReasonServerShutdown && n.Watchers == 0 {
			parts = append(parts, "The server was ending, and its watchers with it: they saw it go, and were told nothing of this user.")
			continue
		}
		if n.Watchers == 0 {
			parts = append(parts, fmt.Sprintf("The user was offline from %s on, with the reason %s; nobody was watching.", w.when(n.At), n.Reason))
			continue
		}
		whom := count(n.Watchers, "watching connection") + " were told"
		if n.Watchers == 1 {
			whom = "1 watching connection was told"
		}
		parts = append(parts, fmt.Sprintf("%s, at %s, that the user is offline, with the reason %s.", whom, w.when(n.At), n.Reason))
	}
	return parts
}

func (a *Account) returned(w words) []string {
	if a.Return == nil || len(a.Announcements) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("The user was shown online again at %s, %s after the notice.", w.when(a.Return.At), span(a.Return.At-a.Announcements[len(a.Announcements)-1].At))}
}

// cost tells which transfers it cost.
func (a *Account) cost(w words) []string {
	if len(a.Transfers) == 0 {
		return []string{"It cost no file transfer that is on record."}
	}
	var each []string
	for i, t := range a.Transfers {
		if i == 5 {
			each = append(each, fmt.Sprintf("and %d more", len(a.Transfers)-i))
			break
		}
		each = append(each, fmt.Sprintf("the %s of %s was %s at %d of %d bytes%s", t.Kind, nameOf(t), t.Outcome, t.Done, t.Size, a.later(w, t)))
	}
	return []string{fmt.Sprintf("It cost %s: %s.", count(len(a.Transfers), "file transfer"), strings.Join(each, "; "))}
}

// later tells what became of a transfer.
func (a *Account) later(w words, t *Transfer) string {
	if t.File == "" {
		return ""
	}
	for _, l := range a.TransfersLater {
		if l.File == t.File {
			return fmt.Sprintf(", and %s at %s", l.Outcome, w.when(l.At))
		}
	}
	return ""
}

func nameOf(t *Transfer) string {
	switch {
	case t.Name != "":
		return quoted(t.Name)
	case t.File != "":
		return "file " + t.File
	}
	return "a file"
}

// unknowns tells what the account does not know.
func (a *Account) unknowns(zone *time.Location) []string {
	w := newWords(zone, a.At)
	var all []string
	if u := a.tell(w).unknown; u != "" {
		all = append(all, u)
	}
	if len(a.Stalls) > 0 && a.clientsDoing() {
		all = append(all, "The server had stood still: we do not know whether the client gave it up for that.")
	}
	if len(a.MatchedAs) > 0 && a.Subject.ambiguous() {
		all = append(all, fmt.Sprintf("We do not know what %s was meant to be; this was found by taking it as %s.", quoted(a.Subject.Text), strings.Join(a.MatchedAs, " and as ")))
	}
	if a.User != "" && a.Lost == nil && a.Session == nil {
		all = append(all, "There is no record of what this meant for the user, so we do not know whether others were told more than stands above.")
	}
	if s := a.Session; s != nil && s.Offline && len(a.Announcements) == 0 {
		all = append(all, "There is no record of a notice to watchers, though the user went offline: we do not know what they were told.")
	}
	if a.Lost != nil && a.crash() == nil {
		all = append(all, "There is no record of the server's restart.")
	}
	for _, g := range a.Gaps {
		all = append(all, fmt.Sprintf("Records are missing: %s that should have been written by %s (%s).", count(g.Count, "record"), w.when(g.At), g.Why))
	}
	for _, d := range a.Damage {
		all = append(all, "Records are missing: "+d+".")
	}
	return all
}

// clientsDoing tells whether the end came from the client's side, or may have.
func (a *Account) clientsDoing() bool {
	switch a.Reason {
	case wire.ReasonBye, wire.ReasonEOF, wire.ReasonReset, wire.ReasonWriteFailed, wire.ReasonHeartbeatTimeout:
		return true
	}
	return false
}

func (s *Subject) ambiguous() bool { return len(s.queries(Limit{})) > 1 }

// lifeLine tells of a beginning or an end of the server.
func lifeLine(w words, l *Life) string {
	switch {
	case l.Ended:
		return fmt.Sprintf("%s server ended in an orderly way, epoch %d", w.exact(l.At), l.Epoch)
	case l.Crashed:
		return fmt.Sprintf("%s server began, epoch %d; epoch %d had crashed, last alive %s, %s on its roll", w.exact(l.At), l.Epoch, l.Before, w.exact(l.LastAlive), count(l.Users, "user"))
	}
	return fmt.Sprintf("%s server began, epoch %d", w.exact(l.At), l.Epoch)
}

// sideName names who ended a connection first.
func sideName(s Side) string {
	switch s {
	case SideClient:
		return "the client"
	case SideServer:
		return "the server"
	}
	return "not known"
}

// reasonLine is the first line of the evidence.
func reasonLine(r wire.Reason) string { return fmt.Sprintf("reason      %s (%d)", r, uint8(r)) }
