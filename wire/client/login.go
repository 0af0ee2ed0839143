package client

import (
	"context"
	"time"

	"example.com/rollcall/wire"
)

// Session is what a login gave.
type Session struct {
	User string
	ID   uint64
	// Resumed is true when the server took it for the same session as before.
	Resumed bool
	// Grace is how long the server holds back that the user is offline when the
	// connection breaks.
	Grace time.Duration
	// Token is the resume token. The client sends it by itself when it
	// reconnects; it is of use to a program that starts again, see
	// [Options.Token].
	Token []byte
}

// account is what it takes to log in again.
type account struct {
	user       string
	credential []byte
	token      []byte
}

// Login logs in as user. It is remembered: after a reconnect the client logs in
// by itself, with the resume token. One login at a time: Logout first to change
// the user.
//
// A refused login is a [*RequestError]; mostly the server ends the connection
// with it, and for good. When ctx ends first, the login may still come about;
// [Client.Session] tells.
func (c *Client) Login(ctx context.Context, user string, credential []byte) (Session, error) {
	who := account{user: user, credential: append([]byte(nil), credential...)}
	var s Session
	_, _, err := c.ask(ctx, wire.TypeLoginOK, who.message, c.loggedIn(who, &s))
	return s, err
}

// loginOn logs in on a connection that does not serve requests yet.
func (c *Client) loginOn(ctx context.Context, cn *conn, who account) (Session, error) {
	var s Session
	_, _, _, err := c.askOn(ctx, cn, c.number(), wire.TypeLoginOK, who.message, c.loggedIn(who, &s))
	return s, err
}

func (a account) message(id uint64) wire.Message {
	return &wire.Login{Request: id, User: a.user, Credential: a.credential, Token: a.token}
}

// loggedIn returns what the reader does at a login's answer. It is done there so
// that the next connection, should this one break at once, already knows of it.
func (c *Client) loggedIn(who account, s *Session) func(answer) {
	return func(a answer) {
		m, ok := a.m.(*wire.LoginOK)
		if !ok {
			return
		}
		*s = Session{
			User:    m.User,
			ID:      m.Session,
			Resumed: m.Resumed,
			Grace:   time.Duration(min(m.Grace, uint64(maxTime/time.Millisecond))) * time.Millisecond, //nolint:gosec // bounded
			Token:   m.Token,
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.session = *s
		c.account = account{user: who.user, credential: who.credential, token: m.Token}
	}
}

// Session returns the session of the current login. It reports false when
// nobody is logged in, or while the client is disconnected.
func (c *Client) Session() (Session, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn == nil || c.session.ID == 0 {
		return Session{}, false
	}
	return c.session, true
}

// Logout ends the session and keeps the connection. Whatever comes of it, the
// client will not log in again by itself; the session's watches and transfers
// end with ErrLoggedOut. While there is no connection there is nothing to end: then
// Logout waits for the next one, as every request does.
func (c *Client) Logout(ctx context.Context) error {
	c.mu.Lock()
	c.account = account{}
	c.mu.Unlock()
	c.endWatches(ErrLoggedOut)
	cn, err := c.ready(ctx, c.number())
	if err != nil {
		return err
	}
	c.mu.Lock()
	nobody := c.conn == cn && c.session.ID == 0
	c.mu.Unlock()
	if nobody {
		return nil // the session ended with its connection
	}
	_, _, err = c.ask(ctx, wire.TypeOK,
		func(id uint64) wire.Message { return &wire.Logout{Request: id} },
		func(a answer) {
			if a.err != nil {
				return
			}
			c.mu.Lock()
			c.session = Session{}
			c.presence.loggedOut()
			c.settle()
			on := c.conn
			c.mu.Unlock()
			if on != nil {
				on.cutAll(ErrLoggedOut)
			}
			c.endAccepts(ErrLoggedOut)
		})
	return err
}

// refusal waits for the bye that follows a refused login and says why the
// connection ends. Without a bye the code has to do.
func (cn *conn) refusal(e *RequestError) *EndError {
	timer := time.NewTimer(byeTime)
	defer timer.Stop()
	select {
	case <-cn.done:
	case <-timer.C:
	}
	cn.goesOn("run")
	if end := cn.ended(); end != nil && end.ByServer {
		said := *end
		said.Err = e
		if said.Text == "" {
			said.Text = e.Text
		}
		return &said
	}
	end := &EndError{Reason: wire.ReasonLoginRefused, ByServer: true, Text: e.Text, Err: e}
	switch e.Code {
	case wire.CodeReplaced:
		end.Reason = wire.ReasonReplaced
	case wire.CodeShuttingDown:
		end.Reason = wire.ReasonServerShutdown
	default:
	}
	return end
}
