package simulations

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Each seed is the same trace with one processor and with two. With
// ROLLCALL_SEEDS=N there are N seeds of each scenario, else one of those that are
// small. With ROLLCALL_TRACES=FILE the traces are also compared with those in the
// file, which is written if it is not there: run it once without -race and once
// with.
//
//	ROLLCALL_SEEDS=100 ROLLCALL_TRACES=/var/tmp/traces go test -timeout 2h -run TestTracesAgree ./simulations
//	ROLLCALL_SEEDS=100 ROLLCALL_TRACES=/var/tmp/traces go test -timeout 9h -race -run TestTracesAgree ./simulations
func TestTracesAgree(t *testing.T) {
	names, _ := Scenarios()
	seeds, large := uint64(1), []string{"crowd", "bulk", "storm", "churn", "hostile"}
	if s := os.Getenv("ROLLCALL_SEEDS"); s != "" {
		n, err := strconv.ParseUint(s, 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		seeds, large = n, nil
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var lines []string
	for _, name := range names {
		if slices.Contains(large, name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			for seed := range seeds {
				p := plan(t, name, 7_000_000+seed)
				var sums [2]string
				for i, procs := range []int{1, 2} {
					runtime.GOMAXPROCS(procs)
					sums[i] = run(t, p, Options{}).Trace
				}
				if sums[0] != sums[1] {
					t.Errorf("seed %d: %s with one processor, %s with two", p.Seed, sums[0], sums[1])
				}
				lines = append(lines, fmt.Sprintf("%s %d %s", name, p.Seed, sums[0]))
			}
		})
	}
	if file := os.Getenv("ROLLCALL_TRACES"); file != "" {
		compare(t, file, lines)
	}
}

// compare compares lines with those of a file, or writes the file.
func compare(t *testing.T, file string, lines []string) {
	t.Helper()
	f, err := os.Open(file) //nolint:gosec // the developer's own file
	if os.IsNotExist(err) {
		if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Logf("%d traces written", len(lines))
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	known := make(map[string]string)
	for s := bufio.NewScanner(f); s.Scan(); {
		if w := strings.Fields(s.Text()); len(w) == 3 {
			known[w[0]+" "+w[1]] = w[2]
		}
	}
	compared := 0
	for _, l := range lines {
		w := strings.Fields(l)
		if other, ok := known[w[0]+" "+w[1]]; ok {
			compared++
			if other != w[2] {
				t.Errorf("%s, seed %s: %s here, %s in the file", w[0], w[1], w[2], other)
			}
		}
	}
	if compared == 0 {
		t.Error("the file has none of these seeds")
	}
	t.Logf("%d traces agree with the file's", compared)
}
