package client

import (
	"slices"

	"example.com/rollcall/wire"
)

// maxDelivered bounds the relays that are remembered because the server may not
// have heard that they are whole; past it the oldest is forgotten.
const maxDelivered = 64

// delivery is a relay that is here, whole, while nobody knows whether the server
// has read the word of it. If the connection breaks before that is known, the
// sender puts the file again, and it is offered again: then it is answered at
// once, instead of asking the user for a file that is there.
type delivery struct {
	key relayKey
	cn  *conn // on which done was sent
}

// deliverDone tells the server that a relay is whole. A ping behind it shows
// when that was read.
func (c *Client) deliverDone(o *offer) {
	d := &delivery{key: o.key, cn: o.cn}
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
		c.deliveries = slices.DeleteFunc(c.deliveries, func(other *delivery) bool { return other == d })
	})
}

// delivered answers an offer of a file that is here.
func (c *Client) delivered(o *offer) bool {
	c.mu.Lock()
	i := slices.IndexFunc(c.deliveries, func(d *delivery) bool { return d.key == o.key && d.cn != o.cn })
	if i < 0 {
		c.mu.Unlock()
		return false
	}
	c.deliveries = slices.Delete(c.deliveries, i, i+1)
	c.mu.Unlock()
	_ = o.claim() // nobody else knows it
	_ = o.forget()
	o.cn.out.steer(flow{frame: frameOf(&wire.Accept{Transfer: o.number, Offset: o.file.Size, Limit: o.file.Size})})
	c.deliverDone(o)
	return true
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
