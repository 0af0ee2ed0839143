package main

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/pflag"
)

// errNotPositive refuses a zero that the library would take for "the default".
var errNotPositive = errors.New("it has to be more than 0")

// errEmpty refuses a word that is empty: that of a shell's variable, perhaps, which
// is not set.
var errEmpty = errors.New("it is empty")

// notEmpty is a flag that refuses an empty word.
type notEmpty struct{ pflag.Value }

func (n notEmpty) Set(s string) error {
	if s == "" {
		return errEmpty
	}
	return n.Value.Set(s)
}

// refuseEmpty makes a flag that is there refuse an empty word.
func refuseEmpty(fs *pflag.FlagSet, name string) {
	f := fs.Lookup(name)
	f.Value, f.DefValue = notEmpty{f.Value}, ""
}

// positiveInt is a flag for a number above zero.
type positiveInt struct{ to *int }

func bindPositive(fs *pflag.FlagSet, to *int, name string, value int, what string) {
	*to = value
	fs.Var(positiveInt{to}, name, what)
}

func (p positiveInt) String() string { return strconv.Itoa(*p.to) }
func (p positiveInt) Type() string   { return "int" }

func (p positiveInt) Set(s string) error {
	n, err := strconv.Atoi(s)
	switch {
	case err != nil:
		return fmt.Errorf("%q is no number", s)
	case n < 1:
		return errNotPositive
	}
	*p.to = n
	return nil
}

// positiveDuration is a flag for a time above zero.
type positiveDuration struct{ to *time.Duration }

func bindPositiveDuration(fs *pflag.FlagSet, to *time.Duration, name string, value time.Duration, what string) {
	*to = value
	fs.Var(positiveDuration{to}, name, what)
}

func (p positiveDuration) String() string { return p.to.String() }
func (p positiveDuration) Type() string   { return "duration" }

func (p positiveDuration) Set(s string) error {
	d, err := time.ParseDuration(s)
	switch {
	case err != nil:
		return err
	case d <= 0:
		return errNotPositive
	}
	*p.to = d
	return nil
}
