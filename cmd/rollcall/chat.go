package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"example.com/rollcall/wire"
	"example.com/rollcall/wire/client"
)

// kindAll marks what was said to everybody.
const kindAll = "all"

// chatCommand is a person's terminal.
func (p *program) chatCommand() *cobra.Command {
	f := &stayFlags{}
	cmd := &cobra.Command{
		Use:   "chat --user NAME [flags]",
		Short: "Talk to those who are online",
		Long: `Chat shows who comes and goes, and lets you write to one or to all:

  @bob hi     to bob alone; the tabulator completes names
  hi          to everyone who is online
  /who        who is online
  /send @bob FILE     offer a file to bob, who has to accept it
  /accept N [PATH]    take the file of offer N, into the current directory
  /decline N          refuse it
  /help       this list
  /quit       leave; the end of the input, Ctrl-C and Ctrl-D do the same

When standard input is no terminal, its lines are taken as they come. At their end
chat waits for the files that are on their way or still to be accepted; Ctrl-C
gives them up. The exit code tells of the first message that did not reach everyone
whom it was for, or file that did not arrive.`,
		Example: `  rollcall chat --user alice
  echo '@bob done' | rollcall chat --user alice
  echo '/send @bob plan.pdf' | rollcall chat --user alice`,
		Args: noArguments("user"),
		RunE: func(cmd *cobra.Command, _ []string) error { return p.chat(cmd.Context(), f) },
	}
	f.bind(cmd.Flags())
	return cmd
}

// chat is one person's talk.
type chat struct {
	// static after construction
	client   *client.Client
	user     string
	patience time.Duration // for the server's answer to a message
	say      func(string)
	offers   offers        // has a lock of its own
	snapshot chan struct{} // closed once it is known who is online

	// owned by the goroutine that reads the lines
	over bool // there are no more, and nobody has said /quit

	// owned by whoever holds mu
	mu     sync.Mutex
	online []string // sorted; not the user itself
	failed error    // why the first message that reached nobody, or not all, did not, or the first file
}

func (p *program) chat(ctx context.Context, f *stayFlags) error {
	if err := f.needUser(); err != nil {
		return err
	}
	o, err := f.options()
	if err != nil {
		return err
	}
	t := &chat{user: f.user, patience: f.answerTimeout, snapshot: make(chan struct{})}
	console, err := p.console(t.complete)
	if err != nil {
		return err
	}
	defer console.close()
	t.say = console.say
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	o.OnDeliver = func(m client.Message) { t.say(incoming(m)) }
	o.OnOffer = func(f client.Offer) { t.offered(ctx, f) }
	o.OnFileNotice = func(n wire.FileNotice) { t.say("* " + noticeLine(n, t.user)) }
	c, err := stay(ctx, f.server, o, func(line string) { t.say("* " + line) })
	if err != nil {
		return err
	}
	t.client = c.Client
	var told sync.WaitGroup
	w, err := c.Watch(ctx)
	if err == nil {
		told.Go(func() {
			for e := range w.Events() {
				t.see(e)
			}
		})
		err = t.listen(ctx, console.lines(ctx))
	}
	if err == nil && !isTerminal(p.in) {
		err = t.account(ctx) // a person has read it already
	}
	cancel()
	t.offers.moving.Wait() // the other sides are told that it is over
	_ = c.Close()
	c.wait()
	told.Wait()
	t.offers.waiting.Wait()
	return err
}

// listen does what the lines say, one after another, until they end, the person
// leaves, or the client has ended for good.
func (t *chat) listen(ctx context.Context, lines <-chan string) error {
	select {
	case <-t.snapshot: // or a line that is there already would be told to nobody
	case <-t.client.Done():
	}
	for {
		select {
		case line, more := <-lines:
			if !more {
				t.over = true
				return nil
			}
			if !t.do(ctx, line) {
				return nil
			}
		case <-t.client.Done():
			if err := t.client.Err(); !interrupted(err) {
				return err
			}
			return nil
		}
	}
}

// account tells what has failed of all that was said. When the lines have come to
// their end, the files on their way come to theirs first, or to that of ctx.
func (t *chat) account(ctx context.Context) error {
	if t.over {
		t.offers.moving.Wait()
	} else if ctx.Err() != nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.failed
}

// chatHelp is what /help says.
var chatHelp = []string{
	"@NAME TEXT  to one",
	"TEXT        to everyone who is online",
	"/who        who is online",
	"/send @NAME FILE, /accept NUMBER [PATH], /decline NUMBER: files",
	"/quit       leave",
}

// do does what one line says, and reports whether the talk goes on.
func (t *chat) do(ctx context.Context, line string) bool {
	line = strings.TrimSpace(line)
	verb, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	switch {
	case line == "":
	case verb == "/send":
		t.sendFile(ctx, rest)
	case verb == "/accept":
		t.accept(ctx, rest)
	case verb == "/decline":
		t.decline(rest)
	case line == "/quit":
		return false
	case line == "/help":
		for _, l := range chatHelp {
			t.say(l)
		}
	case line == "/who":
		t.say("online: " + strings.Join(append([]string{t.user + " (you)"}, t.others()...), ", "))
	case line[0] == '/':
		t.say("* there is no " + line + "; /help tells what there is")
	case line[0] == '@':
		to, text, _ := strings.Cut(line[1:], " ")
		if text = strings.TrimSpace(text); to == "" || text == "" {
			t.say("* it is @NAME TEXT")
			break
		}
		t.toOne(ctx, to, text)
	default:
		t.toAll(ctx, line)
	}
	return true
}

func (t *chat) toOne(ctx context.Context, to, text string) {
	if err := t.send(ctx, to, "", text); err != nil {
		t.say("* " + why(to, err))
		t.fail(offline(to, err))
		return
	}
	t.say("  (sent to " + to + ")")
}

// together bounds how many messages to all are on their way at once.
const together = 32

// toAll sends a text to everyone else, side by side.
func (t *chat) toAll(ctx context.Context, text string) {
	var sending sync.WaitGroup
	var mu sync.Mutex
	reached, failed, first := 0, []string(nil), error(nil)
	slots := make(chan struct{}, together)
	for _, to := range t.others() {
		slots <- struct{}{}
		sending.Go(func() {
			defer func() { <-slots }()
			err := t.send(ctx, to, kindAll, text)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				reached++
			case !errors.Is(err, wire.CodeUserOffline): // who has gone in this moment is shown anyway
				failed = append(failed, why(to, err))
				first = cmp.Or(first, fmt.Errorf("not sent to %s: %w", to, err))
			}
		})
	}
	sending.Wait()
	slices.Sort(failed)
	for _, f := range failed {
		t.say("* " + f)
	}
	if first != nil {
		t.fail(first)
	}
	if reached == 0 {
		t.say("* nobody else is online")
		t.fail(exitWith(exitAbsent, "nobody else is online"))
		return
	}
	t.say(fmt.Sprintf("  (sent to %d)", reached))
}

// fail remembers the first failure.
func (t *chat) fail(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failed = cmp.Or(t.failed, err)
}

// send sends one message and waits for the server's word.
func (t *chat) send(ctx context.Context, to, kind, text string) error {
	if err := wire.ValidUser(to); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, t.patience)
	defer cancel()
	_, err := t.client.SendKind(ctx, to, kind, []byte(text))
	return err
}

// why says why a message was not sent.
func why(to string, err error) string {
	switch {
	case errors.Is(err, wire.CodeUserOffline):
		return printable(to) + " is offline"
	case errors.Is(err, context.DeadlineExceeded):
		return "not sent to " + printable(to) + ": the server does not answer"
	default:
		return "not sent to " + printable(to) + ": " + plain(err)
	}
}

// see shows a change of presence.
func (t *chat) see(e client.Event) {
	switch {
	case e.Kind == client.Snapshot:
		for _, o := range e.Online {
			t.note(o.User, true)
		}
		names := t.others()
		if len(names) == 0 {
			names = []string{"nobody else"}
		}
		t.say("* online: " + strings.Join(names, ", ") + " (/help tells what you can do)")
		t.know()
	case e.User == t.user:
	case e.Kind == client.Online:
		t.note(e.User, true)
		t.say("* " + printable(e.User) + " is online")
	default:
		t.note(e.User, false)
		t.say("* " + printable(e.User) + " is offline: " + reasonOf(e))
	}
}

// know lets the lines be read: a watch has one snapshot.
func (t *chat) know() {
	if t.snapshot != nil {
		close(t.snapshot)
	}
}

// note remembers who is online.
func (t *chat) note(user string, online bool) {
	if user == t.user {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	at, there := slices.BinarySearch(t.online, user)
	switch {
	case online && !there:
		t.online = slices.Insert(t.online, at, user)
	case !online && there:
		t.online = slices.Delete(t.online, at, at+1)
	}
}

// others returns who else is online.
func (t *chat) others() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.online)
}

// complete returns the whole of the name that a line begins with, as "@al".
func (t *chat) complete(line string) (string, bool) {
	begun, at := strings.CutPrefix(line, "@")
	if !at || strings.Contains(begun, " ") {
		return "", false
	}
	for _, name := range t.others() {
		if strings.HasPrefix(name, begun) {
			return "@" + name + " ", true
		}
	}
	return "", false
}

// incoming shows a message of another user.
func incoming(m client.Message) string {
	text := printable(m.From) + ": " + body(m.Body)
	if m.Kind == kindAll {
		text = printable(m.From) + " to all: " + body(m.Body)
	}
	if m.Lost > 0 {
		text = fmt.Sprintf("(%d lost) %s", m.Lost, text)
	}
	return text
}
