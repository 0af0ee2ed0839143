package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"example.com/rollcall/wire"
	"example.com/rollcall/wire/client"
)

// maxOffers bounds the offers that a chat shows at one time; past it the oldest
// can no longer be answered here.
const maxOffers = 100

// offers are the files that others want to send, by the number that the person
// sees.
type offers struct {
	// owned by whoever holds mu
	mu   sync.Mutex
	last int
	open map[int]client.Offer

	moving  sync.WaitGroup // files on their way; begun by listen alone
	waiting sync.WaitGroup // for offers that may go; begun by the client alone
}

// add gives an offer a number.
func (o *offers) add(offer client.Offer) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.open == nil {
		o.open = make(map[int]client.Offer)
	}
	o.last++
	o.open[o.last] = offer
	delete(o.open, o.last-maxOffers)
	return o.last
}

// take takes an offer out, to be answered. When there is none, none says so.
func (o *offers) take(word string) (number int, offer client.Offer, none error) {
	number, err := strconv.Atoi(word)
	if err != nil {
		return 0, offer, errNoNumber
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	offer, ok := o.open[number]
	if !ok {
		return 0, offer, fmt.Errorf("there is no offer %d", number)
	}
	delete(o.open, number)
	return number, offer, nil
}

// errNoNumber is a word that is the number of no offer that ever was.
var errNoNumber = errors.New("no number")

// restore puts an offer back that is still to be answered.
func (o *offers) restore(number int, offer client.Offer) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.open[number] = offer
}

// remove forgets an offer, and reports whether it was still there.
func (o *offers) remove(number int) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, ok := o.open[number]
	delete(o.open, number)
	return ok
}

// offered shows an offer, and tells when it is gone.
func (t *chat) offered(ctx context.Context, offer client.Offer) {
	number := t.offers.add(offer)
	what := printable(offer.File.Name) + " (" + size(offer.File.Size) + ")"
	t.say(fmt.Sprintf("* %s offers %s: /accept %d [PATH], or /decline %d", printable(offer.File.Owner), what, number, number))
	t.offers.waiting.Go(func() {
		select {
		case <-offer.Gone():
			if t.offers.remove(number) {
				t.say(fmt.Sprintf("* offer %d, %s, is gone", number, what))
			}
		case <-ctx.Done():
		}
	})
}

// unquoted is a path without the space around it, and without the quotation marks
// in which people put a name with spaces, as they must in a shell.
func unquoted(path string) string {
	path = strings.TrimSpace(path)
	if n := len(path); n >= 2 && path[0] == path[n-1] && (path[0] == '"' || path[0] == '\'') {
		return path[1 : n-1]
	}
	return path
}

// sendFile passes a file straight to another user.
func (t *chat) sendFile(ctx context.Context, words string) {
	to, path, _ := strings.Cut(strings.TrimPrefix(words, "@"), " ")
	if path = unquoted(path); to == "" || path == "" {
		t.say("* it is /send @NAME FILE")
		t.fail(usage("it is /send @NAME FILE"))
		return
	}
	if err := wire.ValidUser(to); err != nil {
		t.say("* " + plain(err))
		t.fail(usage("%w", err))
		return
	}
	what := printable(filepath.Base(path)) + " to " + printable(to)
	t.say("  (offering " + what + ")")
	t.offers.moving.Go(func() {
		accepted := false
		_, err := t.client.PutFile(ctx, path, client.PutOptions{
			To: []string{to}, Relay: true, Media: mediaOf(path),
			Progress: func(client.Progress) {
				if !accepted {
					accepted = true
					t.say("  (sending " + what + ")")
				}
			},
		})
		switch {
		case err == nil:
			t.say("  (sent " + what + ")")
		case ctx.Err() != nil:
			t.fail(context.Cause(ctx))
		default:
			err = offline(to, err)
			t.say("* did not send " + what + ": " + fileWords(err))
			t.fail(fmt.Errorf("did not send %s: %w", what, err))
		}
	})
}

// accept takes a file that is offered.
func (t *chat) accept(ctx context.Context, words string) {
	word, path, _ := strings.Cut(words, " ")
	number, offer, err := t.offers.take(word)
	switch {
	case errors.Is(err, errNoNumber):
		t.say("* it is /accept NUMBER [PATH], with the number of an offer")
		return
	case err != nil:
		t.say("* " + err.Error())
		return
	}
	if path = unquoted(path); path == "" {
		path = client.LocalName(offer.File.Name)
	} else if there, err := os.Stat(path); err == nil && there.IsDir() {
		path = filepath.Join(path, client.LocalName(offer.File.Name))
	}
	t.offers.moving.Go(func() {
		res, err := offer.Accept(ctx, path, client.GetOptions{})
		switch {
		case err == nil:
			t.say(fmt.Sprintf("* saved %s of %s as %s (%s)", printable(res.File.Name), printable(res.File.Owner), printable(path), size(res.File.Size)))
		case offer.Pending(): // it is the path's fault
			t.offers.restore(number, offer)
			why := plain(err)
			if errors.Is(err, fs.ErrExist) {
				why = printable(path) + " is there already"
			}
			t.say(fmt.Sprintf("* %s: /accept %d with another PATH", why, number))
			t.fail(err)
		case ctx.Err() != nil:
			t.fail(context.Cause(ctx))
		default:
			t.say("* did not get " + printable(offer.File.Name) + ": " + fileWords(err))
			t.fail(fmt.Errorf("did not get %s: %w", printable(offer.File.Name), err))
		}
	})
}

// decline refuses a file that is offered.
func (t *chat) decline(word string) {
	_, offer, err := t.offers.take(word)
	switch {
	case errors.Is(err, errNoNumber):
		t.say("* it is /decline NUMBER, with the number of an offer")
		return
	case err != nil:
		t.say("* " + err.Error())
		return
	}
	if err := offer.Decline(""); err != nil {
		t.say("* " + fileWords(err))
		return
	}
	t.say("  (declined " + printable(offer.File.Name) + ")")
}

// fileWords says why a file did not arrive.
func fileWords(err error) string {
	var refused *client.RequestError
	switch {
	case errors.Is(err, wire.CodeUserOffline) && errors.As(err, &refused) && refused.Text != "":
		return printable(refused.Text) // the user is there, after all
	case errors.Is(err, wire.CodeUnsupported):
		return "the server carries no files"
	default:
		return plain(err)
	}
}
