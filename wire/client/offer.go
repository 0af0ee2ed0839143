package client

import (
	"errors"

	"example.com/rollcall/wire"
)

// maxOffers bounds the offers of one connection that wait for an answer. What is
// offered beyond is dropped and counted like a message, see [Client.Dropped];
// its sender is left to the server.
const maxOffers = 64

var errAnswered = errors.New("client: the offer was answered before")

// Offer is a file that another user wants to send straight to this one, from
// [Options.OnOffer]. It waits for an answer: the first session of this user that
// accepts gets the file; one that declines declines for all.
type Offer struct {
	File wire.File // File.Owner is the sender
	o    *offer
}

// offer is what an Offer stands for.
type offer struct {
	// Static after construction.
	c      *Client
	cn     *conn
	number uint64
	file   wire.File
	key    relayKey
	gone   chan struct{} // closed when it was taken back

	// Guarded by the connection's mu.
	answered bool
	err      error // why it was taken back
}

// relayKey says what makes two relays the same file for a recipient.
type relayKey struct {
	owner, name string
	size        uint64
	sha256      [wire.HashSize]byte
}

func relayKeyOf(f *wire.File) relayKey {
	k := relayKey{owner: f.Owner, name: f.Name, size: f.Size}
	copy(k.sha256[:], f.SHA256)
	return k
}

// Gone is closed when the offer can no longer be accepted, because its sender
// has taken it back, another session has answered it, its time is over, or the
// connection has ended. In the last case it comes again with the next login, as
// another Offer.
func (f Offer) Gone() <-chan struct{} { return f.o.gone }

// Pending reports whether the offer can be answered: nobody has, or in vain, and
// it was not taken back.
func (f Offer) Pending() bool {
	f.o.cn.mu.Lock()
	defer f.o.cn.mu.Unlock()
	return !f.o.answered && f.o.err == nil
}

// Decline tells the sender that this user does not want the file; text is for
// people and may be empty. The error says why the offer was gone already.
func (f Offer) Decline(text string) error {
	if err := f.o.claim(); err != nil {
		return err
	}
	f.o.forget()
	f.o.cn.abort(f.o.number, wire.CodeDeclined, text)
	return nil
}

// claim makes the caller the one who answers.
func (o *offer) claim() error {
	o.cn.mu.Lock()
	defer o.cn.mu.Unlock()
	switch {
	case o.err != nil:
		return o.err
	case o.answered:
		return errAnswered
	}
	o.answered = true
	return nil
}

// unclaim leaves the answer to another call.
func (o *offer) unclaim() {
	o.cn.mu.Lock()
	defer o.cn.mu.Unlock()
	o.answered = false
}

// forget takes an answered offer off its connection, and returns why it was
// taken back, if it was.
func (o *offer) forget() error {
	o.cn.mu.Lock()
	defer o.cn.mu.Unlock()
	if o.err == nil {
		delete(o.cn.offers, o.number)
		o.cn.streams.remember(o.number)
	}
	return o.err
}

// takeBack ends an offer that waits. The caller holds the connection's mu.
func (cn *conn) takeBack(o *offer, err error) {
	delete(cn.offers, o.number)
	o.err = err
	close(o.gone)
}

// withdraw takes back the offer of this number, if there is one.
func (cn *conn) withdraw(number uint64, err error) {
	cn.mu.Lock()
	defer cn.mu.Unlock()
	if o := cn.offers[number]; o != nil {
		cn.takeBack(o, err)
	}
}

// withdrawAll takes back all offers.
func (cn *conn) withdrawAll(err error) {
	cn.mu.Lock()
	defer cn.mu.Unlock()
	for _, o := range cn.offers {
		cn.takeBack(o, err)
	}
}

// offered takes an offer of the server's. It goes to a call of Accept that is
// receiving the same file, or has been interrupted in it; or else to the
// program.
func (c *Client) offered(cn *conn, m *wire.Offer) {
	o := &offer{
		c: c, cn: cn, number: m.Transfer, file: m.File,
		key: relayKeyOf(&m.File), gone: make(chan struct{}),
	}
	c.mu.Lock()
	a := c.acceptOf(o)
	listed := cn.list(o, a != nil)
	if listed && a != nil {
		a.await(o)
	}
	c.mu.Unlock()
	if listed && a == nil && !c.delivered(o) {
		c.pass(o)
	}
}

// pass asks the program.
func (c *Client) pass(o *offer) {
	switch {
	case c.o.OnOffer == nil:
		o.cn.withdraw(o.number, errGone) // it is for another session to answer
	case !c.inbox.add(item{offer: o}):
		c.dropped.Add(1)
		o.cn.withdraw(o.number, errGone)
	}
}

// list enters an offer into the connection's table. It reports false for one
// that is there already, since a server repeats an offer when another session of
// the user comes, and for one too many. One that a call of Accept waits for may
// have the number of the transfer that it had.
func (cn *conn) list(o *offer, awaited bool) bool {
	cn.mu.Lock()
	defer cn.mu.Unlock()
	switch {
	case cn.end != nil, cn.streams.open[o.number] != nil && !awaited, cn.offers[o.number] != nil:
		return false
	case len(cn.offers) >= maxOffers:
		o.c.dropped.Add(1)
		return false
	}
	if cn.offers == nil {
		cn.offers = make(map[uint64]*offer)
	}
	cn.offers[o.number] = o
	return true
}
