//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// followSize calls fit whenever the terminal has another size, until it is told
// to stop.
func followSize(fit func()) (stop func()) {
	changed := make(chan os.Signal, 1)
	signal.Notify(changed, syscall.SIGWINCH)
	gone := make(chan struct{})
	over := make(chan struct{})
	go func() {
		defer close(gone)
		for {
			select {
			case <-changed:
				fit()
			case <-over:
				return
			}
		}
	}()
	return func() {
		signal.Stop(changed)
		close(over)
		<-gone
	}
}
