package client

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"example.com/rollcall/wire"
)

func TestDialShakesHandsAndLogsIn(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		o := s.options()
		o.Name, o.Release = "test", "1.2"
		o.User, o.Credential = "alice", []byte("secret")
		o.Interval, o.Timeout = 5*time.Second, 12*time.Second
		var phases []Phase
		o.OnState = func(st State) { phases = append(phases, st.Phase) }
		d := s.start(t.Context(), o)
		p := s.accept().greet()
		want := wire.Hello{
			MinVersion: 1, MaxVersion: 1, Identifier: "client-1", Client: "test", Release: "1.2",
			Interval: 5000, Timeout: 12000,
		}
		if *p.hello != want {
			t.Errorf("hello %+v, want %+v", *p.hello, want)
		}
		login := p.login(9)
		if login.User != "alice" || string(login.Credential) != "secret" || login.Token != nil {
			t.Errorf("login %+v", login)
		}
		got := <-d
		if got.err != nil {
			t.Fatal(got.err)
		}
		if w := got.c.Welcome(); w != testWelcome {
			t.Errorf("welcome %+v", w)
		}
		if session, ok := got.c.Session(); !ok || session.ID != 9 || session.User != "alice" {
			t.Errorf("session %+v, %v", session, ok)
		}
		closeBoth(got.c, p)
		if !slices.Equal(phases, []Phase{Connecting, Connected, Closed}) {
			t.Errorf("phases %v", phases)
		}
		wantErr(t, got.c.Err(), ErrClosed)
		if _, ok := got.c.Session(); ok {
			t.Error("a closed client has a session")
		}
	})
}

// The hello says what the client takes of files, by what there is to take it.
func TestHelloHasTheFeatures(t *testing.T) {
	notice, offer := func(wire.FileNotice) {}, func(Offer) {}
	for _, tt := range []struct {
		notice func(wire.FileNotice)
		offer  func(Offer)
		want   wire.Features
	}{
		{nil, nil, 0},
		{notice, nil, wire.FeatureFileNotices},
		{nil, offer, wire.FeatureOffers},
		{notice, offer, wire.FeatureFileNotices | wire.FeatureOffers},
	} {
		bubble(t, func(t *testing.T, s *script) {
			o := s.options()
			o.OnFileNotice, o.OnOffer = tt.notice, tt.offer
			c, p := s.connect(o)
			if p.hello.Features != tt.want {
				t.Errorf("%b, not %b", p.hello.Features, tt.want)
			}
			closeBoth(c, p)
		})
	}
}

func TestDialFails(t *testing.T) {
	cases := []struct {
		name  string
		serve func(s *script, cancel func())
		check func(t *testing.T, err error)
	}{
		{"refused", func(s *script, _ func()) { s.refuse = errRefused },
			func(t *testing.T, err error) { wantErr(t, err, errRefused) }},
		{"eof", func(s *script, _ func()) { s.accept().cut() },
			func(t *testing.T, err error) { wantEnd(t, err, wire.ReasonEOF) }},
		{"silence", func(s *script, _ func()) { expect[*wire.Hello](s.accept()) },
			func(t *testing.T, err error) { wantEnd(t, err, wire.ReasonHandshakeTimeout) }},
		{"login unanswered", func(s *script, _ func()) { expect[*wire.Login](s.accept().greet()) },
			func(t *testing.T, err error) { wantEnd(t, err, wire.ReasonHandshakeTimeout) }},
		{"cancelled", func(s *script, cancel func()) {
			p := s.accept().greet()
			expect[*wire.Login](p)
			cancel()
			expect[*wire.Bye](p)
			p.cut()
		}, func(t *testing.T, err error) { wantErr(t, err, context.Canceled) }},
		{"version", func(s *script, _ func()) {
			p := s.accept()
			expect[*wire.Hello](p)
			p.send(&wire.Bye{Reason: wire.ReasonVersionUnsupported, Text: "1 is too old"})
		}, func(t *testing.T, err error) { wantEnd(t, err, wire.ReasonVersionUnsupported) }},
		{"login refused", func(s *script, _ func()) {
			p := s.accept().greet()
			m := expect[*wire.Login](p)
			p.send(&wire.Error{Request: m.Request, Code: wire.CodeLoginRefused, Text: "who?"},
				&wire.Bye{Reason: wire.ReasonLoginRefused})
		}, func(t *testing.T, err error) {
			wantEnd(t, err, wire.ReasonLoginRefused)
			wantErr(t, err, wire.CodeLoginRefused)
		}},
		{"login refused without a bye", func(s *script, _ func()) {
			p := s.accept().greet()
			m := expect[*wire.Login](p)
			p.send(&wire.Error{Request: m.Request, Code: wire.CodeReplaced})
		}, func(t *testing.T, err error) {
			wantEnd(t, err, wire.ReasonReplaced)
			wantErr(t, err, wire.CodeReplaced)
		}},
		{"too many", func(s *script, _ func()) {
			p := s.accept()
			expect[*wire.Hello](p)
			p.send(&wire.Error{Code: wire.CodeTooMany}, &wire.Bye{Reason: wire.ReasonTooMany})
		}, func(t *testing.T, err error) {
			wantEnd(t, err, wire.ReasonTooMany)
			wantErr(t, err, wire.CodeTooMany)
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *script) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				o := s.options()
				o.User = "alice"
				if c.name == "refused" {
					c.serve(s, cancel)
				}
				d := s.start(ctx, o)
				if c.name != "refused" {
					c.serve(s, cancel)
				}
				got := <-d
				if got.c != nil || got.err == nil {
					t.Fatalf("client %v, error %v", got.c, got.err)
				}
				c.check(t, got.err)
				if s.dials != 1 {
					t.Errorf("dialled %d times, want once", s.dials)
				}
			})
		})
	}
}

func TestRetryDial(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		o := s.options()
		o.RetryDial = true
		s.refuse = errRefused
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		d := s.start(ctx, o)
		got := <-d
		wantErr(t, got.err, context.DeadlineExceeded)
		if s.dials < 3 {
			t.Errorf("dialled %d times in 5 s with waits of at most 1 s", s.dials)
		}
	})
}

func TestWelcomeOfUnknownVersion(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		d := s.start(t.Context(), s.options())
		p := s.accept()
		expect[*wire.Hello](p)
		w := testWelcome
		w.Version = 2
		p.send(&w)
		p.expectEnd()
		wantEnd(t, (<-d).err, wire.ReasonVersionUnsupported)
	})
}

func TestOptionsValidate(t *testing.T) {
	bad := Options{
		Identifier: "a\nb", Credential: []byte("x"), Name: string(make([]byte, 65)),
		Interval: -1, Timeout: time.Microsecond, DeliverQueue: -1, MaxUsers: -1,
		Backoff: Backoff{Min: 2, Max: 1, Factor: 0.5},
	}
	err := bad.Validate()
	list, ok := err.(interface{ Unwrap() []error })
	if !ok || len(list.Unwrap()) != 8 {
		t.Errorf("not every mistake is told: %v", err)
	}
	if _, err := Dial(t.Context(), "x", bad); err == nil {
		t.Error("Dial took bad options")
	}
	if err := (Options{}).Validate(); err != nil {
		t.Errorf("the zero value: %v", err)
	}
}

func TestRandomIdentifier(t *testing.T) {
	a := Options{}.withDefaults(newRandom(nil)).Identifier
	b := Options{}.withDefaults(newRandom(nil)).Identifier
	if len(a) != 32 || a == b {
		t.Errorf("identifiers %q and %q", a, b)
	}
	x := Options{}.withDefaults(newRandom(rand.NewPCG(1, 2))).Identifier
	y := Options{}.withDefaults(newRandom(rand.NewPCG(1, 2))).Identifier
	if x != y {
		t.Errorf("the same source gave %q and %q", x, y)
	}
}

// guards N1: an end in the middle of a frame is an end.
func TestServerCutsFrame(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		o := s.options()
		o.NoReconnect = true
		c, p := s.connect(o)
		p.sendRaw([]byte{0, 0, 0, 9, byte(wire.TypeApp), 0xa1})
		p.cut()
		<-c.Done()
		wantEnd(t, c.Err(), wire.ReasonEOF)
	})
}

func TestServerBreaksProtocol(t *testing.T) {
	head := func(n uint32, b ...byte) []byte { return append(binary.BigEndian.AppendUint32(nil, n), b...) }
	frame := func(m wire.Message) []byte {
		b, err := wire.Append(nil, m)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for name, c := range map[string]struct {
		bytes  []byte
		reason wire.Reason
	}{
		"too long":       {head(1 << 31), wire.ReasonFrameTooLarge},
		"no type":        {head(0), wire.ReasonProtocolError},
		"no map":         {head(2, byte(wire.TypeApp), 0x80), wire.ReasonProtocolError},
		"empty user":     {head(2, byte(wire.TypeDeliver), 0xa0), wire.ReasonProtocolError},
		"hello":          {frame(p1Hello), wire.ReasonProtocolError},
		"second welcome": {frame(&testWelcome), wire.ReasonProtocolError},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *script) {
				o := s.options()
				o.NoReconnect = true
				client, p := s.connect(o)
				p.sendRaw(c.bytes)
				p.expectEnd() // and no bye: that is for clients that want to go
				<-client.Done()
				wantEnd(t, client.Err(), c.reason)
			})
		})
	}
}

var p1Hello = &wire.Hello{MinVersion: 1, MaxVersion: 1, Identifier: "x"}

func TestUnknownTypeIsSkipped(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.options())
		p.sendRaw([]byte{0, 0, 0, 2, 127, 0xff})
		p.send(&wire.Ping{Time: 3})
		if m := expect[*wire.Pong](p); m.Echo != 3 {
			t.Errorf("pong %+v", m)
		}
		synctest.Wait()
		closeBoth(c, p)
	})
}
