package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A sweep ends when its budget of real time is used up, and tells what it lived
// until then.
func TestSimulateSweepWithinItsBudget(t *testing.T) {
	p := spawn(t, nil, binary, "simulate", "--scenario", "office", "--duration", "1m", "--seeds", "1000000", "--budget", "300ms", "--parallel", "2", "--json")
	if code := p.wait(); code != exitOK {
		t.Fatalf("code %d: %s%s", code, p.out, p.errs)
	}
	var r struct {
		Seeds int   `json:"seeds"`
		Lived int64 `json:"lived_ns"`
		Tally struct {
			Injected map[string]any `json:"injected"`
		} `json:"tally"`
	}
	if err := json.Unmarshal([]byte(p.out.String()), &r); err != nil {
		t.Fatal(err)
	}
	if r.Seeds < 2 || r.Seeds == 1000000 || r.Lived == 0 || len(r.Tally.Injected) == 0 {
		t.Errorf("%+v", r)
	}
}

// A run that is interrupted tells what it has lived until then.
func TestSimulateInterrupted(t *testing.T) {
	trace := filepath.Join(t.TempDir(), "trace")
	if err := syscall.Mkfifo(trace, 0o600); err != nil {
		t.Fatal(err)
	}
	p := spawn(t, nil, binary, "simulate", "--scenario", "office", "--duration", "1000h", "--seeds", "1", "--trace", trace)
	lines, err := os.Open(trace) // once it begins
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(io.Discard, lines, 10_000); err != nil {
		t.Fatal(err)
	}
	drained := make(chan struct{})
	go func() { defer close(drained); _, _ = io.Copy(io.Discard, lines) }()
	p.signal(syscall.SIGINT)
	if code := p.wait(); code != 130 || !strings.Contains(p.out.String(), "office: 1 seed from 1 on") {
		t.Errorf("code %d: %s%s", code, p.out, p.errs)
	}
	<-drained
	_ = lines.Close()
}

// A trace that cannot be written is told, as a disk that is full.
func TestSimulateTraceOnAFullDisk(t *testing.T) {
	s := newShell(t)
	r := s.want(exitNoRoom, "simulate", "--scenario", "office", "--trace", "/dev/full")
	if !strings.Contains(r.err, "writing the trace: write /dev/full: no space left on device") || !strings.Contains(r.out, "as far as it was lived") {
		t.Error(r)
	}
}
