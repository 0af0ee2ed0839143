package supervisor_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// The environment of the process that makes the silent sockets.
const (
	silentLoad  = "ROLLCALL_TEST_SILENT"
	silentCount = "ROLLCALL_TEST_SILENT_COUNT"
)

// beSilent is the load: it opens sockets, says nothing, and tells how each of
// them ended.
func beSilent(addr string) int {
	n, err := strconv.Atoi(os.Getenv(silentCount))
	if err != nil {
		return 2
	}
	conns := make([]net.Conn, n)
	next := make(chan int)
	var dialling sync.WaitGroup
	for range 32 {
		dialling.Go(func() {
			for i := range next {
				c, err := net.Dial("tcp", addr)
				if err != nil {
					fmt.Fprintln(os.Stderr, err)
					continue
				}
				conns[i] = c
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	dialling.Wait()
	fmt.Println("connected")
	ends := map[string]int{}
	for _, c := range conns {
		if c == nil {
			ends["not connected"]++
			continue
		}
		ends[howItEnds(c)]++
		_ = c.Close()
	}
	if json.NewEncoder(os.Stdout).Encode(ends) != nil {
		return 2
	}
	return 0
}

// howItEnds reads a stream to its end, and tells the goodbye in it.
func howItEnds(c net.Conn) string {
	_ = c.SetReadDeadline(time.Now().Add(patience))
	b, err := io.ReadAll(c)
	if err != nil {
		return err.Error()
	}
	if len(b) < wire.HeaderSize {
		return fmt.Sprintf("%d bytes", len(b))
	}
	m, err := wire.Decode(wire.Type(b[4]), b[wire.HeaderSize:])
	if err != nil {
		return err.Error()
	}
	bye, ok := m.(*wire.Bye)
	if !ok {
		return m.Type().String()
	}
	return bye.Reason.String()
}

// TestTenThousandSilentSockets: they hold up no healthy handshake, cost a
// bounded piece of memory each, and all get their goodbye. The sockets are made
// by another process, since both ends of ten thousand are more than one process
// may mostly have; with a limit below that there are fewer. Guards N14, G6.
func TestTenThousandSilentSockets(t *testing.T) {
	n := min(10_000, descriptors(t)-500)
	// A linger that a busy machine can keep: all say goodbye at the same time.
	r := serve(t, supervisor.Config{HandshakeTimeout: 6 * time.Second, Linger: patience})
	stop := r.healthyPair(t)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)

	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	load := exec.Command(self)
	load.Env = append(os.Environ(), silentLoad+"="+r.addr, silentCount+"="+strconv.Itoa(n))
	load.Stderr = os.Stderr
	out, err := load.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := load.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = load.Process.Kill()
		_ = load.Wait()
	}()
	lines := bufio.NewReader(out)
	if line, err := lines.ReadString('\n'); err != nil || line != "connected\n" {
		t.Fatalf("the load says %q, %v", line, err)
	}
	// Accepts come in order: when this one is welcome, all before it are accepted.
	begun := time.Now()
	r.join(t, "healthy")
	took := time.Since(begun)
	counts, err := r.s.Counts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	each := (int64(after.HeapInuse+after.StackInuse) - int64(before.HeapInuse+before.StackInuse)) / int64(n)
	if got := r.s.Counters().Accepted; got != uint64(n)+3 {
		t.Errorf("%d were accepted", got)
	}
	if each > 32<<10 {
		t.Errorf("G6: each silent socket costs %d bytes", each)
	}
	var ends map[string]int
	if err := json.NewDecoder(lines).Decode(&ends); err != nil {
		t.Fatal(err)
	}
	if ends["handshake_timeout"] != n {
		t.Errorf("they ended with %v", ends)
	}
	exchanged := stop()
	if exchanged == 0 {
		t.Error("the healthy pair has exchanged nothing")
	}
	if c := r.s.Counters(); c.Terminations["handshake_timeout"] != uint64(n) || c.Panics != 0 {
		t.Errorf("terminations %v, %d panics", c.Terminations, c.Panics)
	}
	t.Logf("%d silent sockets, %d waiting when all were there, %d bytes each; a handshake behind them took %v; %d messages were exchanged meanwhile",
		n, counts.Handshaking, each, took, exchanged)
}
