package simulations

import (
	"path/filepath"
	"testing"
	"time"
)

// Every plan that is kept in testdata/kept has shown a defect once.
func TestKept(t *testing.T) {
	files, err := filepath.Glob("testdata/kept/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			p, err := LoadPlan(file)
			if err != nil {
				t.Fatal(err)
			}
			run(t, p, Options{})
		})
	}
}

// A failure is made smaller until little is left, which still fails so, and can
// be saved and lived again.
func TestShrink(t *testing.T) {
	p := plan(t, "office", 3)
	p.Ops = append(p.Ops, Op{At: p.Duration - time.Second, Kind: "break the model"})
	serverOps["break the model"] = func(w *World, _ *Op) { w.model.version += 10 }
	defer delete(serverOps, "break the model")
	r, err := Run(p, Options{})
	if err != nil || r.Failure == nil {
		t.Fatalf("%v, %v", r.Failure, err)
	}
	small, f, runs := Shrink(t.Context(), p, r.Failure, 300, Options{})
	t.Logf("from %d operations to %d in %d runs: %v", len(p.Ops), len(small.Ops), runs, small.Ops)
	if len(small.Ops) > 2 || class(f) != class(r.Failure) {
		t.Errorf("%v, %v", small.Ops, f)
	}
	failsAgain(t, small, f, Options{})
}

// failsAgain saves a failure's plan, loads it, and lives it: it fails in the same way.
func failsAgain(t *testing.T, p Plan, f *Failure, o Options) (loaded Plan) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "kept.json")
	if err := Save(file, Kept{Failure: f, Plan: p}); err != nil {
		t.Fatal(err)
	}
	loaded, err := LoadPlan(file)
	if err != nil {
		t.Fatal(err)
	}
	if x, _ := Run(loaded, o); x.Failure == nil || class(x.Failure) != class(f) {
		t.Errorf("lived again: %v", x.Failure)
	}
	return loaded
}
