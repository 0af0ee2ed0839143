package simulations

import (
	"errors"
	"fmt"
	"runtime/debug"
	"testing"
	"testing/synctest"
)

// ErrBubble is wrapped by the errors of runs that came to no orderly end: a
// panic in the world's own goroutine, a deadlock, a goroutine that was left.
var ErrBubble = errors.New("simulations: the run broke")

// inBubble runs f in a bubble of package synctest: an own virtual clock, which
// jumps to the next timer when every goroutine of the bubble waits. It works in
// an ordinary program as in a test, registers no flags and prints nothing. It
// leans on what package testing does not promise (a zero testing.T), so this is
// the one place that does, and a test pins it.
//
// A deadlock, and a goroutine that outlives f, are errors. A panic in a goroutine
// that f starts ends the process, as always.
func inBubble(f func()) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = errors.Join(err, fmt.Errorf("%w: %v", ErrBubble, v))
		}
	}()
	synctest.Test(new(testing.T), func(*testing.T) {
		defer func() {
			// Here, or a panic is masked by the goroutines that it leaves behind.
			if v := recover(); v != nil {
				err = fmt.Errorf("%w: panic: %v\n%s", ErrBubble, v, debug.Stack())
			}
		}()
		f()
	})
	return err
}
