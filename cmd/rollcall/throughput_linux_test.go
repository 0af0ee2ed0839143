package main

import (
	"bufio"
	"crypto/sha256"
	endian "encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/rollcall/wire/client"
)

// What a put is measured against: programs of a few lines that do nothing else.

// keep writes what comes to a file: hashed, and on the disk before it has its
// name.
func keep(dir string, r io.Reader, n int64) error {
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
	if err := f.Sync(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), filepath.Join(dir, fmt.Sprintf("%x", h.Sum(nil)))); err != nil {
		return err
	}
	d, err := os.Open(dir) //nolint:gosec // our own
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	return d.Sync()
}

// actPlain is the process that they run in: a TCP server that takes a length and
// the bytes, and answers with one; and an HTTP server that takes PUT.
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
			if err := keep(dir, r.Body, r.ContentLength); err != nil {
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
		var n int64
		if endian.Read(c, endian.BigEndian, &n) == nil && keep(dir, c, n) == nil {
			_, _ = c.Write([]byte{1})
		}
		_ = c.Close()
	}
}

// plainTCP sends a file to the TCP server.
func plainTCP(addr string, file sized) error {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	if err := endian.Write(c, endian.BigEndian, file.size); err != nil {
		return err
	}
	if _, err := io.Copy(c, io.NewSectionReader(file, 0, file.size)); err != nil {
		return err
	}
	_, err = bufio.NewReader(c).ReadByte()
	return err
}

// plainHTTP puts a file to the HTTP server.
func plainHTTP(addr string, file sized) error {
	r, err := http.NewRequest(http.MethodPut, "http://"+addr+"/", io.NewSectionReader(file, 0, file.size)) //nolint:noctx // a test
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

// BenchmarkPut puts one large file, over loopback and to the same disk, in five
// ways by turns, each with a server in a process of its own: as a user does, with
// the hash known before, without waiting for the disk, and the two plain ways. It
// reports the medians, and the ratio of each to the plain copy.
func BenchmarkPut(b *testing.B) {
	size := putSize(b, 256<<20)
	dir := b.TempDir()
	durable := serveProcess(b, "--data", filepath.Join(dir, "durable"), "--log-level", "error", "--max-file", "1TiB")
	loose := serveProcess(b, "--data", filepath.Join(dir, "loose"), "--log-level", "error", "--max-file", "1TiB", "--no-sync")
	plain := spawn(b, []string{actAs + "=plain", "ROLLCALL_TEST_DIR=" + b.TempDir()}, os.Args[0])
	words := strings.Fields(plain.see("ready "))
	path := fileOf(b, "large", size)
	file, options := opened(b, path)
	put := func(c *client.Client, hashed bool) func() error {
		o := options
		if !hashed {
			o.SHA256 = nil
		}
		return func() error {
			res, err := c.Put(b.Context(), file, file.size, o)
			if err == nil {
				err = c.Remove(b.Context(), res.File)
			}
			return err
		}
	}
	a, l := durable.dial(b, "alice"), loose.dial(b, "alice")
	ways := []struct {
		name string
		run  func() error
	}{
		{"tcp", func() error { return plainTCP(words[1], file) }},
		{"http", func() error { return plainHTTP(words[2], file) }},
		{"put", put(a, false)},
		{"put-hashed", put(a, true)},
		{"put-hashed-nosync", put(l, true)},
	}
	times := make([][]float64, len(ways))
	b.SetBytes(size * int64(len(ways)))
	for b.Loop() {
		for i, w := range ways {
			began := time.Now()
			if err := w.run(); err != nil {
				b.Fatalf("%s: %v", w.name, err)
			}
			times[i] = append(times[i], time.Since(began).Seconds())
		}
	}
	median := func(i int) float64 { slices.Sort(times[i]); return times[i][len(times[i])/2] }
	for i, w := range ways {
		b.ReportMetric(float64(size)/median(i)/(1<<20), w.name+"-MiB/s")
		b.ReportMetric(median(0)/median(i), w.name+"-ratio")
	}
}
