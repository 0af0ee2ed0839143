package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
)

// binary is the program, built once, for the tests with real processes.
var binary string

func TestMain(m *testing.M) {
	if as := os.Getenv(actAs); as != "" {
		os.Exit(act(as))
	}
	dir, err := os.MkdirTemp("", "rollcall-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	remove := func() { _ = os.RemoveAll(dir) }
	binary = filepath.Join(dir, "rollcall")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil { //nolint:gosec // our own
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
		remove()
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		remove()
		os.Exit(code)
	}))
}
