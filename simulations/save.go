package simulations

import (
	"encoding/json"
	"fmt"
	"os"
)

// Kept is a plan that is kept in a file, with what it has shown.
type Kept struct {
	About   string   `json:"about,omitempty"` // what it is kept for
	Failure *Failure `json:"failure,omitempty"`
	Plan    Plan     `json:"plan"`
}

// LoadPlan reads the plan of a file that Save has written. The error wraps
// [ErrPlan] when it cannot be lived.
func LoadPlan(file string) (Plan, error) {
	b, err := os.ReadFile(file) //nolint:gosec // the caller's file
	if err != nil {
		return Plan{}, err
	}
	var k Kept
	if err := json.Unmarshal(b, &k); err != nil {
		return Plan{}, fmt.Errorf("simulations: %s: %w", file, err)
	}
	if err := k.Plan.Validate(); err != nil {
		return Plan{}, fmt.Errorf("%s: %w", file, err)
	}
	return k.Plan, nil
}

// Save writes a plan to a file.
func Save(file string, k Kept) error {
	if k.Failure != nil {
		short := *k.Failure
		short.Last = nil
		k.Failure = &short
	}
	b, err := json.MarshalIndent(k, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(b, '\n'), 0o644) //nolint:gosec // not secret
}
