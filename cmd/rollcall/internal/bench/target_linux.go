package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// The targets of a run.
const (
	Rollcall = "rollcall"
	FloorGo  = "floor-go"    // one goroutine a connection, no actors
	Epoll    = "floor-epoll" // one thread, no actors
	External = "server"      // one that runs already

	FloorTCP  = "floor-tcp"  // files: a copy over a bare connection
	FloorHTTP = "floor-http" // files: PUT and GET of net/http
)

// target is a server that is measured.
type target struct {
	name string
	addr string
	vars string // URL of its counters; empty: none
	pid  int    // 0: not known
	stop func() // ends it
	kids []int  // load processes beside this one
}

// start runs this program as a server of the kind.
func (s *Setup) start(ctx context.Context, kind string) (*target, error) {
	if kind == External {
		return &target{name: kind, addr: s.Server, pid: s.ServerPID, stop: func() {}}, nil
	}
	args := []string{"bench", "floor", "--kind", strings.TrimPrefix(kind, "floor-")}
	if kind == Rollcall {
		args = serveArgs("none")
		if s.Counters {
			args = append(args, "--admin", "127.0.0.1:0")
		}
		args = append(args, s.ServeArgs...)
	}
	return s.startAs(ctx, kind, args)
}

// serveArgs make this program a server that is measured, with its files in data.
func serveArgs(data string) []string {
	return []string{
		"serve", "--listen", "127.0.0.1:0", "--admin", "off", "--log-level", "error",
		"--heartbeat", "10m", "--timeout", "30m", "--data", data, "--shutdown-timeout", "1s",
	}
}

// startAs runs this program with args, which make it a server.
func (s *Setup) startAs(ctx context.Context, kind string, args []string) (*target, error) {
	p, err := s.child(ctx, args)
	if err != nil {
		return nil, err
	}
	line, err := p.out.ReadString('\n')
	words := strings.Fields(line)
	if err != nil || len(words) < 3 || words[0] != "listening" {
		p.kill()
		return nil, fmt.Errorf("the %s did not start: %q %w", kind, line, err)
	}
	t := &target{name: kind, addr: words[2], pid: p.cmd.Process.Pid, stop: p.end}
	if len(words) == 5 && words[3] == "admin" {
		t.vars = words[4] + "/varz"
	}
	return t, nil
}

// process is a child of this one.
type process struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func (s *Setup) child(ctx context.Context, args []string) (*process, error) {
	cmd := exec.CommandContext(ctx, s.Program, args...) //nolint:gosec // this program
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Env = append(os.Environ(), s.Environ...)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", args[0], err)
	}
	return &process{cmd: cmd, in: in, out: bufio.NewReader(out)}, nil
}

// kill ends the child at once.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// end ends the child in good order, or at once after a while.
func (p *process) end() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	timer := time.AfterFunc(5*time.Second, func() { _ = p.cmd.Process.Kill() })
	defer timer.Stop()
	_ = p.cmd.Wait()
}

// resident is a process's resident memory, in bytes.
func resident(pid int) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0, err
	}
	words := strings.Fields(string(text))
	if len(words) < 2 {
		return 0, errors.New("statm: too short")
	}
	pages, err := strconv.ParseFloat(words[1], 64)
	return pages * float64(os.Getpagesize()), err
}

// clockTick is USER_HZ, which Linux has fixed at 100 for all programs.
const clockTick = 10 * time.Millisecond

// busy is the processor time that a process has taken, user and system.
func busy(pid int) time.Duration {
	if pid == 0 {
		return 0
	}
	if pid == os.Getpid() {
		var r unix.Rusage
		if unix.Getrusage(unix.RUSAGE_SELF, &r) != nil {
			return 0
		}
		return time.Duration(r.Utime.Nano() + r.Stime.Nano())
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	words := strings.Fields(rest)
	if len(words) < 13 {
		return 0
	}
	user, err1 := strconv.ParseInt(words[11], 10, 64)
	system, err2 := strconv.ParseInt(words[12], 10, 64)
	if errors.Join(err1, err2) != nil {
		return 0
	}
	return time.Duration(user+system) * clockTick
}

// meter measures how much of a core each side takes.
type meter struct {
	t            *target
	begun        time.Time
	server, load time.Duration
}

func (t *target) meter() *meter {
	return &meter{t, time.Now(), busy(t.pid), t.load()}
}

func (t *target) load() time.Duration {
	sum := busy(os.Getpid())
	for _, pid := range t.kids {
		sum += busy(pid)
	}
	return sum
}

// read returns the time since the meter began, and the share of one core that
// the server and the load have taken in it, in per cent.
func (m *meter) read() (took time.Duration, server, load float64) {
	took = time.Since(m.begun)
	share := func(d time.Duration) float64 { return 100 * float64(d) / float64(took) }
	return took, share(busy(m.t.pid) - m.server), share(m.t.load() - m.load)
}
