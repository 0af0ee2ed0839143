package simulations

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// Kept is a plan that is kept in a file, with what it has shown.
type Kept struct {
	About   string   `json:"about,omitempty"` // what it is kept for
	Failure *Failure `json:"failure,omitempty"`
	Plan    Plan     `json:"plan"`
}

// MaxKeptBytes bounds the file of a plan.
const MaxKeptBytes = 64 << 20

// ErrNoPlan is wrapped by the error of a file that holds no saved plan.
var ErrNoPlan = errors.New("is no saved plan")

// LoadPlan reads the plan of a file that Save has written, as [Load] does.
func LoadPlan(file string) (Plan, error) {
	k, err := Load(file)
	return k.Plan, err
}

// Load reads a file that Save has written. The error wraps [ErrNoPlan] when the file
// holds something else, is no regular file or is larger than [MaxKeptBytes], and
// [ErrPlan] when its plan cannot be lived.
func Load(file string) (Kept, error) {
	b, err := readKept(file)
	if err != nil {
		return Kept{}, err
	}
	k, err := decodeKept(b)
	if err != nil {
		return Kept{}, fmt.Errorf("%s %w", file, err)
	}
	if err := k.Plan.Validate(); err != nil {
		return Kept{}, fmt.Errorf("%s: %w", file, err)
	}
	return k, nil
}

// readKept reads a regular file up to the bound. It looks before it opens: to open a
// pipe may take for ever.
func readKept(file string) ([]byte, error) {
	about, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if !about.Mode().IsRegular() {
		return nil, fmt.Errorf("%s %w: it is no regular file", file, ErrNoPlan)
	}
	tooLarge := fmt.Errorf("%s %w: it is larger than %d MiB", file, ErrNoPlan, MaxKeptBytes>>20)
	if about.Size() > MaxKeptBytes {
		return nil, tooLarge
	}
	f, err := os.Open(file) //nolint:gosec // the caller's file
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, MaxKeptBytes+1)) // its size may change, and some systems' files have none
	if err != nil {
		return nil, err
	}
	if len(b) > MaxKeptBytes {
		return nil, tooLarge
	}
	return b, nil
}

// decodeKept reads what Save writes, and nothing else: a field that is not known is
// a mistake of somebody's, and would change what the file seems to say.
func decodeKept(b []byte) (Kept, error) {
	// A client has three objects, an operation one. What has far more of them than a
	// plan may have would take far more memory than the file.
	if n := bytes.Count(b, []byte("{")); n > 3*maxPlanClients+maxPlanOps {
		return Kept{}, fmt.Errorf("%w: it has %d objects", ErrNoPlan, n)
	}
	var k struct {
		About   string   `json:"about"`
		Failure *Failure `json:"failure"`
		Plan    *Plan    `json:"plan"`
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	switch err := d.Decode(&k); {
	case errors.Is(err, io.EOF):
		return Kept{}, fmt.Errorf("%w: it is empty", ErrNoPlan)
	case err != nil:
		return Kept{}, fmt.Errorf("%w: %w", ErrNoPlan, err)
	case k.Plan == nil:
		return Kept{}, fmt.Errorf(`%w: it has no "plan"`, ErrNoPlan)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Kept{}, fmt.Errorf("%w: something follows the plan", ErrNoPlan)
	}
	return Kept{About: k.About, Failure: k.Failure, Plan: *k.Plan}, nil
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
