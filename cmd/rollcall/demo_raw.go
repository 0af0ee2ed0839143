package main

import (
	"context"
	"fmt"
	"net"
	"time"

	"example.com/rollcall/wire"
)

// raw is a client without manners, for showing what becomes of one: it speaks
// the protocol by hand, and does nothing by itself.
type raw struct {
	conn    *net.TCPConn
	split   *wire.Splitter
	welcome *wire.Welcome
	token   []byte // to resume the session
}

// rawPatience bounds the whole of a raw client's handshake and login.
const rawPatience = 10 * time.Second

// rawLogin connects and logs in. A readBuffer above zero is the size of the
// kernel's buffer for what is not read.
func rawLogin(ctx context.Context, addr, user string, readBuffer int) (*raw, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	r := &raw{conn: conn.(*net.TCPConn), split: wire.NewSplitter(wire.MaxMaxFrame, 4<<10)} //nolint:forcetypeassert // dialled as TCP
	if err := r.login(user, readBuffer); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return r, nil
}

func (r *raw) login(user string, readBuffer int) error {
	if readBuffer > 0 {
		if err := r.conn.SetReadBuffer(readBuffer); err != nil {
			return err
		}
	}
	if err := r.conn.SetDeadline(time.Now().Add(rawPatience)); err != nil {
		return err
	}
	hello := &wire.Hello{
		MinVersion: wire.Version, MaxVersion: wire.Version, Identifier: user + "s-device",
		Features: wire.FeatureFileNotices | wire.FeatureOffers,
	}
	if err := r.write(hello); err != nil {
		return err
	}
	if err := r.write(&wire.Login{Request: 1, User: user}); err != nil {
		return err
	}
	for {
		m, err := r.next()
		if err != nil {
			return err
		}
		switch m := m.(type) {
		case *wire.Welcome:
			r.welcome = m
		case *wire.LoginOK:
			r.token = m.Token
			return r.conn.SetDeadline(time.Time{})
		case *wire.Bye:
			return fmt.Errorf("the server says %v: %s", m.Reason, m.Text)
		}
	}
}

// write sends one message.
func (r *raw) write(m wire.Message) error {
	frame, err := wire.Append(nil, m)
	if err != nil {
		return err
	}
	_, err = r.conn.Write(frame)
	return err
}

// next reads one message.
func (r *raw) next() (wire.Message, error) {
	for {
		f, ok, err := r.split.Next()
		switch {
		case err != nil:
			return nil, err
		case ok:
			return wire.Decode(f.Type, f.Body)
		}
		n, err := r.conn.Read(r.split.Space())
		r.split.Filled(n)
		if err != nil && n == 0 {
			return nil, err
		}
	}
}

// writeHalf sends the first half of a frame.
func (r *raw) writeHalf() error {
	frame, err := wire.Append(nil, &wire.Send{ID: 2, To: "somebody", Body: make([]byte, 1000)})
	if err != nil {
		return err
	}
	_, err = r.conn.Write(frame[:len(frame)/2])
	return err
}

// close closes the connection, as it is.
func (r *raw) close() { _ = r.conn.Close() }
