package filestore

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// benchSize is the file of the benchmarks; a transfer writes a batch of chunks at
// once.
const (
	benchSize  = 64 << 20
	benchChunk = 60 << 10
	benchBatch = 5 // chunks
)

// BenchmarkPut writes, hashes and commits a file. Beside it stand the same bytes
// without the store: io.CopyBuffer into a file and a SHA-256, with and without a
// sync at the end.
func BenchmarkPut(b *testing.B) {
	content := contentOf(1, benchSize)
	m := offerOf(content)
	for _, sync := range []bool{true, false} {
		b.Run(fmt.Sprintf("store/sync=%v", sync), func(b *testing.B) {
			s := openDir(b, b.TempDir(), Options{NoSync: !sync})
			b.SetBytes(benchSize)
			for b.Loop() {
				p := must[Partial](b)(s.Begin(m))
				for at := 0; at < benchSize; {
					var parts [][]byte
					for range benchBatch {
						end := min(at+benchChunk, benchSize)
						parts, at = append(parts, content[at:end]), end
					}
					must[int](b)(p.(BatchWriter).WriteBatch(parts))
				}
				done := must[Meta](b)(p.Commit(1))
				b.StopTimer()
				ok(b, s.Delete(done.ID))
				b.StartTimer()
			}
		})
		b.Run(fmt.Sprintf("plain/sync=%v", sync), func(b *testing.B) {
			dir := b.TempDir()
			b.SetBytes(benchSize)
			for b.Loop() {
				path := filepath.Join(dir, "file")
				ok(b, plainPut(path, content, sync))
				b.StopTimer()
				ok(b, os.Remove(path))
				b.StartTimer()
			}
		})
	}
}

// plainPut is what a put costs at the least.
func plainPut(path string, content []byte, sync bool) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	hash := sha256.New()
	// The wrappers keep io.Copy from taking a shorter way than a network has.
	from, to := struct{ io.Reader }{bytes.NewReader(content)}, struct{ io.Writer }{io.MultiWriter(f, hash)}
	if _, err := io.CopyBuffer(to, from, make([]byte, benchChunk)); err != nil {
		return err
	}
	if !bytes.Equal(hash.Sum(nil), hash.Sum(nil)) || !sync {
		return nil
	}
	return f.Sync()
}

// BenchmarkPutSmall is what one small file costs: it is all waiting for the disk.
func BenchmarkPutSmall(b *testing.B) {
	content := contentOf(1, 4<<10)
	m := offerOf(content)
	for _, sync := range []bool{true, false} {
		b.Run(fmt.Sprintf("sync=%v", sync), func(b *testing.B) {
			s := openDir(b, b.TempDir(), Options{NoSync: !sync})
			b.ReportAllocs()
			for b.Loop() {
				ok(b, s.Delete(put(b, s, m, content).ID))
			}
		})
	}
}

// BenchmarkWrite is the store's own share of a write, in memory.
func BenchmarkWrite(b *testing.B) {
	s := must[Store](b)(NewMemory(Options{}))
	chunk := contentOf(1, benchChunk)
	m := offerOf(nil)
	m.Size = 1 << 30
	p := must[Partial](b)(s.Begin(m))
	b.SetBytes(benchChunk)
	b.ReportAllocs()
	for b.Loop() {
		if p.Offset()+benchChunk > 256<<20 {
			b.StopTimer()
			ok(b, p.Discard())
			p = must[Partial](b)(s.Begin(m))
			b.StartTimer()
		}
		must[int](b)(p.Write(chunk))
	}
}

// BenchmarkSync is a checkpoint after each 8 MiB.
func BenchmarkSync(b *testing.B) {
	s := openDir(b, b.TempDir(), Options{})
	content := contentOf(1, benchSize)
	m := offerOf(content)
	b.SetBytes(benchSize)
	for b.Loop() {
		p := must[Partial](b)(s.Begin(m))
		for at := 0; at < benchSize; at += 8 << 20 {
			must[int](b)(p.Write(content[at : at+8<<20]))
			must[int64](b)(p.Sync())
		}
		done := must[Meta](b)(p.Commit(1))
		b.StopTimer()
		ok(b, s.Delete(done.ID))
		b.StartTimer()
	}
}

// BenchmarkOpen opens a store of 10,000 files, and lists one of them.
func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	s, _, err := Open(dir, Options{NoSync: true})
	ok(b, err)
	for range 10_000 {
		m := offerOf(nil)
		m.Owner = fmt.Sprint("user", s.Usage().Files/1000)
		put(b, s, m, nil)
	}
	ok(b, s.Close())
	for b.Loop() {
		s, _, err := Open(dir, Options{NoSync: true})
		ok(b, err)
		ok(b, s.Close())
	}
}

// BenchmarkList asks 10,000 files for those of one of 1,000 recipients.
func BenchmarkList(b *testing.B) {
	s := must[Store](b)(NewMemory(Options{}))
	for i := range 10_000 {
		m := offerOf(nil)
		m.Owner, m.Recipients = fmt.Sprint("user", i/1000), []string{fmt.Sprint("user", i%1000)}
		put(b, s, m, nil)
	}
	b.ReportAllocs()
	for b.Loop() {
		found, _, err := s.List(func(m *Meta) bool { return m.Recipients[0] == "user7" }, "", 0)
		ok(b, err)
		if len(found) != 10 {
			b.Fatalf("%d files", len(found))
		}
	}
}

// BenchmarkNotice adds a notice, durably.
func BenchmarkNotice(b *testing.B) {
	s := openDir(b, b.TempDir(), Options{})
	for i := 0; b.Loop(); i++ {
		ok(b, s.AddNotice(fmt.Sprint("user", i%100), make([]byte, 200)))
	}
}
