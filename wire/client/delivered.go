package client

import (
	"slices"
	"time"

	"example.com/rollcall/wire"
)

// maxDelivered bounds the relays that are remembered because their senders may
// not have heard that they are whole; past it the oldest is forgotten.
// deliveryTime is how long: a sender comes back within a server's transfer
// grace, or not at all.
const (
	maxDelivered = 64
	deliveryTime = 10 * time.Minute
)

// delivery is a relay that is here, whole, while nobody knows whether the word
// of it has reached the sender. If a connection breaks before that is known, on
// either side, the sender puts the file again, and it is offered again: then it
// is answered at once, instead of asking the user for a file that is there.
type delivery struct {
	// Static after construction.
	key    relayKey
	cn     *conn // on which done was sent
	number uint64
	at     time.Duration

	crossed bool // guarded by the client's mu: done came after the sender had gone
}

// deliverDone tells the server that a relay is whole. A ping behind it shows
// when that was read; if the sender had gone before, the server has said so
// before it answers the ping.
func (c *Client) deliverDone(o *offer) {
	d := &delivery{key: o.key, cn: o.cn, number: o.number, at: c.now()}
	c.mu.Lock()
	if len(c.deliveries) == maxDelivered {
		c.deliveries = slices.Delete(c.deliveries, 0, 1)
	}
	c.deliveries = append(c.deliveries, d)
	c.mu.Unlock()
	o.cn.out.steer(flow{frame: frameOf(&wire.Done{Transfer: o.number})})
	o.cn.confirm(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.deliveries = slices.DeleteFunc(c.deliveries, func(other *delivery) bool {
			return other == d && !d.crossed
		})
	})
}

// crossed takes the word that a relay was interrupted which is here, whole.
func (c *Client) crossed(cn *conn, number uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, d := range c.deliveries {
		if d.cn == cn && d.number == number {
			d.crossed = true
		}
	}
}

// delivered answers an offer of a file that is here.
func (c *Client) delivered(o *offer) bool {
	c.mu.Lock()
	i := slices.IndexFunc(c.deliveries, func(d *delivery) bool {
		return d.key == o.key && (d.crossed || d.cn != o.cn) && c.now()-d.at < deliveryTime
	})
	if i < 0 {
		c.mu.Unlock()
		return false
	}
	c.deliveries = slices.Delete(c.deliveries, i, i+1)
	c.mu.Unlock()
	if o.forget() == nil {
		c.deliverAgain(o)
	}
	return true
}

// deliverAgain accepts a file that is here, whole.
func (c *Client) deliverAgain(o *offer) {
	o.cn.out.steer(flow{frame: frameOf(&wire.Accept{Transfer: o.number, Offset: o.file.Size, Limit: o.file.Size})})
	c.deliverDone(o)
}

// confirm calls f, in the reader's goroutine, when the server has read what
// was queued so far to steer transfers. f must not block.
func (cn *conn) confirm(f func()) {
	cn.mu.Lock()
	defer cn.mu.Unlock()
	if cn.end != nil || len(cn.confirms) >= maxDelivered {
		return
	}
	sent := cn.pingTime()
	if cn.confirms == nil {
		cn.confirms = make(map[uint64]func())
	}
	cn.confirms[sent] = f
	cn.out.steer(flow{frame: frameOf(&wire.Ping{Time: sent})})
}

// confirmed takes the pong of a confirm.
func (cn *conn) confirmed(echo uint64) bool {
	cn.mu.Lock()
	f := cn.confirms[echo]
	delete(cn.confirms, echo)
	cn.mu.Unlock()
	if f == nil {
		return false
	}
	f()
	return true
}
