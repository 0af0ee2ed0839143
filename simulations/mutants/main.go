package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

func main() {
	h := hunt{}
	only := flag.String("only", "", "the mutants to try, with commas between them; all if it is empty")
	list := flag.Bool("list", false, "tell what mutants there are, and end")
	flag.BoolVar(&h.only, "build", false, "only build them: tells whether each still is Go that compiles")
	flag.BoolVar(&h.verbose, "v", false, "tell what each check has seen")
	flag.StringVar(&h.root, "root", ".", "the checkout's folder")
	flag.IntVar(&h.seeds, "seeds", 2000, "how many seeds to try for each mutant")
	flag.Uint64Var(&h.first, "seed", 1, "the first seed")
	flag.DurationVar(&h.patience, "patience", 3*time.Minute, "how long to try each mutant")
	flag.Parse()
	if *list {
		for _, m := range mutants() {
			fmt.Printf("%-18s %-20s %s\n", m.id, strings.Join(m.check, " or "), m.what)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var names []string
	if *only != "" {
		names = strings.Split(*only, ",")
	}
	holes, err := h.all(ctx, names)
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(2)
	case holes > 0:
		os.Exit(1)
	}
}

// hunt is one run over mutants.
type hunt struct {
	root     string
	seeds    int
	first    uint64
	patience time.Duration
	only     bool // build them, and no more
	verbose  bool
}

// all tries the mutants of these names, or every one, prints a line for each,
// and returns how many were not found by a check that they name.
func (h hunt) all(ctx context.Context, names []string) (holes int, err error) {
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	for _, n := range names {
		if !slices.ContainsFunc(mutants(), func(m mutant) bool { return m.id == n }) {
			return 0, fmt.Errorf("there is no mutant %q", n)
		}
	}
	fmt.Printf("%-18s %-9s %-14s %8s %8s  %s\n", "mutant", "", "by", "seeds", "seconds", "what")
	for _, m := range mutants() {
		if len(names) > 0 && !slices.Contains(names, m.id) {
			continue
		}
		found, err := h.one(ctx, m, dir)
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "mutants:", err)
		}
		if !found {
			holes++
		}
	}
	return holes, ctx.Err()
}

// one builds a mutant, runs it, and prints its line.
func (h hunt) one(ctx context.Context, m mutant, dir string) (found bool, err error) {
	program := filepath.Join(dir, "rollcall")
	if err := build(ctx, m, h.root, dir, program); err != nil {
		return false, err
	}
	if h.only {
		fmt.Printf("%-18s builds\n", m.id)
		return true, nil
	}
	ctx, cancel := context.WithTimeout(ctx, h.patience)
	defer cancel()
	begin := time.Now()
	r, err := h.run(ctx, m, program)
	if err != nil {
		return false, fmt.Errorf("%s: %w", m.id, err)
	}
	word := "MISSED"
	switch {
	case r.check == "":
	case slices.Contains(m.check, r.check):
		word, found = "found", true
	default:
		word = "elsewhere"
	}
	fmt.Printf("%-18s %-9s %-14s %8d %8.1f  %s\n", m.id, word, r.check, r.seeds, time.Since(begin).Seconds(), m.what)
	if r.how != "" && h.verbose {
		fmt.Printf("    %.400s\n", r.how)
	}
	return found, nil
}

// build builds the program with the mutant's files in the place of the real
// ones.
func build(ctx context.Context, m mutant, root, dir, program string) error {
	files, err := m.applied(root)
	if err != nil {
		return err
	}
	overlay, err := writeOverlay(files, root, dir)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-overlay", overlay, "-o", program, "./cmd/rollcall")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s does not build: %w\n%s", m.id, err, out)
	}
	return nil
}
