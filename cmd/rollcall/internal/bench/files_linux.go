package bench

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"example.com/rollcall/wire/client"
)

// Files measures how fast files come to a server and back, over loopback and to
// one disk: Bytes in one file, and the same in Count files at once.
type Files struct {
	Setup
	Dir string // everything is kept in it, the servers' files too; it is not removed
}

// fileSteps are what is measured, in this order: what a step leaves, the next one
// uses.
var fileSteps = []struct {
	name  string
	get   bool
	known bool // the hash of what is put is known before
	many  bool
	last  bool // what was put is removed
	meter bool // tell the server's processor time
}{
	{name: "put", last: true},
	{name: "put, hash known", known: true, meter: true},
	{name: "get", get: true, last: true, meter: true},
	{name: "puts at once, hash known", known: true, many: true},
	{name: "gets at once", get: true, many: true, last: true},
}

// filesRun is a run of all of it.
type filesRun struct {
	*Files
	here    string // where the client's side keeps what it gets
	targets []fileTarget
	whole   []part // the file as one
	parts   []part // the same in Count parts
	sum     *tally
}

// fileTarget is a way, with what is there at its end.
type fileTarget struct {
	name string
	way  fileWay
	pids []int
	dirs []string // are empty when it keeps no files
	kept []string
}

// Run measures every target in turn, step by step, so that what loads the machine
// meanwhile loads all of them. Before each the disk finishes what it has.
func (f *Files) Run(ctx context.Context) ([]Row, error) {
	r := &filesRun{Files: f, here: filepath.Join(f.Dir, "here")}
	if err := os.Mkdir(r.here, 0o700); err != nil {
		return nil, err
	}
	src, err := r.source(ctx)
	if err != nil {
		return nil, fmt.Errorf("making the file: %w", err)
	}
	defer func() { _ = src.Close() }()
	defer func() {
		for _, t := range r.targets {
			t.way.close()
		}
	}()
	stop, err := r.open(ctx)
	defer stop()
	if err != nil {
		return nil, err
	}
	names := make([]string, len(r.targets))
	for i, t := range r.targets {
		names[i] = t.name
	}
	r.sum = newTally(names)
	for run := range f.Runs {
		for _, durable := range []bool{true, false} {
			if f.Progress != nil {
				f.Progress("run %d of %d: %s", run+1, f.Runs, durability(durable))
			}
			for step := range fileSteps {
				if fileSteps[step].many && f.Count < 2 {
					continue
				}
				for _, i := range rand.Perm(len(r.targets)) {
					if err := r.step(ctx, &r.targets[i], step, durable); err != nil {
						return nil, fmt.Errorf("%s, %s: %w", r.targets[i].name, fileSteps[step].name, err)
					}
				}
			}
		}
	}
	return r.sum.rows(), nil
}

func durability(durable bool) string {
	if durable {
		return "durable"
	}
	return "not durable"
}

// source makes the file, of bytes that nothing can compress.
func (r *filesRun) source(ctx context.Context) (_ *os.File, err error) {
	f, err := os.Create(filepath.Join(r.Dir, "file"))
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
		}
	}()
	random := rand.NewChaCha8([32]byte{})
	for left := int64(r.Bytes); left > 0; {
		n, err := io.CopyN(f, random, min(left, 16<<20))
		if err != nil {
			return nil, err
		}
		if left -= n; ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	cut := func(count int) (parts []part, err error) {
		each := int64(r.Bytes / count)
		for i := range count {
			p := part{src: f, offset: int64(i) * each, size: each, name: "part-" + strconv.Itoa(i)}
			h := sha256.New()
			if _, err := io.Copy(h, p.reader()); err != nil {
				return nil, err
			}
			p.hash = h.Sum(nil)
			parts = append(parts, p)
		}
		return parts, ctx.Err()
	}
	if r.whole, err = cut(1); err != nil {
		return nil, err
	}
	r.parts, err = cut(r.Count)
	return f, err
}

// open starts the servers. stop ends those that were started, also after an error.
func (r *filesRun) open(ctx context.Context) (stop func(), err error) {
	var servers []*target
	stop = func() {
		for _, t := range servers {
			t.stop()
		}
	}
	server := func(kind, dir string, args ...string) (*target, error) {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return nil, err
		}
		t, err := r.startAs(ctx, kind, args)
		if err == nil {
			servers = append(servers, t)
		}
		return t, err
	}
	ours := &throughRollcall{}
	rollcall := fileTarget{name: Rollcall, way: ours}
	for _, durable := range []bool{true, false} {
		dir := filepath.Join(r.Dir, "rollcall-"+strconv.FormatBool(durable))
		args := append(serveArgs(dir), "--file-grace", "0",
			"--max-file", "1TiB", "--max-user-bytes", "1TiB", "--max-bytes", "1TiB", "--no-sync="+strconv.FormatBool(!durable))
		t, err := server(Rollcall, dir, append(args, r.ServeArgs...)...)
		if err != nil {
			return stop, err
		}
		c, err := client.Dial(ctx, t.addr, client.Options{User: "bench", NoReconnect: true})
		if err != nil {
			return stop, err
		}
		if durable {
			ours.durable = c
		} else {
			ours.loose = c
		}
		rollcall.pids = append(rollcall.pids, t.pid)
		rollcall.dirs = append(rollcall.dirs, filepath.Join(dir, "files"), filepath.Join(dir, "partial"))
	}
	r.targets = append(r.targets, rollcall)
	if !r.Floors {
		return stop, nil
	}
	for _, kind := range []string{FloorTCP, FloorHTTP} {
		dir := filepath.Join(r.Dir, kind)
		t, err := server(kind, dir, "bench", "floor", "--kind", kind[len("floor-"):], "--dir", dir)
		if err != nil {
			return stop, err
		}
		var way fileWay = throughTCP{t.addr, dir}
		if kind == FloorHTTP {
			way = throughHTTP{t.addr, dir}
		}
		r.targets = append(r.targets, fileTarget{name: kind, way: way, pids: []int{t.pid}, dirs: []string{dir}})
	}
	return stop, nil
}

// step measures one step of a target.
func (r *filesRun) step(ctx context.Context, t *fileTarget, step int, durable bool) error {
	s := fileSteps[step]
	parts := r.whole
	if s.many {
		parts = r.parts
	}
	if !s.get {
		t.kept = make([]string, len(parts))
	}
	if err := r.settle(); err != nil {
		return err
	}
	before, began := t.busy(), time.Now()
	within, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	for i := range parts {
		all.Go(func() {
			if err := r.carry(within, t, step, durable, &parts[i], &t.kept[i]); err != nil {
				cancel(err) // the others end too
			}
		})
	}
	if all.Wait(); within.Err() != nil {
		return context.Cause(within)
	}
	took, busy := time.Since(began), t.busy()-before
	total := float64(parts[0].size) * float64(len(parts))
	name := s.name + ", " + durability(durable)
	if s.many {
		name = strconv.Itoa(len(parts)) + " " + name
	}
	r.sum.add(t.name, Value{name, "MiB/s", total / (1 << 20) / took.Seconds()})
	if s.meter {
		r.sum.add(t.name, Value{"server's CPU, " + name, "ms/GiB", busy.Seconds() * 1000 * (1 << 30) / total})
	}
	return r.tidy(ctx, t, s.get, s.last, durable)
}

// carry puts or gets one file.
func (r *filesRun) carry(ctx context.Context, t *fileTarget, step int, durable bool, p *part, kept *string) (err error) {
	if s := fileSteps[step]; !s.get {
		*kept, err = t.way.put(ctx, p, durable, s.known)
		return err
	}
	hash, err := t.way.get(ctx, *kept, p.size, filepath.Join(r.here, p.name), durable)
	if err == nil && !bytes.Equal(hash, p.hash) {
		err = errors.New("what came back is another file")
	}
	return err
}

func (t *fileTarget) busy() (sum time.Duration) {
	for _, pid := range t.pids {
		sum += busy(pid)
	}
	return sum
}

// tidy removes what the step has left, here and there, and waits until it is gone.
func (r *filesRun) tidy(ctx context.Context, t *fileTarget, got, last, durable bool) error {
	if got {
		for _, p := range append(r.parts, r.whole...) {
			if err := os.Remove(filepath.Join(r.here, p.name)); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
		}
	}
	if !last {
		return nil
	}
	for _, kept := range t.kept {
		if err := t.way.remove(ctx, kept, durable); err != nil {
			return err
		}
	}
	for {
		left := 0
		for _, dir := range t.dirs {
			names, err := os.ReadDir(dir)
			if err != nil {
				return err
			}
			left += len(names)
		}
		if left == 0 {
			return nil
		}
		if err := sleep(ctx, time.Millisecond); err != nil {
			return err
		}
	}
}

// settle lets the disk finish what it has, so that no way pays for the one
// before it.
func (r *filesRun) settle() error {
	d, err := os.Open(r.Dir)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	return unix.Syncfs(int(d.Fd())) //nolint:gosec // a descriptor
}
