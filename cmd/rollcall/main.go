package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	p := &program{
		in: os.Stdin, out: os.Stdout, err: os.Stderr,
		env: os.LookupEnv, signals: signals, exit: os.Exit,
	}
	os.Exit(p.run(context.Background(), os.Args[1:]))
}
