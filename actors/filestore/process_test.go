package filestore

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"example.com/rollcall/actors/disk"
	"example.com/rollcall/actors/disk/faultdisk"
)

// child is the life of a second process: it puts files, several at once, and
// says what has been committed and what is durable, until it is killed.
func child(dir string) error {
	s, _, err := Open(dir, Options{})
	if err != nil {
		return err
	}
	var out sync.Mutex
	say := func(word string, id ID, n int64) {
		out.Lock()
		defer out.Unlock()
		fmt.Println(word, id, n)
	}
	say("ready", ID{}, 0)
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := range uint64(1000) {
				content := contentOf(i, 200_000)
				p, err := s.Begin(offerOf(content))
				if err != nil {
					panic(err)
				}
				id := p.Meta().ID
				for at := 0; at < len(content); at += 20_000 {
					if _, err := p.Write(content[at : at+20_000]); err != nil {
						panic(err)
					}
					if at == 100_000 && worker%2 == 0 {
						n, err := p.Sync()
						if err != nil {
							panic(err)
						}
						say("durable", id, n)
					}
				}
				if _, err := p.Commit(1); err != nil {
					panic(err)
				}
				say("committed", id, int64(i))
			}
		})
	}
	wg.Wait()
	return nil
}

// startChild starts the second process and gives the lines that it says.
func startChild(t *testing.T, dir string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	cmd.Stderr = os.Stderr
	out := must[io.ReadCloser](t)(cmd.StdoutPipe())
	ok(t, cmd.Start())
	lines := bufio.NewScanner(out)
	if !lines.Scan() || !strings.HasPrefix(lines.Text(), "ready") {
		t.Fatalf("the second process says %q", lines.Text())
	}
	return cmd, lines
}

// TestSecondProcessIsLockedOut, and a second opening in the same process too,
// until the first has ended, in whatever way.
func TestSecondProcessIsLockedOut(t *testing.T) {
	dir := t.TempDir()
	cmd, _ := startChild(t, dir)
	if _, _, err := Open(dir, Options{}); !errors.Is(err, ErrLocked) {
		t.Fatalf("a second process: %v", err)
	}
	ok(t, cmd.Process.Kill())
	_ = cmd.Wait()
	s := must[Store](t)(firstOf(Open(dir, Options{})))
	if _, _, err := Open(dir, Options{}); !errors.Is(err, ErrLocked) {
		t.Fatalf("a second opening: %v", err)
	}
	other := exec.Command(os.Args[0])
	other.Env = append(os.Environ(), childDir+"="+dir)
	if said, err := other.Output(); err == nil || !strings.Contains(string(said), ErrLocked.Error()) {
		t.Fatalf("the second process says %q, %v", said, err)
	}
	ok(t, s.Close())
	openDir(t, dir, Options{})
}

func firstOf(s Store, _ Swept, err error) (Store, error) { return s, err }

// TestKilledProcess kills a process with kill -9 in the middle of its puts, again
// and again in the same directory. guards G5, P8
func TestKilledProcess(t *testing.T) {
	dir := t.TempDir()
	committed := make(map[ID]bool)
	r := rand.New(rand.NewPCG(1, 2))
	for range 8 {
		durable := make(map[ID]int64)
		note := func(line string) {
			var word, hex string
			var n int64
			_, _ = fmt.Sscan(line, &word, &hex, &n)
			id, err := ParseID(hex)
			if err != nil {
				return // the last line can be half a line
			}
			switch word {
			case "committed":
				committed[id] = true
				delete(durable, id)
			case "durable":
				durable[id] = n
			}
		}
		cmd, lines := startChild(t, dir)
		for range 1 + r.IntN(15) {
			lines.Scan()
			note(lines.Text())
		}
		ok(t, cmd.Process.Kill())
		for lines.Scan() {
			note(lines.Text())
		}
		_ = cmd.Wait()

		d := must[disk.FS](t)(disk.Open(dir))
		s, swept, err := openStore(d, Options{}, d)
		ok(t, err)
		if swept.Quarantined+swept.Failed+swept.Stray > 0 {
			t.Fatalf("swept %+v", swept)
		}
		files := checkFiles(t, s)
		for id := range committed {
			if _, there := files[id]; !there {
				t.Fatalf("the committed file %s is lost", id)
			}
		}
		for _, p := range s.Partials() {
			if p.Durable < durable[p.Meta.ID] {
				t.Fatalf("%d bytes were durable: %+v", durable[p.Meta.ID], p)
			}
			delete(durable, p.Meta.ID)
			resumed := must[Partial](t)(s.Resume(p.Meta.ID))
			ok(t, resumed.Discard())
		}
		for id := range durable { // committed, and killed before it could say so
			if _, there := files[id]; !there {
				t.Fatalf("the partial %s is lost", id)
			}
		}
		checkNoOrphan(t, d, s)
		ok(t, s.Close())
	}
	t.Logf("%d files committed", len(committed))
}

// TestSameNameAtOnce: many put a file of the same name at once, and each gets
// its own. guards N26
func TestSameNameAtOnce(t *testing.T) {
	stores(t, Options{}, func(t *testing.T, s Store) {
		var wg sync.WaitGroup
		for i := range 16 {
			wg.Go(func() {
				content := contentOf(uint64(i), 50_000)
				p, err := s.Begin(offerOf(content))
				if err != nil {
					t.Error(err)
					return
				}
				for at := 0; at < len(content); at += 5000 {
					if _, err := p.Write(content[at : at+5000]); err != nil {
						t.Error(err)
					}
					if i%4 == at/5000 {
						if _, err := p.Sync(); err != nil {
							t.Error(err)
						}
					}
				}
				m, err := p.Commit(int64(i))
				if err != nil {
					t.Error(err)
					return
				}
				if !bytes.Equal(read(t, s, m.ID), content) {
					t.Error("somebody else's content")
				}
			})
		}
		wg.Wait()
		if files := checkFiles(t, s); len(files) != 16 {
			t.Errorf("%d files of one name", len(files))
		}
	})
}

// TestSlowDiskDelaysOneTransfer: while the disk keeps one partial waiting, every
// other call gets through.
func TestSlowDiskDelaysOneTransfer(t *testing.T) {
	for _, slow := range []faultdisk.Op{faultdisk.OpWrite, faultdisk.OpSync, faultdisk.OpRename, faultdisk.OpRemove} {
		d := faultdisk.Over(disk.NewMemory())
		s := openOn(t, d, Options{})
		stuck := must[Partial](t)(s.Begin(offerAs(1, []byte("slow"))))
		reached, goOn := make(chan struct{}), make(chan struct{})
		var once sync.Once
		d.Set(func(op faultdisk.Op, path string) error {
			if op == slow && strings.HasPrefix(path, partialPath(idOf(1))) {
				once.Do(func() {
					close(reached)
					<-goOn
				})
			}
			return nil
		})
		end := make(chan error)
		go func() {
			_, err := stuck.Write([]byte("slow"))
			if err == nil && slow == "remove" {
				err = stuck.Discard()
			} else if err == nil {
				_, err = stuck.Commit(1)
			}
			end <- err
		}()
		<-reached
		content := contentOf(2, 1000)
		m := put(t, s, offerAs(2, content), content)
		ok(t, s.AddNotice("bob", []byte("hello")))
		_ = s.Partials()
		_ = stuck.Offset()
		checkFiles(t, s)
		ok(t, s.Delete(m.ID))
		suspended(t, s, 3)
		ok(t, s.Drop(idOf(3)))
		s.Expire(1)
		close(goOn)
		ok(t, <-end)
	}
}

// TestCloseWaitsAndSuspends: Close during writes suspends them; each resumes at
// what was written.
func TestCloseWaitsAndSuspends(t *testing.T) {
	d := disk.NewMemory()
	s := openOn(t, d, Options{})
	written := make([]int64, 8)
	var wg, begun sync.WaitGroup
	begun.Add(len(written))
	for i := range written {
		wg.Go(func() {
			content := contentOf(uint64(i), 1<<20)
			p, err := s.Begin(offerAs(byte(i+1), content))
			begun.Done()
			if err != nil {
				t.Error(err)
				return
			}
			for written[i] < int64(len(content)) {
				n, err := p.Write(content[written[i] : written[i]+64])
				written[i] += int64(n)
				if errors.Is(err, ErrClosed) {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	begun.Wait()
	ok(t, s.Close())
	wg.Wait()
	s = openOn(t, d, Options{})
	for i, n := range written {
		p := must[Partial](t)(s.Resume(idOf(byte(i + 1))))
		if p.Offset() != n {
			t.Errorf("%d bytes were written, it resumes at %d", n, p.Offset())
		}
	}
}
