package main

import (
	"context"
	"errors"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// signalled is a program whose signals come from the test, and whose process
// "ends" into a channel.
func signalled() (p *program, signals chan os.Signal, exited chan int) {
	signals, exited = make(chan os.Signal, 4), make(chan int, 1)
	return &program{signals: signals, exit: func(code int) { exited <- code }}, signals, exited
}

func TestTheFirstSignalAsksTheSecondForces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, signals, _ := signalled()
		ctx, forced, stop := p.watchSignals(context.Background())
		defer stop()
		signals <- syscall.SIGTERM
		<-ctx.Done()
		synctest.Wait()
		if forced.Err() != nil || codeOf(context.Cause(ctx)) != 143 {
			t.Errorf("after one: forced %v, cause %v", forced.Err(), context.Cause(ctx))
		}
		signals <- os.Interrupt
		<-forced.Done()
		if codeOf(context.Cause(forced)) != 130 {
			t.Errorf("after two: cause %v", context.Cause(forced))
		}
	})
}

func TestSignalsHaveTheirNames(t *testing.T) {
	for signal, want := range map[os.Signal]string{
		os.Interrupt: "interrupted by SIGINT", syscall.SIGTERM: "interrupted by SIGTERM",
	} {
		if got := (interruption{signal}).Error(); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}

func TestAThirdSignalEndsTheProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, signals, exited := signalled()
		restored := 0
		p.onExit(func() { restored++ })
		_, _, stop := p.watchSignals(context.Background())
		begin := time.Now()
		for range 3 {
			signals <- os.Interrupt
			synctest.Wait()
		}
		if code := <-exited; code != 130 || time.Since(begin) != 0 {
			t.Errorf("code %d after %v", code, time.Since(begin))
		}
		stop()
		if p.putBack(); restored != 1 {
			t.Errorf("the terminal was put back %d times", restored)
		}
	})
}

func TestPatienceAfterTheSecondSignalIsShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, signals, exited := signalled()
		_, _, stop := p.watchSignals(context.Background())
		defer stop()
		signals <- os.Interrupt
		signals <- syscall.SIGTERM
		begin := time.Now()
		if code := <-exited; code != 143 || time.Since(begin) != forcePatience {
			t.Errorf("code %d after %v", code, time.Since(begin))
		}
	})
}

func TestNoSignalLeavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _, _ := signalled()
		parent, cancel := context.WithCancelCause(context.Background())
		ctx, forced, stop := p.watchSignals(parent)
		cancel(errors.New("over"))
		if context.Cause(ctx).Error() != "over" || forced.Err() != nil {
			t.Errorf("%v, %v", context.Cause(ctx), forced.Err())
		}
		stop()
	})
}
