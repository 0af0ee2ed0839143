package client_test

import (
	"crypto/rand"
	"crypto/sha256"
	"io"
	"os"
	"path/filepath"
	"testing"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire/client"
)

// scratch is a target that keeps nothing.
type scratch struct{}

func (scratch) WriteAt(b []byte, _ int64) (int, error) { return len(b), nil }
func (scratch) Sync() error                            { return nil }

// BenchmarkFiles carries 64 MiB over loopback, with the server and the clients in
// one process, and without waiting for the disk: what the code costs, for
// profiles. With TMPDIR on a tmpfs there is no disk.
func BenchmarkFiles(b *testing.B) {
	const size = 64 << 20
	s := newServer(b, supervisor.Config{})
	path := filepath.Join(b.TempDir(), "file")
	f, err := os.Create(path) //nolint:gosec // our own
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	if _, err := io.Copy(io.MultiWriter(f, h), io.LimitReader(rand.Reader, size)); err != nil {
		b.Fatal(err)
	}
	offers := make(chan client.Offer, 1)
	dial := func(user string) *client.Client {
		c, err := client.Dial(b.Context(), s.addr, client.Options{User: user, OnOffer: func(o client.Offer) { offers <- o }})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = c.Close() })
		return c
	}
	alice, bob := dial("alice"), dial("bob")
	put := client.PutOptions{Name: "file", To: []string{"bob"}, SHA256: h.Sum(nil)}
	kept, err := alice.Put(b.Context(), f, size, put)
	if err != nil {
		b.Fatal(err)
	}
	for _, way := range []struct {
		name string
		run  func() error
	}{
		{"put", func() error {
			res, err := alice.Put(b.Context(), f, size, put)
			if err == nil {
				err = alice.Remove(b.Context(), res.File)
			}
			return err
		}},
		{"get", func() error {
			_, err := bob.Get(b.Context(), kept.File, scratch{}, client.GetOptions{})
			return err
		}},
		{"relay", func() error {
			got := make(chan error, 1)
			go func() {
				_, err := (<-offers).AcceptTo(b.Context(), scratch{}, client.GetOptions{})
				got <- err
			}()
			o := put
			o.Relay = true
			_, err := alice.Put(b.Context(), f, size, o)
			if err == nil {
				err = <-got
			}
			return err
		}},
	} {
		b.Run(way.name, func(b *testing.B) {
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				if err := way.run(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
