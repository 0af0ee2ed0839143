package client

import (
	"context"

	"example.com/rollcall/wire"
)

// Request asks the server's handler of the kind and returns its answer. Any
// number of requests may be in flight; past 1024 of them on a connection,
// callers wait. Answers may come in any order (N15).
//
// A refusal is a [*RequestError]. While the client is disconnected, Request
// waits for the next connection; when the connection breaks after the request
// was sent, the error is ErrDisconnected.
func (c *Client) Request(ctx context.Context, kind string, body []byte) ([]byte, error) {
	_, m, err := c.ask(ctx, wire.TypeResponse, func(id uint64) wire.Message {
		return &wire.Request{Request: id, Kind: kind, Body: body}
	}, nil)
	if err != nil {
		return nil, err
	}
	return m.(*wire.Response).Body, nil //nolint:forcetypeassert // calls.take saw to it
}

// Tell sends an application message to the server's handler of the kind. It
// waits for a connection and for room in the outbound queue, not for the server.
// Messages are handled in the order of the calls that sent them, while the
// connection lasts.
func (c *Client) Tell(ctx context.Context, kind string, body []byte) error {
	call := c.number()
	for {
		cn, err := c.ready(ctx, call)
		if err != nil {
			return err
		}
		frame, err := cn.encode(&wire.App{Kind: kind, Body: body})
		if err != nil {
			return err
		}
		err = cn.out.put(ctx, cn.done, frame)
		if err == ErrDisconnected { //nolint:errorlint // put wraps nothing
			continue // nothing went out: the next connection will do
		}
		return err
	}
}
