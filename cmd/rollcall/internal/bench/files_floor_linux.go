package bench

import (
	"context"
	"crypto/sha256"
	endian "encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// The floors of files: servers of a few lines that do nothing else. They write
// what comes to a file, hash it on the way, and if it is to be durable, wait for
// the disk before it has its name. They ask nobody who he is, bound nothing, and
// resume nothing.

// keptFiles is where a floor keeps files, by numbers.
type keptFiles struct {
	dir  string
	last atomic.Uint64
}

func (k *keptFiles) path(n uint64) string { return filepath.Join(k.dir, strconv.FormatUint(n, 10)) }

// keep keeps n bytes of a stream under a new number.
func (k *keptFiles) keep(r io.Reader, n int64, durable bool) (uint64, error) {
	number := k.last.Add(1)
	_, err := keepFile(k.path(number), r, n, durable)
	return number, err
}

// keepFile writes n bytes of a stream to a file, and returns their SHA-256. The
// file has its name when it is whole, and on the disk if it is to be durable.
func keepFile(path string, r io.Reader, n int64, durable bool) ([]byte, error) {
	f, err := os.Create(path + ".new") //nolint:gosec // in a directory of our own
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	buf := make([]byte, 256<<10)
	copied, err := io.CopyBuffer(struct{ io.Writer }{io.MultiWriter(f, h)}, struct{ io.Reader }{io.LimitReader(r, n)}, buf)
	switch {
	case err != nil:
		return nil, err
	case copied < n:
		return nil, io.ErrUnexpectedEOF
	}
	if durable {
		if err := f.Sync(); err != nil {
			return nil, err
		}
	}
	if err := os.Rename(f.Name(), path); err != nil || !durable {
		return h.Sum(nil), err
	}
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	defer func() { _ = d.Close() }()
	return h.Sum(nil), d.Sync()
}

// FileFloor serves one of the floors of files at an address until ctx ends: "tcp"
// or "http". It keeps them in a directory, and prints one line when it is ready.
func FileFloor(ctx context.Context, kind, listen, dir string, out io.Writer) error {
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	k := &keptFiles{dir: dir}
	serve := k.serveTCP
	if kind == "http" {
		serve = k.serveHTTP
	}
	if _, err := fmt.Fprintf(out, "listening on %s\n", l.Addr()); err != nil {
		_ = l.Close()
		return err
	}
	return serve(ctx, l)
}

// fileHead is what a client of the bare floor says first. A put is answered with
// its number, a get with the bytes.
type fileHead struct {
	Get, Durable bool
	Number       uint64 // of a get
	Size         int64  // of a put
}

func (k *keptFiles) serveTCP(ctx context.Context, l net.Listener) error {
	var serving sync.WaitGroup
	defer serving.Wait()
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	for {
		c, err := l.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		serving.Go(func() {
			defer func() { _ = c.Close() }()
			stop := context.AfterFunc(ctx, func() { _ = c.Close() })
			defer stop()
			_ = k.answer(c) // the client sees that its connection ends
		})
	}
}

func (k *keptFiles) answer(c net.Conn) error {
	var head fileHead
	if err := endian.Read(c, endian.BigEndian, &head); err != nil {
		return err
	}
	if !head.Get {
		n, err := k.keep(c, head.Size, head.Durable)
		if err != nil {
			return err
		}
		return endian.Write(c, endian.BigEndian, n)
	}
	f, err := os.Open(k.path(head.Number))
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	_, err = io.Copy(c, f)
	return err
}

func (k *keptFiles) serveHTTP(ctx context.Context, l net.Listener) error {
	mux := http.NewServeMux()
	put := func(durable bool) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			n, err := k.keep(r.Body, r.ContentLength, durable)
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			_, _ = fmt.Fprint(w, n)
		}
	}
	mux.HandleFunc("PUT /durable", put(true))
	mux.HandleFunc("PUT /loose", put(false))
	mux.HandleFunc("GET /{number}", func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.ParseUint(r.PathValue("number"), 10, 64)
		if err != nil {
			http.NotFound(w, r)
			return
		}
		http.ServeFile(w, r, k.path(n))
	})
	s := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() { _ = s.Close(); close(closed) })
	err := s.Serve(l)
	if !stop() {
		<-closed
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
