package main

import (
	"bufio"
	"crypto/sha256"
	endian "encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/rollcall/wire/client"
)

// What a put is measured against: programs of a few lines that do nothing else.

// keep writes what comes to a file: hashed, and if it is to be durable, on the
// disk before it has its name.
func keep(dir string, r io.Reader, n int64, durable bool) error {
	f, err := os.CreateTemp(dir, "new-")
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	buf := make([]byte, 256<<10)
	if _, err := io.CopyBuffer(struct{ io.Writer }{io.MultiWriter(f, h)}, struct{ io.Reader }{io.LimitReader(r, n)}, buf); err != nil {
		return err
	}
	if durable {
		if err := f.Sync(); err != nil {
			return err
		}
	}
	if err := os.Rename(f.Name(), filepath.Join(dir, fmt.Sprintf("%x", h.Sum(nil)))); err != nil || !durable {
		return err
	}
	d, err := os.Open(dir) //nolint:gosec // our own
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	return d.Sync()
}

// actPlain is the process that they run in: a TCP server that takes whether the
// file is to be durable, a length, and the bytes, and answers with one; and an
// HTTP server that takes PUT.
func actPlain() int {
	dir := os.Getenv("ROLLCALL_TEST_DIR")
	raw, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return exitFailure
	}
	web, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return exitFailure
	}
	go func() {
		_ = http.Serve(web, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { //nolint:gosec // a test's
			if err := keep(dir, r.Body, r.ContentLength, r.URL.Path == "/durable"); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
			}
		}))
	}()
	fmt.Printf("ready %s %s\n", raw.Addr(), web.Addr())
	for {
		c, err := raw.Accept()
		if err != nil {
			return exitFailure
		}
		var head struct {
			Durable bool
			Size    int64
		}
		if endian.Read(c, endian.BigEndian, &head) == nil && keep(dir, c, head.Size, head.Durable) == nil {
			_, _ = c.Write([]byte{1})
		}
		_ = c.Close()
	}
}

// plainTCP sends a file to the TCP server.
func plainTCP(addr string, file sized, durable bool) error {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	head := struct {
		Durable bool
		Size    int64
	}{durable, file.size}
	if err := endian.Write(c, endian.BigEndian, head); err != nil {
		return err
	}
	if _, err := io.Copy(c, io.NewSectionReader(file, 0, file.size)); err != nil {
		return err
	}
	_, err = bufio.NewReader(c).ReadByte()
	return err
}

// plainHTTP puts a file to the HTTP server.
func plainHTTP(addr string, file sized, durable bool) error {
	path := "/"
	if durable {
		path = "/durable"
	}
	r, err := http.NewRequest(http.MethodPut, "http://"+addr+path, io.NewSectionReader(file, 0, file.size)) //nolint:noctx // a test
	if err != nil {
		return err
	}
	r.ContentLength = file.size
	t := &http.Transport{DisableKeepAlives: true}
	a, err := t.RoundTrip(r)
	if err != nil {
		return err
	}
	defer func() { _ = a.Body.Close() }()
	if text, _ := io.ReadAll(a.Body); a.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d: %s", a.StatusCode, text)
	}
	return nil
}

// settle empties a directory of plain files, waits until the stores have removed
// theirs, and lets the disk finish what it has, so that no way pays for the one
// before it.
func settle(b *testing.B, dir string, stores ...storeDir) {
	b.Helper()
	for _, s := range stores {
		until(b, "the removal of what was put", func() bool { return s.clean() && len(s.sizes("files")) == 0 })
	}
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		b.Fatal(err)
	}
	for _, name := range names {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			b.Fatal(err)
		}
	}
	syscall.Sync()
}

// BenchmarkPut puts one large file, over loopback and to the same disk, in
// several ways by turns, each with a server in a process of its own: the plain
// ways; a put as a user does it, who has the file read and hashed first; and one
// whose hash is known before. All are measured with and without waiting for the
// disk. Each round has another order. What is reported is the median of
// each, and its ratio to the plain copy of its kind.
//
// With -benchtime 5x, five rounds. With ROLLCALL_TEST_PUT_SIZE=1GiB, that large a
// file. With TMPDIR on a tmpfs, no disk takes part, and what is left is the cost
// of the programs.
func BenchmarkPut(b *testing.B) {
	size := putSize(b, 256<<20)
	dir, plainDir := b.TempDir(), b.TempDir()
	durableDir, looseDir := storeDir(filepath.Join(dir, "durable")), storeDir(filepath.Join(dir, "loose"))
	durable := serveProcess(b, "--data", string(durableDir), "--log-level", "error", "--max-file", "1TiB")
	loose := serveProcess(b, "--data", string(looseDir), "--log-level", "error", "--max-file", "1TiB", "--no-sync")
	plain := spawn(b, []string{actAs + "=plain", "ROLLCALL_TEST_DIR=" + plainDir}, os.Args[0])
	words := strings.Fields(plain.see("ready "))
	file, options := opened(b, fileOf(b, "large", size))
	d, l := durable.dial(b, "alice"), loose.dial(b, "alice")
	put := func(c *client.Client, hashed bool) func() (func() error, error) {
		o := options
		if !hashed {
			o.SHA256 = nil
		}
		return func() (func() error, error) {
			res, err := c.Put(b.Context(), file, file.size, o)
			return func() error { return c.Remove(b.Context(), res.File) }, err
		}
	}
	simple := func(send func(string, sized, bool) error, addr string, sync bool) func() (func() error, error) {
		return func() (func() error, error) { return func() error { return nil }, send(addr, file, sync) }
	}
	ways := []struct {
		name string
		base int // the way that it is compared with
		run  func() (tidy func() error, err error)
	}{
		{"tcp", 0, simple(plainTCP, words[1], true)},
		{"http", 0, simple(plainHTTP, words[2], true)},
		{"put", 0, put(d, false)},
		{"put-hashed", 0, put(d, true)},
		{"tcp-nosync", 4, simple(plainTCP, words[1], false)},
		{"http-nosync", 4, simple(plainHTTP, words[2], false)},
		{"put-nosync", 4, put(l, false)},
		{"put-hashed-nosync", 4, put(l, true)},
	}
	times := make([][]float64, len(ways))
	b.SetBytes(size * int64(len(ways)))
	for b.Loop() {
		for _, i := range rand.Perm(len(ways)) {
			settle(b, plainDir, durableDir, looseDir)
			began := time.Now()
			tidy, err := ways[i].run()
			times[i] = append(times[i], time.Since(began).Seconds())
			if err == nil {
				err = tidy()
			}
			if err != nil {
				b.Fatalf("%s: %v", ways[i].name, err)
			}
		}
	}
	median := func(i int) float64 { slices.Sort(times[i]); return times[i][len(times[i])/2] }
	for i, w := range ways {
		b.ReportMetric(float64(size)/median(i)/(1<<20), w.name+"-MiB/s")
		if w.base != i {
			b.ReportMetric(median(w.base)/median(i), w.name+"-ratio")
		}
	}
}
