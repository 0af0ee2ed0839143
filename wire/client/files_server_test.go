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
	"slices"
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
	t     testing.TB
	dir   string
	addr  string
	cfg   supervisor.Config
	store filestore.Store
	sup   *supervisor.Supervisor
}

func newServer(t testing.TB, cfg supervisor.Config) *server {
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

// line is a network on which something happens after so many bytes, in both
// directions together and over all connections.
type line struct {
	mu     sync.Mutex
	latest net.Conn
	bytes  int
	events []event
}

type event struct {
	at int
	do func()
}

func (l *line) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	nc, err := new(net.Dialer).DialContext(ctx, network, addr)
	if err == nil {
		l.mu.Lock()
		l.latest = nc
		l.mu.Unlock()
	}
	return &tap{nc, l}, err
}

func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.latest.Close()
}

// after makes f happen when n more bytes have passed.
func (l *line) after(n int, f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, event{l.bytes + n, f})
}

func (l *line) passed(n int) {
	l.mu.Lock()
	l.bytes += n
	var due []func()
	for i := 0; i < len(l.events); i++ {
		if e := l.events[i]; e.at <= l.bytes {
			due = append(due, e.do)
			l.events = slices.Delete(l.events, i, i+1)
			i--
		}
	}
	l.mu.Unlock()
	for _, f := range due {
		f()
	}
}

// tap is a connection whose bytes are counted.
type tap struct {
	net.Conn
	l *line
}

func (t *tap) Read(b []byte) (int, error) {
	n, err := t.Conn.Read(b)
	t.l.passed(n)
	return n, err
}

func (t *tap) Write(b []byte) (int, error) {
	n, err := t.Conn.Write(b)
	t.l.passed(n)
	return n, err
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

// guards G5: over cuts, puts and gets go on, and what was held is not sent again.
func TestServerResumes(t *testing.T) {
	s := newServer(t, supervisor.Config{})
	alice, line := s.client("alice", client.Options{})
	disturbed(t, alice, func() {
		line.after(fileSize/4, line.cut)
		line.after(fileSize/2, line.cut)
	})
}

// guards G5: a restart of the server is an interruption like any other.
func TestServerRestarts(t *testing.T) {
	s := newServer(t, supervisor.Config{})
	alice, line := s.client("alice", client.Options{})
	restarted := make(chan bool, 2)
	disturbed(t, alice, func() {
		line.after(fileSize/3, func() {
			go func() { s.stop(); s.start(); restarted <- true }()
		})
	})
	<-restarted
	<-restarted
}

const fileSize = 12 << 20

// disturbed puts a file and gets it; disturb is called before each.
func disturbed(t *testing.T, c *client.Client, disturb func()) {
	t.Helper()
	data := random(fileSize)
	disturb()
	put, err := c.Put(t.Context(), bytes.NewReader(data), fileSize, client.PutOptions{Name: "a", Everyone: true})
	if err != nil || put.Sent < fileSize || put.Sent > fileSize+8<<20 {
		t.Fatalf("%+v, %v", put, err)
	}
	disturb()
	path := filepath.Join(t.TempDir(), "x")
	got, err := c.GetFile(t.Context(), put.File, path, client.GetOptions{})
	if err != nil || got.Received != fileSize {
		t.Fatalf("%+v, %v", got, err)
	}
	if b, err := os.ReadFile(path); err != nil || !bytes.Equal(b, data) {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	files := 0
	for range c.AllFiles(t.Context()) {
		files++
	}
	if files != 1 {
		t.Errorf("%d files", files)
	}
}

// Another life of a program goes on with what the last one has left.
func TestServerGoesOnWithAnotherClient(t *testing.T) {
	s := newServer(t, supervisor.Config{})
	data := random(fileSize)
	o := client.PutOptions{Name: "a", Everyone: true, KeepOnCancel: true}
	first, line := s.client("alice", client.Options{Identifier: "alice-1"})
	ctx, cancel := context.WithCancel(t.Context())
	line.after(fileSize/2, cancel)
	if _, err := first.Put(ctx, bytes.NewReader(data), fileSize, o); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	_ = first.Close()
	second, _ := s.client("alice", client.Options{Identifier: "alice-1"})
	put, err := second.Put(t.Context(), bytes.NewReader(data), fileSize, o)
	if err != nil || put.Resumed < fileSize/4 || put.Sent != fileSize-put.Resumed {
		t.Errorf("%+v, %v", put, err)
	}
}

// guards G5: a relay goes on whosever connection breaks.
func TestServerRelay(t *testing.T) {
	for _, x := range []struct {
		name       string
		alice, bob bool // whose line is cut on the way
	}{
		{"undisturbed", false, false}, {"sender cut", true, false}, {"recipient cut", false, true}, {"both cut", true, true},
	} {
		t.Run(x.name, func(t *testing.T) {
			s := newServer(t, supervisor.Config{})
			data := random(fileSize)
			path := filepath.Join(t.TempDir(), "x")
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			taken := make(chan error, 10)
			_, bobs := s.client("bob", client.Options{OnOffer: func(o client.Offer) {
				go func() {
					_, err := o.Accept(ctx, path, client.GetOptions{})
					taken <- err
				}()
			}})
			alice, alices := s.client("alice", client.Options{})
			if x.alice {
				alices.after(fileSize/2, alices.cut)
			}
			if x.bob {
				bobs.after(fileSize/3, bobs.cut)
			}
			put, err := alice.Put(ctx, bytes.NewReader(data), fileSize, client.PutOptions{
				Name: "a", To: []string{"bob"}, Relay: true,
			})
			if err != nil || put.Sent < fileSize || put.Sent > fileSize+8<<20 {
				t.Errorf("%+v, %v", put, err)
			}
			if err := <-taken; err != nil {
				t.Error(err)
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
