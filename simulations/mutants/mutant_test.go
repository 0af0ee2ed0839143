package main

import (
	"slices"
	"testing"
)

// Every mutant still fits the code, has a name of its own, and names its checks.
func TestMutantsFit(t *testing.T) {
	var ids []string
	for _, m := range mutants() {
		if slices.Contains(ids, m.id) {
			t.Errorf("two mutants are called %s", m.id)
		}
		ids = append(ids, m.id)
		if m.what == "" || len(m.check) == 0 || len(m.edits) == 0 {
			t.Errorf("%s is incomplete", m.id)
		}
		if _, err := m.applied("../.."); err != nil {
			t.Error(err)
		}
	}
	if len(ids) < 30 {
		t.Errorf("%d mutants", len(ids))
	}
}
