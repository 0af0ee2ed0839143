package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"example.com/rollcall/wire"
)

// console is where a person reads and writes: a terminal with a line editor,
// or plain lines.
type console struct {
	say   func(string)
	read  func() (string, error)
	close func()
}

// console takes the program's input and output over. complete finishes the line
// that is being written, when the tabulator is pressed.
func (p *program) console(complete func(line string) (string, bool)) (*console, error) {
	if isTerminal(p.in) && isTerminal(p.out) {
		return p.terminal(p.in.(*os.File), p.out.(*os.File), complete) //nolint:forcetypeassert // terminals are files
	}
	out := p.printer(p.out)
	in := bufio.NewScanner(p.in)
	in.Buffer(nil, wire.MaxMaxFrame) // a longer line would fit no message
	return &console{
		say: func(line string) { out.line("%s", line) },
		read: func() (string, error) {
			if in.Scan() {
				return in.Text(), nil
			}
			if err := in.Err(); err != nil {
				return "", err
			}
			return "", io.EOF
		},
		close: func() {},
	}, nil
}

// terminal edits lines. The terminal is raw meanwhile: Ctrl-C is a key and no
// signal.
func (p *program) terminal(in, out *os.File, complete func(string) (string, bool)) (*console, error) {
	number := int(in.Fd()) //nolint:gosec // a descriptor is small
	before, err := term.MakeRaw(number)
	if err != nil {
		return nil, fmt.Errorf("the terminal: %w", err)
	}
	p.onExit(func() { _ = term.Restore(number, before) })
	t := term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{in, out}, "> ")
	t.AutoCompleteCallback = func(line string, pos int, key rune) (string, int, bool) {
		if key != '\t' || pos != len(line) {
			return "", 0, false
		}
		whole, ok := complete(line)
		return whole, len(whole), ok
	}
	fit := func() {
		if width, height, err := term.GetSize(int(out.Fd())); err == nil { //nolint:gosec // a descriptor is small
			_ = t.SetSize(orElse(width, 80), orElse(height, 24))
		}
	}
	fit()
	unfollow := followSize(fit)
	t.SetBracketedPasteMode(true)
	return &console{
		say: func(line string) { _, _ = fmt.Fprintf(t, "%s\n", line) },
		read: func() (string, error) {
			line, err := t.ReadLine()
			if errors.Is(err, term.ErrPasteIndicator) { // pasted, and as good as written
				err = nil
			}
			return line, err
		},
		close: func() {
			unfollow()
			t.SetBracketedPasteMode(false)
			p.putBack()
			_, _ = fmt.Fprintln(out)
		},
	}, nil
}

// orElse is a terminal's width or height, or else what is common: some terminals,
// those of programs above all, say that they have none.
func orElse(size, common int) int {
	if size <= 0 {
		return common
	}
	return size
}

// lines hands out what is read, line by line, until it ends or ctx does. A read
// cannot be called off: its goroutine ends with the input, or with the process.
func (c *console) lines(ctx context.Context) <-chan string {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for {
			line, err := c.read()
			if err != nil {
				if !errors.Is(err, io.EOF) {
					c.say("* the input has ended: " + plain(err))
				}
				return
			}
			select {
			case lines <- line:
			case <-ctx.Done():
				return
			}
		}
	}()
	return lines
}
