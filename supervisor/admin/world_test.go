package admin_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/supervisor/admin"
	"example.com/rollcall/wire/client"
)

// world is a supervisor with its API, in a synctest bubble: no sockets.
type world struct {
	t       *testing.T
	s       *supervisor.Supervisor
	api     http.Handler
	accept  chan net.Conn
	clients []*client.Client
}

// inWorld runs f in a bubble and takes everything down behind it.
func inWorld(t *testing.T, o admin.Options, f func(w *world)) {
	t.Helper()
	inWorldWith(t, o, nil, f)
}

// inWorldWith is inWorld with a journal; nil: the default one.
func inWorldWith(t *testing.T, o admin.Options, j supervisor.Journal, f func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s, err := supervisor.New(supervisor.Config{Node: "here", Epoch: 7, Journal: j})
		if err != nil {
			t.Fatal(err)
		}
		w := &world{t: t, s: s, api: admin.Handler(s, o), accept: make(chan net.Conn)}
		ctx, cancel := context.WithCancel(context.Background())
		served := make(chan error, 1)
		closed, closeIt := context.WithCancel(context.Background())
		go func() { served <- s.Serve(ctx, memoryListener{w.accept, closed, closeIt}) }()
		synctest.Wait()
		f(w)
		for _, c := range w.clients {
			_ = c.Close()
		}
		cancel()
		if err := s.Shutdown(context.Background()); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
}

// join logs a user in over a pipe.
func (w *world) join(user, identifier string) *client.Client {
	w.t.Helper()
	c, err := client.Dial(context.Background(), "pipe", client.Options{
		User: user, Identifier: identifier, NoReconnect: true,
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			near, far := net.Pipe()
			w.accept <- far
			return near, nil
		},
	})
	if err != nil {
		w.t.Fatalf("Dial as %q: %v", user, err)
	}
	w.clients = append(w.clients, c)
	synctest.Wait()
	return c
}

// request is one call of the API from this machine, unless changed.
func request(method, target string) *http.Request {
	r := httptest.NewRequest(method, target, nil)
	r.RemoteAddr, r.Host = "127.0.0.1:5000", "127.0.0.1:7466"
	return r
}

// do calls the API, checks the status and decodes the answer.
func (w *world) do(r *http.Request, status int, into any) http.Header {
	w.t.Helper()
	rec := httptest.NewRecorder()
	w.api.ServeHTTP(rec, r)
	if rec.Code != status {
		w.t.Fatalf("%s %s: status %d, not %d: %s", r.Method, r.URL, rec.Code, status, rec.Body)
	}
	if got := rec.Header().Get("Content-Type"); got != "application/json; charset=utf-8" {
		w.t.Errorf("%s %s: content type %q", r.Method, r.URL, got)
	}
	d := json.NewDecoder(rec.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		w.t.Fatalf("%s %s: %v", r.Method, r.URL, err)
	}
	synctest.Wait()
	return rec.Header()
}

func (w *world) get(target string, into any) { w.t.Helper(); w.do(request("GET", target), 200, into) }

// failure calls the API and returns the words of its error.
func (w *world) failure(r *http.Request, status int) string {
	w.t.Helper()
	var e struct {
		Error string `json:"error"`
	}
	w.do(r, status, &e)
	if e.Error == "" {
		w.t.Errorf("%s %s: an error without words", r.Method, r.URL)
	}
	return e.Error
}

// memoryListener accepts what is sent to its channel.
type memoryListener struct {
	conns  chan net.Conn
	closed context.Context
	close  context.CancelFunc
}

func (l memoryListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed.Done():
		return nil, net.ErrClosed
	}
}

func (l memoryListener) Close() error { l.close(); return nil }

func (memoryListener) Addr() net.Addr { return memoryAddr{} }

type memoryAddr struct{}

func (memoryAddr) Network() string { return "memory" }
func (memoryAddr) String() string  { return "memory" }

// shutdown ends the supervisor early.
func (w *world) shutdown() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := w.s.Shutdown(ctx); err != nil {
		w.t.Fatal(err)
	}
}
