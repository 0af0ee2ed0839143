package simulations

import (
	"errors"
	"flag"
	"strings"
	"testing"
	"time"
)

// The bubble leans on internals of package testing; this pins what it relies on.
func TestBubble(t *testing.T) {
	began := time.Now()
	var lived time.Duration
	if err := inBubble(func() {
		start := time.Now()
		done := make(chan struct{})
		go func() { time.Sleep(24 * time.Hour); close(done) }()
		<-done
		lived = time.Since(start)
	}); err != nil {
		t.Fatal(err)
	}
	if lived != 24*time.Hour || time.Since(began) > time.Hour {
		t.Errorf("lived %v", lived)
	}
	for name, f := range map[string]func(){
		"panic":    func() { panic("on purpose") },
		"deadlock": func() { <-make(chan int) },
		"leak":     func() { go func() { <-make(chan int) }() },
		"both":     func() { go func() { <-make(chan int) }(); panic("on purpose") },
	} {
		err := inBubble(f)
		if !errors.Is(err, ErrBubble) {
			t.Errorf("%s: %v", name, err)
		}
		if strings.HasPrefix(name, "p") && !strings.Contains(err.Error(), "on purpose") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := inBubble(func() {}); err != nil {
		t.Errorf("after broken ones: %v", err)
	}
}

// In an ordinary program the bubble must not bring the flags of package testing:
// they come with testing.Init, which nothing here may call. (In a test binary
// they are there, but not more of them.)
func TestBubbleRegistersNoFlags(t *testing.T) {
	count := func() (n int) {
		flag.CommandLine.VisitAll(func(*flag.Flag) { n++ })
		return n
	}
	before := count()
	if err := inBubble(func() {}); err != nil {
		t.Fatal(err)
	}
	if after := count(); after != before {
		t.Errorf("%d flags before, %d after", before, after)
	}
}
