package main

import (
	"fmt"
	"io"
	"os"
	"sync"

	"golang.org/x/term"
)

// printer writes lines for a person or a program. It may be used by many
// goroutines; each line is written at once and whole. After an error of the
// writer it writes no more.
type printer struct {
	// static after construction
	colour bool

	// owned by whoever holds mu
	mu  sync.Mutex
	w   io.Writer
	err error
}

// printer makes a printer for one of the program's outputs.
func (p *program) printer(w io.Writer) *printer {
	return &printer{w: w, colour: p.colourful(w)}
}

// line writes one line.
func (o *printer) line(format string, args ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return
	}
	if _, err := fmt.Fprintf(o.w, format+"\n", args...); err != nil {
		o.err = fmt.Errorf("writing the output: %w", err)
	}
}

// failed returns the first error of the writer.
func (o *printer) failed() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

// The colours, by their number in the standard for terminals (ECMA-48).
const (
	bold  = "1"
	dim   = "2"
	red   = "31"
	green = "32"
)

// paint colours a text, on a terminal that may be coloured.
func (o *printer) paint(colour, text string) string {
	if !o.colour {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

// colourful reports whether w is a terminal that may be coloured
// (no-color.org).
func (p *program) colourful(w io.Writer) bool {
	if no, _ := p.env("NO_COLOR"); no != "" {
		return false
	}
	if kind, _ := p.env("TERM"); kind == "dumb" {
		return false
	}
	return isTerminal(w)
}

// isTerminal reports whether v, a reader or a writer, is a terminal.
func isTerminal(v any) bool {
	f, ok := v.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) //nolint:gosec // a descriptor is small
}
