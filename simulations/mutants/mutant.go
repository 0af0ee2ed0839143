package main

import (
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
)

// mutant is one known defect.
type mutant struct {
	id    string   // the hazard in HAZARDS.md that it brings back, or a word of its own
	what  string   // one line
	check []string // the names of the checks that are to find it: any of them will do
	// scenario is where it shows best; empty: the swarm.
	scenario string
	edits    []edit
}

// edit replaces a text that stands exactly once in a file.
type edit struct{ file, old, new string }

// applied returns the mutated files by their names below root.
func (m mutant) applied(root string) (map[string]string, error) {
	out := make(map[string]string)
	for _, e := range m.edits {
		text, ok := out[e.file]
		if !ok {
			b, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(e.file)))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", m.id, err)
			}
			text = string(b)
		}
		if n := strings.Count(text, e.old); n != 1 {
			return nil, fmt.Errorf("%s: the text stands %d times in %s, not once:\n%s", m.id, n, e.file, e.old)
		}
		out[e.file] = strings.Replace(text, e.old, e.new, 1)
	}
	for name, text := range out {
		if _, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution); err != nil {
			return nil, fmt.Errorf("%s: %w", m.id, err)
		}
	}
	return out, nil
}
