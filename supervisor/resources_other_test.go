//go:build !unix

package supervisor_test

import (
	"testing"
	"time"
)

// cpuTime is not asked of other systems: a benchmark tells 0 there.
func cpuTime(testing.TB) time.Duration { return 0 }

// descriptors: no such limit is known there.
func descriptors(testing.TB) int { return 1 << 20 }
