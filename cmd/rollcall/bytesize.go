package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// byteSize is a flag whose value is a number of bytes, as 65536, 64KiB or 64MB.
type byteSize int64

// The units, longest first: each is the ending of the one before. A bare letter
// counts as dd counts it.
var byteUnits = []struct {
	name string
	n    int64
}{
	{"KIB", 1 << 10}, {"MIB", 1 << 20}, {"GIB", 1 << 30}, {"TIB", 1 << 40},
	{"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12},
	{"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}, {"T", 1 << 40},
	{"B", 1},
}

// String writes the largest unit of 1024 that divides the number.
func (b *byteSize) String() string {
	n, unit := int64(*b), ""
	for _, u := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if n == 0 || n%1024 != 0 {
			break
		}
		n, unit = n/1024, u
	}
	return strconv.FormatInt(n, 10) + unit
}

// Type names the value in the help.
func (*byteSize) Type() string { return "SIZE" }

// Set reads a number, with a unit or without.
func (b *byteSize) Set(text string) error {
	number, unit := strings.ToUpper(strings.TrimSpace(text)), int64(1)
	for _, u := range byteUnits {
		if rest, ok := strings.CutSuffix(number, u.name); ok {
			number, unit = strings.TrimSpace(rest), u.n
			break
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 {
		return fmt.Errorf("%q is no size: it is a number of bytes, or one with KiB, MiB, GiB, KB, MB, GB", text)
	}
	if n > math.MaxInt64/unit {
		return fmt.Errorf("%q is too large", text)
	}
	*b = byteSize(n * unit)
	return nil
}
