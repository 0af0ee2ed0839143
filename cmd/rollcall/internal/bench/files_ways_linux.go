package bench

import (
	"context"
	endian "encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"

	"example.com/rollcall/wire"
	"example.com/rollcall/wire/client"
)

// part is a part of the file that is carried: a file of its own for who carries
// it.
type part struct {
	src          *os.File
	offset, size int64
	hash         []byte // SHA-256
	name         string
}

func (p *part) reader() *io.SectionReader { return io.NewSectionReader(p.src, p.offset, p.size) }

// fileWay is one way to bring a file to a server and back.
type fileWay interface {
	// put brings a file there; known: its hash need not be computed before.
	put(ctx context.Context, p *part, durable, known bool) (kept string, err error)
	// get brings back what was put, to a path, and returns its hash.
	get(ctx context.Context, kept string, size int64, path string, durable bool) ([]byte, error)
	// remove makes the server forget a file.
	remove(ctx context.Context, kept string, durable bool) error
	close()
}

// throughRollcall goes through two servers: one that waits for the disk, and one
// that does not. Each has one client, which carries several files over one
// connection.
type throughRollcall struct{ durable, loose *client.Client }

func (w *throughRollcall) client(durable bool) *client.Client {
	if durable {
		return w.durable
	}
	return w.loose
}

func (w *throughRollcall) put(ctx context.Context, p *part, durable, known bool) (string, error) {
	o := client.PutOptions{Name: p.name, To: []string{"nobody"}}
	if known {
		o.SHA256 = p.hash
	}
	r, err := w.client(durable).Put(ctx, p.reader(), p.size, o)
	return string(r.File), err
}

func (w *throughRollcall) get(ctx context.Context, kept string, _ int64, path string, durable bool) ([]byte, error) {
	c, id := w.client(durable), wire.FileID(kept)
	if durable {
		r, err := c.GetFile(ctx, id, path, client.GetOptions{})
		return r.File.SHA256, err
	}
	f, err := os.Create(path + ".new") //nolint:gosec // in a directory of our own
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	r, err := c.Get(ctx, id, unsynced{f}, client.GetOptions{})
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	return r.File.SHA256, err // which Get has compared
}

// unsynced is a file that is not waited for.
type unsynced struct{ io.WriterAt }

func (unsynced) Sync() error { return nil }

func (w *throughRollcall) remove(ctx context.Context, kept string, durable bool) error {
	return w.client(durable).Remove(ctx, wire.FileID(kept))
}

func (w *throughRollcall) close() {
	for _, c := range []*client.Client{w.durable, w.loose} {
		if c != nil {
			_ = c.Close()
		}
	}
}

// throughTCP goes through the bare floor, with a connection for each file.
type throughTCP struct{ addr, dir string }

func (w throughTCP) dial(ctx context.Context, head fileHead) (net.Conn, func(), error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", w.addr)
	if err != nil {
		return nil, nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	end := func() { stop(); _ = c.Close() }
	if err := endian.Write(c, endian.BigEndian, head); err != nil {
		end()
		return nil, nil, err
	}
	return c, end, nil
}

func (w throughTCP) put(ctx context.Context, p *part, durable, _ bool) (string, error) {
	c, end, err := w.dial(ctx, fileHead{Durable: durable, Size: p.size})
	if err != nil {
		return "", err
	}
	defer end()
	if _, err := io.Copy(c, p.reader()); err != nil {
		return "", err
	}
	var n uint64
	err = endian.Read(c, endian.BigEndian, &n)
	return strconv.FormatUint(n, 10), err
}

func (w throughTCP) get(ctx context.Context, kept string, size int64, path string, durable bool) ([]byte, error) {
	n, err := strconv.ParseUint(kept, 10, 64)
	if err != nil {
		return nil, err
	}
	c, end, err := w.dial(ctx, fileHead{Get: true, Number: n})
	if err != nil {
		return nil, err
	}
	defer end()
	return keepFile(path, c, size, durable)
}

func (w throughTCP) remove(_ context.Context, kept string, _ bool) error {
	return os.Remove(filepath.Join(w.dir, kept))
}

func (throughTCP) close() {}

// throughHTTP goes through the floor of net/http, with a connection for each file.
type throughHTTP struct{ addr, dir string }

func (w throughHTTP) do(ctx context.Context, method, path string, p *part) (*http.Response, error) {
	var body io.Reader = http.NoBody
	if p != nil {
		body = p.reader()
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://"+w.addr+path, body)
	if err != nil {
		return nil, err
	}
	if p != nil {
		r.ContentLength = p.size
	}
	t := &http.Transport{DisableKeepAlives: true, DisableCompression: true}
	a, err := t.RoundTrip(r)
	if err == nil && a.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(a.Body, 1<<10))
		_ = a.Body.Close()
		err = fmt.Errorf("%s %s: %s: %s", method, path, a.Status, text)
	}
	return a, err
}

func (w throughHTTP) put(ctx context.Context, p *part, durable, _ bool) (string, error) {
	path := "/loose"
	if durable {
		path = "/durable"
	}
	a, err := w.do(ctx, http.MethodPut, path, p)
	if err != nil {
		return "", err
	}
	defer func() { _ = a.Body.Close() }()
	n, err := io.ReadAll(a.Body)
	return string(n), err
}

func (w throughHTTP) get(ctx context.Context, kept string, size int64, path string, durable bool) ([]byte, error) {
	a, err := w.do(ctx, http.MethodGet, "/"+kept, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = a.Body.Close() }()
	if a.ContentLength != size {
		return nil, errors.New("the server sends another size")
	}
	return keepFile(path, a.Body, size, durable)
}

func (w throughHTTP) remove(_ context.Context, kept string, _ bool) error {
	return os.Remove(filepath.Join(w.dir, kept))
}

func (throughHTTP) close() {}
