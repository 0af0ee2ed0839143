package actors

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"example.com/rollcall/wire"
)

// onLogin asks the authenticator, then the user manager.
func (c *connection) onLogin(m *wire.Login, credit int) {
	if c.whose() != "" {
		c.refuse(m.Request, wire.CodeAlreadyLogin, "")
		c.credits.give(credit)
		return
	}
	c.settling = true
	ask := c.sys.set.Authenticate
	if ask == nil {
		c.wakes(&c.sys.users.guard, loginUser{c, m, credit})
		return
	}
	attempt := LoginAttempt{
		Connection: c.id, Identifier: c.identifier, Remote: c.transport.RemoteAddr(),
		User: m.User, Credential: m.Credential,
	}
	ctx, cancel := context.WithTimeout(c.handlerContext(), c.sys.set.LoginTimeout)
	c.sys.hold()
	go func() {
		defer c.sys.release()
		defer cancel()
		c.resumes("login")
		err := guarded(func() error { return worded(ask(ctx, attempt)) })
		c.resumes("login")
		c.tell(authenticated{login: m, credit: credit, err: err})
	}()
}

// errHandlerPanic marks a panic in an embedder's code.
var errHandlerPanic = errors.New("internal error")

// handlerPanic is a panic in an embedder's code. It is an errHandlerPanic.
type handlerPanic struct {
	value any
	stack []byte
}

func (p *handlerPanic) Error() string { return fmt.Sprintf("%v: %v", errHandlerPanic, p.value) }
func (p *handlerPanic) Unwrap() error { return errHandlerPanic }

// guarded runs an embedder's code; a panic in it becomes an error (N10).
func guarded(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &handlerPanic{value: v, stack: debug.Stack()}
		}
	}()
	return f()
}

// blame announces a panic in an embedder's code, so that it can be found. It is
// not counted among our own.
func (s *System) blame(what string, err error) {
	var p *handlerPanic
	if errors.As(err, &p) {
		s.count.handlerPanics.Add(1)
		s.emit(Fault{Actor: "application", Message: what, Value: fmt.Sprint(p.value), Stack: string(p.stack), At: s.set.Wall()})
	}
}

// worded makes sure that an error's text can be had: its methods are the
// embedding program's code as well.
func worded(err error) error {
	if err != nil {
		_ = err.Error()
	}
	return err
}

func (c *connection) onAuthenticated(m authenticated) {
	if c.phase != open {
		return
	}
	if m.err == nil {
		c.sys.users.tell(loginUser{c, m.login, m.credit})
		return
	}
	done := loginDone{credit: m.credit, code: wire.CodeLoginRefused, reason: wire.ReasonLoginRefused, text: m.err.Error()}
	switch {
	case errors.Is(m.err, errHandlerPanic):
		c.sys.blame("authenticator", m.err)
		// What was panicked with is not the client's business. And it has not been
		// refused: it may come back, so the reason is ours.
		done.code, done.reason, done.text = wire.CodeInternal, wire.ReasonPanic, errHandlerPanic.Error()
	case errors.Is(m.err, context.DeadlineExceeded):
		done.code, done.reason, done.text = wire.CodeInternal, wire.ReasonPanic, "the login could not be checked in time"
	}
	c.loginDone(m.login.Request, done)
}

func (c *connection) onLoginDone(m loginDone) { c.loginDone(m.request, m) }

func (c *connection) loginDone(request uint64, m loginDone) {
	if c.phase != open {
		return
	}
	c.credits.give(m.credit)
	if m.ok != nil {
		c.sys.count.logins.Add(1)
		c.setUser(m.ok.User)
		c.queue(m.ok)
		c.settled()
		return
	}
	c.sys.count.loginsRefused.Add(1)
	c.refuse(request, m.code, m.text)
	c.end(m.reason, ending{detail: m.text, rival: m.rival})
}

// handlerContext returns the context of the embedder's code that runs for this
// connection; it ends with the connection.
func (c *connection) handlerContext() context.Context {
	x := c.todo()
	if x.ctx == nil {
		x.ctx, x.cancel = context.WithCancel(c.sys.ctx)
	}
	return x.ctx
}

func (c *connection) setUser(user string) {
	c.loggedIn.Store(&user)
}
