package bench

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// Both floors of files do the job that they are the floor of: what was put comes
// back, and is on the disk under its name meanwhile.
func TestFileFloorsDoTheJob(t *testing.T) {
	for _, kind := range []string{"tcp", "http"} {
		t.Run(kind, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			dir, here := t.TempDir(), t.TempDir()
			r, w := io.Pipe()
			done := make(chan error, 1)
			go func() { done <- FileFloor(ctx, kind, "127.0.0.1:0", dir, w) }()
			defer func() {
				cancel()
				if err := <-done; err != nil {
					t.Error(err)
				}
			}()
			var at string
			if _, err := fmt.Fscanf(r, "listening on %s\n", &at); err != nil {
				t.Fatal(err)
			}
			var way fileWay = throughTCP{at, dir}
			if kind == "http" {
				way = throughHTTP{at, dir}
			}
			content := bytes.Repeat([]byte("rollcall"), 100_000)
			src, err := os.Create(filepath.Join(here, "src"))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = src.Close() }()
			if _, err := src.Write(content); err != nil {
				t.Fatal(err)
			}
			for _, durable := range []bool{true, false} {
				p := part{src: src, offset: 8, size: int64(len(content)) - 8}
				kept, err := way.put(ctx, &p, durable, true)
				if err != nil {
					t.Fatal(err)
				}
				if there, err := os.ReadFile(filepath.Join(dir, kept)); err != nil || !bytes.Equal(there, content[8:]) {
					t.Errorf("%d bytes are there, %v", len(there), err)
				}
				path := filepath.Join(here, "got")
				hash, err := way.get(ctx, kept, p.size, path, durable)
				if want := sha256.Sum256(content[8:]); err != nil || !bytes.Equal(hash, want[:]) {
					t.Errorf("%x came back, %v", hash, err)
				}
				if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, content[8:]) { //nolint:gosec // a test's
					t.Errorf("%d bytes are here, %v", len(got), err)
				}
				if err := way.remove(ctx, kept, durable); err != nil {
					t.Error(err)
				}
				if _, err := way.get(ctx, kept, p.size, path, durable); err == nil {
					t.Error("it is removed, and comes all the same")
				}
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
				t.Error(left, err)
			}
		})
	}
}

// A stream that ends early leaves no file of that name.
func TestKeepFileOfATornStream(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if _, err := keepFile(path, bytes.NewReader([]byte("half")), 8, true); err == nil {
		t.Error("no error")
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Error(err)
	}
}

func TestTally(t *testing.T) {
	sum := newTally([]string{Rollcall, FloorTCP, FloorHTTP})
	for _, v := range []float64{4, 2, 6} {
		sum.add(Rollcall, Value{"put", "MiB/s", v})
		sum.add(FloorTCP, Value{"put", "MiB/s", 4})
	}
	rows := sum.rows()
	if len(rows) != 2 {
		t.Fatal(rows)
	}
	if want := (Row{Figure: "put", Unit: "MiB/s", Target: Rollcall, Median: 4, Min: 2, Max: 6, ToTCP: 1}); rows[0] != want {
		t.Errorf("%+v", rows[0])
	}
	if want := (Row{Figure: "put", Unit: "MiB/s", Target: FloorTCP, Median: 4, Min: 4, Max: 4}); rows[1] != want {
		t.Errorf("%+v", rows[1])
	}
}
