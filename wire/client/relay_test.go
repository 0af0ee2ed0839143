package client

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"example.com/rollcall/wire"
)

// The sending side of a relay.

func relayOf(c *Client, b []byte) <-chan result[PutResult] {
	return putOf(c, b, PutOptions{Relay: true})
}

// The sender waits for the recipient, and starts where it says.
func TestRelay(t *testing.T) {
	data := content(1000)
	for name, offset := range map[string]int{"from the beginning": 0, "in the middle": 400, "at the end": 1000} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *script) {
				c, p := s.connect(s.fileOptions())
				put := relayOf(c, data)
				if m := p.grant(1, 0, 0, 100); !m.Relay {
					t.Errorf("%+v", m)
				}
				p.quiet()
				o := uint64(offset) //nolint:gosec // small
				p.send(&wire.Credit{Transfer: 1, Offset: o, Limit: min(o+300, 1000)})
				got := p.chunks(1, bytes.Clone(data[:offset]), min(offset+300, 1000), 100)
				p.quiet()
				if offset < 1000 {
					p.send(&wire.Credit{Transfer: 1, Offset: o + 300, Limit: 1000})
					got = p.chunks(1, got, 1000, 100)
				}
				if !bytes.Equal(got, data) {
					t.Error("another content came")
				}
				p.send(&wire.Done{Transfer: 1})
				wantPut(t, <-put, PutResult{Sent: int64(1000 - offset), Resumed: int64(offset)})
				closeBoth(c, p)
			})
		})
	}
}

func TestRelayIsDeclined(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.fileOptions())
		put := relayOf(c, content(1000))
		p.grant(1, 0, 0, 100)
		p.send(&wire.Abort{Transfer: 1, Code: wire.CodeDeclined, Text: "no, thanks", By: "bob"})
		err := (<-put).err
		wantErr(t, err, wire.CodeDeclined)
		if err.Error() != "rollcall: declined by bob: no, thanks" {
			t.Error(err)
		}
		put = relayOf(c, content(1000))
		p.grant(2, 0, 0, 100)
		p.send(&wire.Credit{Transfer: 2, Offset: 1001, Limit: 2000})
		p.expectAbort(2, wire.CodeBadRequest)
		wantErr(t, (<-put).err, errProtocol)
		closeBoth(c, p)
	})
}

// When the sender comes back, the recipient may be there already or not.
func TestRelayResumes(t *testing.T) {
	data := content(1000)
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.fileOptions())
		put := relayOf(c, data)
		p.grant(1, 0, 0, 100)
		p.send(&wire.Credit{Transfer: 1, Limit: 300})
		p.chunks(1, nil, 300, 100)
		p.cut()
		p = s.reconnected()
		p.grant(2, 250, 400, 100) // the recipient has waited
		p.chunks(2, bytes.Clone(data[:250]), 400, 100)
		// The recipient's connection breaks: the same put waits for it.
		p.send(&wire.Abort{Transfer: 2, Code: wire.CodeInterrupted})
		p.grant(3, 0, 0, 100)
		p.quiet()
		p.send(&wire.Credit{Transfer: 3, Offset: 350, Limit: 1000})
		p.chunks(3, bytes.Clone(data[:350]), 1000, 100)
		p.send(&wire.Done{Transfer: 3})
		wantPut(t, <-put, PutResult{Sent: 300 + 150 + 650})
		closeBoth(c, p)
	})
}

// After a restart of the server, the recipient may come back later than the
// sender. Before anything was sent, a recipient who is offline is an answer.
func TestRelayWaitsForItsRecipient(t *testing.T) {
	refuse := func(p *peer) {
		p.send(&wire.Error{Request: expect[*wire.Put](p).Request, Code: wire.CodeUserOffline})
	}
	bubble(t, func(t *testing.T, s *script) {
		o := s.fileOptions()
		o.ResumeWait = 10 * time.Second
		c, p := s.connect(o)
		put := relayOf(c, content(10))
		refuse(p)
		wantErr(t, (<-put).err, wire.CodeUserOffline)

		put = relayOf(c, content(10))
		p.grant(1, 0, 0, 10)
		p.send(&wire.Credit{Transfer: 1, Limit: 5})
		p.chunks(1, nil, 5, 10)
		p.cut()
		p = s.reconnected()
		for range 3 {
			refuse(p)
		}
		p.grant(2, 0, 0, 10)
		p.send(&wire.Credit{Transfer: 2, Offset: 5, Limit: 9})
		p.chunks(2, content(10)[:5], 9, 10)
		p.cut()
		// And now it never comes.
		p = s.reconnected()
		began := time.Now()
		go func() {
			for {
				m, err := p.read()
				if err != nil {
					return
				}
				if put, ok := m.(*wire.Put); ok {
					p.send(&wire.Error{Request: put.Request, Code: wire.CodeUserOffline})
				}
			}
		}()
		wantErr(t, (<-put).err, wire.CodeUserOffline)
		if d := time.Since(began); d < 10*time.Second || d > 20*time.Second {
			t.Errorf("given up after %v", d)
		}
		_ = c.Close()
		synctest.Wait()
	})
}
