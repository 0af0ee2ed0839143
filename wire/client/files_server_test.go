package client_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"example.com/rollcall/actors/filestore"
	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
	"example.com/rollcall/wire/client"
)

// server is a real one, on a loopback port that stays the same over its lives.
type server struct {
	t     *testing.T
	dir   string
	addr  string
	cfg   supervisor.Config
	store filestore.Store
	sup   *supervisor.Supervisor
}

func newServer(t *testing.T, cfg supervisor.Config) *server {
	t.Helper()
	s := &server{t: t, dir: t.TempDir(), addr: "127.0.0.1:0", cfg: cfg}
	s.start()
	t.Cleanup(s.stop)
	return s
}

func (s *server) start() {
	s.t.Helper()
	store, _, err := filestore.Open(s.dir, filestore.Options{NoSync: true})
	if err != nil {
		s.t.Fatal(err)
	}
	cfg := s.cfg
	cfg.Store = store
	sup, err := supervisor.New(cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	l, err := new(net.ListenConfig).Listen(s.t.Context(), "tcp", s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	s.addr, s.store, s.sup = l.Addr().String(), store, sup
	go func() { _ = sup.Serve(context.Background(), l) }()
}

func (s *server) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := s.sup.Shutdown(ctx); err != nil {
		s.t.Error(err)
	}
	if err := s.store.Close(); err != nil {
		s.t.Error(err)
	}
}

// line is a network that can be cut: of each connection, the latest counts.
type line struct {
	mu     sync.Mutex
	latest net.Conn
}

func (l *line) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	nc, err := new(net.Dialer).DialContext(ctx, network, addr)
	if err == nil {
		l.mu.Lock()
		l.latest = nc
		l.mu.Unlock()
	}
	return nc, err
}

func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.latest.Close()
}

func (s *server) client(user string, o client.Options) (*client.Client, *line) {
	s.t.Helper()
	l := new(line)
	o.User, o.DialContext = user, l.dial
	o.Backoff = client.Backoff{Min: time.Millisecond, Max: 100 * time.Millisecond}
	c, err := client.Dial(context.Background(), s.addr, o)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = c.Close() })
	return c, l
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

func TestServerPutAndGet(t *testing.T) {
	s := newServer(t, supervisor.Config{})
	notices := make(chan wire.FileNotice, 100)
	alice, _ := s.client("alice", client.Options{})
	bob, _ := s.client("bob", client.Options{OnFileNotice: func(n wire.FileNotice) { notices <- n }})
	carol, _ := s.client("carol", client.Options{})
	ctx := t.Context()
	for _, size := range []int{0, 1, 1 << 20, 5<<20 + 17} {
		data := random(size)
		put, err := alice.Put(ctx, bytes.NewReader(data), int64(size), client.PutOptions{
			Name: "../../etc/passwd", Media: "x/y", To: []string{"bob"},
		})
		if err != nil || put.Sent != int64(size) || put.Resumed != 0 {
			t.Fatalf("%+v, %v", put, err)
		}
		for _, want := range []wire.FileEvent{wire.FileOffered, wire.FileCompleted} {
			if n := <-notices; n.Event != want || n.File.Name != "../../etc/passwd" || n.File.Owner != "alice" {
				t.Errorf("%+v, want %v", n, want)
			}
		}
		path := filepath.Join(t.TempDir(), "x")
		var last client.Progress
		got, err := bob.GetFile(ctx, put.File, path, client.GetOptions{Progress: func(p client.Progress) { last = p }})
		if err != nil || got.Received != int64(size) || got.File.Media != "x/y" || last.Offset != int64(size) {
			t.Fatalf("%+v, %+v, %v", got, last, err)
		}
		if b, err := os.ReadFile(path); err != nil || !bytes.Equal(b, data) {
			t.Errorf("%d bytes, %v", len(b), err)
		}
		if _, err := carol.GetFile(ctx, put.File, path+"2", client.GetOptions{}); !errors.Is(err, wire.CodeNotFound) {
			t.Errorf("a file for another: %v", err)
		}
	}
	n := 0
	for f, err := range bob.AllFiles(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		if err := bob.Remove(ctx, f.ID); !errors.Is(err, wire.CodeNotAllowed) {
			t.Errorf("removed another's file: %v", err)
		}
		if err := alice.Remove(ctx, f.ID); err != nil {
			t.Error(err)
		}
	}
	if files, _, err := bob.Files(ctx, "", 0); n != 4 || err != nil || len(files) > 0 {
		t.Errorf("%d files, then %d, %v", n, len(files), err)
	}
}

// after runs f once, when a file has come so far.
func after(offset int64, f func()) func(client.Progress) {
	done := false
	return func(p client.Progress) {
		if !done && p.Offset >= offset {
			done = true
			f()
		}
	}
}

// guards G5: over cuts, puts and gets go on, and what was held is not sent again.
func TestServerResumes(t *testing.T) {
	const size = 24 << 20
	s := newServer(t, supervisor.Config{})
	data := random(size)
	alice, line := s.client("alice", client.Options{})
	put, err := alice.Put(t.Context(), bytes.NewReader(data), size, client.PutOptions{
		Name: "a", Everyone: true, Progress: after(size/3, line.cut),
	})
	if err != nil || put.Sent < size || put.Sent > size+8<<20 {
		t.Fatalf("%+v, %v", put, err)
	}
	path := filepath.Join(t.TempDir(), "x")
	got, err := alice.GetFile(t.Context(), put.File, path, client.GetOptions{Progress: after(size/3, line.cut)})
	if err != nil || got.Received != size {
		t.Fatalf("%+v, %v", got, err)
	}
	if b, err := os.ReadFile(path); err != nil || !bytes.Equal(b, data) {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	files := 0
	for range alice.AllFiles(t.Context()) {
		files++
	}
	if files != 1 {
		t.Errorf("%d files", files)
	}
}

// guards G5: a restart of the server is an interruption like any other.
func TestServerRestarts(t *testing.T) {
	const size = 24 << 20
	s := newServer(t, supervisor.Config{})
	data := random(size)
	alice, _ := s.client("alice", client.Options{})
	restart := func() {
		restarted := make(chan bool)
		go func() { s.stop(); s.start(); close(restarted) }()
		<-restarted
	}
	put, err := alice.Put(t.Context(), bytes.NewReader(data), size, client.PutOptions{
		Name: "a", Everyone: true, Progress: after(size/3, restart),
	})
	if err != nil || put.Sent < size || put.Sent > size+8<<20 {
		t.Fatalf("%+v, %v", put, err)
	}
	path := filepath.Join(t.TempDir(), "x")
	got, err := alice.GetFile(t.Context(), put.File, path, client.GetOptions{Progress: after(size/3, restart)})
	if err != nil || got.Received != size {
		t.Fatalf("%+v, %v", got, err)
	}
	if b, err := os.ReadFile(path); err != nil || !bytes.Equal(b, data) {
		t.Errorf("%d bytes, %v", len(b), err)
	}
}

// Another life of a program goes on with what the last one has left.
func TestServerGoesOnWithAnotherClient(t *testing.T) {
	const size = 24 << 20
	s := newServer(t, supervisor.Config{})
	data := random(size)
	first, _ := s.client("alice", client.Options{Identifier: "alice-1"})
	ctx, cancel := context.WithCancel(t.Context())
	o := client.PutOptions{Name: "a", Everyone: true, KeepOnCancel: true, Progress: after(size/3, cancel)}
	if _, err := first.Put(ctx, bytes.NewReader(data), size, o); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	_ = first.Close()
	second, _ := s.client("alice", client.Options{Identifier: "alice-1"})
	o.Progress = nil
	var put client.PutResult
	for {
		var err error
		if put, err = second.Put(t.Context(), bytes.NewReader(data), size, o); err != nil {
			t.Fatal(err)
		}
		break
	}
	if put.Resumed < size/3 || put.Sent != size-put.Resumed {
		t.Errorf("%+v", put)
	}
}

func TestServerRelay(t *testing.T) {
	const size = 24 << 20
	for _, x := range []struct {
		name       string
		alice, bob bool // whose line is cut on the way
	}{
		{"undisturbed", false, false}, {"sender cut", true, false}, {"recipient cut", false, true}, {"both cut", true, true},
	} {
		t.Run(x.name, func(t *testing.T) {
			s := newServer(t, supervisor.Config{})
			data := random(size)
			path := filepath.Join(t.TempDir(), "x")
			type outcome struct {
				res client.GetResult
				err error
			}
			taken := make(chan outcome, 10)
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			var bobLine *line
			ready := make(chan bool)
			_, bobLine = s.client("bob", client.Options{OnOffer: func(o client.Offer) {
				<-ready
				cut := func(client.Progress) {}
				if x.bob {
					cut = after(size/4, bobLine.cut)
				}
				go func() {
					res, err := o.Accept(ctx, path, client.GetOptions{Progress: cut})
					taken <- outcome{res, err}
				}()
			}})
			close(ready)
			alice, line := s.client("alice", client.Options{})
			cut := func(client.Progress) {}
			if x.alice {
				cut = after(size/2, line.cut)
			}
			put, err := alice.Put(ctx, bytes.NewReader(data), size, client.PutOptions{
				Name: "a", To: []string{"bob"}, Relay: true, Progress: cut,
			})
			if err != nil || put.Sent < size || put.Sent > size+8<<20 {
				t.Errorf("%+v, %v", put, err)
			}
			got := <-taken
			if got.err != nil {
				t.Errorf("%+v, %v", got.res, got.err)
			}
			if b, err := os.ReadFile(path); err != nil || !bytes.Equal(b, data) {
				t.Errorf("%d bytes, %v", len(b), err)
			}
		})
	}
}

func TestServerRelayIsDeclined(t *testing.T) {
	s := newServer(t, supervisor.Config{})
	alice, _ := s.client("alice", client.Options{})
	o := client.PutOptions{Name: "a", To: []string{"bob"}, Relay: true}
	if _, err := alice.Put(t.Context(), bytes.NewReader(nil), 0, o); !errors.Is(err, wire.CodeUserOffline) {
		t.Error(err)
	}
	s.client("bob", client.Options{OnOffer: func(o client.Offer) { _ = o.Decline("no, thanks") }})
	_, err := alice.Put(t.Context(), bytes.NewReader(random(10)), 10, o)
	var refused *client.RequestError
	if !errors.As(err, &refused) || refused.Code != wire.CodeDeclined || refused.By != "bob" || refused.Text != "no, thanks" {
		t.Errorf("%+v", err)
	}
}

// Several transfers at once, in both directions, on one connection.
func TestServerManyAtOnce(t *testing.T) {
	const size = 3 << 20
	s := newServer(t, supervisor.Config{})
	alice, _ := s.client("alice", client.Options{})
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			data := random(size + i)
			put, err := alice.Put(t.Context(), bytes.NewReader(data), int64(len(data)), client.PutOptions{
				Name: fmt.Sprint("file ", i), Everyone: true,
			})
			if err != nil {
				t.Error(err)
				return
			}
			var out bytes.Buffer
			if _, err := alice.Get(t.Context(), put.File, client.StreamTarget(&out), client.GetOptions{}); err != nil {
				t.Error(err)
			}
			if !bytes.Equal(out.Bytes(), data) {
				t.Error("another content came")
			}
		})
	}
	all.Wait()
}
