package client

import (
	"context"

	"example.com/rollcall/wire"
)

// Receipt says that the server accepted a message.
type Receipt struct {
	// ID is the message's; with the sender's connection ID it is what the
	// recipient sees in [Message].
	ID uint64
	// Sessions is for how many live sessions of the recipient it was accepted.
	Sessions int
}

// Send sends body to every live session of the user to, and waits until the
// server has accepted it. It needs a login. errors.Is(err, wire.CodeUserOffline)
// tells that there is none. What does not fit the server's frames gives an
// error that wraps [wire.ErrFrameTooLarge].
func (c *Client) Send(ctx context.Context, to string, body []byte) (Receipt, error) {
	return c.SendKind(ctx, to, "", body)
}

// SendKind is Send for a body of a named kind, at most [wire.MaxKind] bytes.
func (c *Client) SendKind(ctx context.Context, to, kind string, body []byte) (Receipt, error) {
	id, m, err := c.ask(ctx, wire.TypeAck, func(id uint64) wire.Message {
		return &wire.Send{ID: id, To: to, Kind: kind, Body: body}
	}, nil)
	if err != nil {
		return Receipt{}, err
	}
	ack := m.(*wire.Ack)                                                   //nolint:forcetypeassert // calls.take saw to it
	return Receipt{ID: id, Sessions: int(min(ack.Sessions, 1<<31-1))}, nil //nolint:gosec // bounded
}

// Post sends body to the user to without waiting for anything: neither for a
// connection (ErrDisconnected) nor for room in the outbound queue (ErrQueueFull)
// nor for the server. Nobody learns whether it arrived.
func (c *Client) Post(to, kind string, body []byte) error {
	cn, err := c.current()
	if err != nil {
		return err
	}
	frame, err := cn.encode(&wire.Send{ID: c.ids.Add(1), To: to, Kind: kind, Body: body, NoAck: true})
	if err != nil {
		return err
	}
	return cn.out.try(frame)
}
