package simulations

import (
	"hash/fnv"
	"math/rand/v2"
	"time"
)

// stream returns the random source of one purpose of a run: what one part of
// the world draws never changes what another gets.
func stream(seed uint64, purpose string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(purpose))
	return rand.New(rand.NewPCG(seed, h.Sum64())) //nolint:gosec // it is to be repeated
}

// between draws a time of [low, high).
func between(r *rand.Rand, low, high time.Duration) time.Duration {
	if high <= low {
		return low
	}
	return low + time.Duration(r.Int64N(int64(high-low)))
}

// chance is true with probability p.
func chance(r *rand.Rand, p float64) bool { return r.Float64() < p }
