package filestore

import (
	"bytes"
	"errors"
	"fmt"
	"syscall"
	"testing"

	"pgregory.net/rapid"

	"example.com/rollcall/actors/disk"
	"example.com/rollcall/actors/disk/faultdisk"
)

var _ BatchWriter = (*partial)(nil)

// cutUp draws how content is written: in batches of parts, some of them empty.
func cutUp(t *rapid.T, content []byte) (batches [][][]byte) {
	for len(content) > 0 {
		var parts [][]byte
		for range rapid.IntRange(0, 4).Draw(t, "parts") {
			n := min(rapid.SampledFrom([]int{0, 1, 4000, besideBytes - 1, besideBytes, 60 << 10}).Draw(t, "bytes"), len(content))
			parts, content = append(parts, content[:n]), content[n:]
		}
		batches = append(batches, parts)
	}
	return batches
}

// What is written in batches of any shape, some of them hashed beside the write,
// with checkpoints and suspensions between them, is the file that was announced:
// the digest of a checkpoint is that of exactly the bytes before it, or Resume
// and Commit refuse it. guards G5
func TestBatches(t *testing.T) {
	content := contentOf(1, 300<<10)
	rapid.Check(t, func(t *rapid.T) {
		s, _, err := openStore(disk.NewMemory(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		file := content[:rapid.IntRange(0, len(content)).Draw(t, "size")]
		p, err := s.Begin(offerAs(1, file))
		if err != nil {
			t.Fatal(err)
		}
		at := 0
		for _, parts := range cutUp(t, file) {
			n, err := p.(BatchWriter).WriteBatch(parts)
			if want := len(bytes.Join(parts, nil)); n != want || err != nil {
				t.Fatalf("%d of %d bytes: %v", n, want, err)
			}
			if at += n; p.Offset() != int64(at) {
				t.Fatalf("the offset is %d, not %d", p.Offset(), at)
			}
			switch rapid.IntRange(0, 3).Draw(t, "then") {
			case 0:
				if durable, err := p.Sync(); durable != int64(at) || err != nil {
					t.Fatalf("%d of %d bytes are durable: %v", durable, at, err)
				}
			case 1:
				if err := p.Suspend(); err != nil {
					t.Fatal(err)
				}
				s.partials[idOf(1)].state = nil // as after a crash: all is read again
				if p, err = s.Resume(idOf(1)); err != nil {
					t.Fatal(err)
				}
			}
		}
		if n, err := p.(BatchWriter).WriteBatch([][]byte{{1}}); n != 0 || !errors.Is(err, ErrBeyondEnd) {
			t.Fatalf("beyond the end: %d, %v", n, err)
		}
		if _, err := p.Commit(1); err != nil {
			t.Fatal(err)
		}
	})
}

// A batch goes past the end as a whole, and the partial stays as it was.
func TestBatchBeyondTheEnd(t *testing.T) {
	s := openOn(t, disk.NewMemory(), Options{})
	content := contentOf(1, 100<<10)
	p := must[Partial](t)(s.Begin(offerOf(content)))
	if n, err := p.(BatchWriter).WriteBatch([][]byte{content, {1}}); n != 0 || !errors.Is(err, ErrBeyondEnd) {
		t.Fatalf("%d, %v", n, err)
	}
	if p.Offset() != 0 {
		t.Fatalf("the offset is %d", p.Offset())
	}
	must[int](t)(p.Write(content))
	must[Meta](t)(p.Commit(1))
}

// A part that cannot be written ends the partial, whichever of the batch it is,
// also when all of it has been hashed beside. guards G5, P8
func TestFaultInABatch(t *testing.T) {
	for _, size := range []int{100, besideBytes} {
		for bad := 1; bad <= 3; bad++ {
			t.Run(fmt.Sprintf("%d/%d", size, bad), func(t *testing.T) {
				d := faultdisk.Over(disk.NewMemory())
				s := openOn(t, d, Options{})
				content := contentOf(1, 3*size)
				p := must[Partial](t)(s.Begin(offerOf(content)))
				writes := 0
				d.Set(func(op faultdisk.Op, _ string) error {
					if op != "write" {
						return nil
					}
					if writes++; writes == bad {
						return syscall.ENOSPC
					}
					return nil
				})
				n, err := p.(BatchWriter).WriteBatch([][]byte{content[:size], content[size : 2*size], content[2*size:]})
				if n != 0 || !errors.Is(err, ErrStorageFull) {
					t.Fatalf("%d, %v", n, err)
				}
				if writes != bad {
					t.Fatalf("%d writes, the bad one was number %d", writes, bad)
				}
				d.Set(nil)
				if e := checkOver(s, p, err); !errors.Is(e, ErrStorageFull) {
					t.Fatal(e)
				}
				checkNoOrphan(t, d, s)
				if u := s.Usage(); u != (Usage{}) {
					t.Fatalf("the usage is %+v", u)
				}
			})
		}
	}
}
