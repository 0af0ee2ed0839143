package actors

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What of hollywood this package may use: its engine as a register of names.
// Everything else is a trap (H1 to H11).
var hollywood = []string{"Engine", "PID", "NewPID", "Processer", "Envelope"}

// traps are the methods that must not be called, whatever they are called on.
var traps = map[string]string{
	"Request": "H10", "SendRepeat": "H8", "Poison": "H2", "PoisonCtx": "H2", "SpawnChild": "H3", "SpawnChildFunc": "H3",
	"Spawn": "H1", "SpawnFunc": "H1", "Subscribe": "H9", "Unsubscribe": "H9", "BroadcastEvent": "H9",
	"SendWithSender": "H10", "Respond": "H10", "Forward": "H10",
}

// waits are the functions that may wait at a channel, or send to one, and why it
// is no actor that does. Everything else here runs inside receive, or may (N4,
// N5, H10).
var waits = map[string]string{
	"take":          "the reader's goroutine",
	"Listen":        "the accept loop",
	"await":         "a caller from outside",
	"onDisk":        "a goroutine that waits for the disk, one of a few",
	"fromRegistry":  "answers into a channel with room",
	"fromUsers":     "answers into a channel with room",
	"push":          "answers into a channel with room",
	"run":           "the stall clock's goroutine",
	"stop":          "a shutdown, by a caller from outside",
	"Shutdown":      "a caller from outside",
	"release":       "does not block: it has a default",
	"hand":          "there is one job at most, and room for it",
	"answer":        "answers into a channel with room",
	"end":           "answers into a channel with room",
	"blockOnDisk":   "the goroutine that waits for the roll and the journal",
	"awaitRecord":   "a shutdown, by a caller from outside",
	"outOfPatience": "a goroutine of a shutdown's",
	"restore":       "the start, by a caller from outside",
	"Sync":          "a caller from outside",
}

// locked are the files with a lock: nobody holds one while calling anything.
var locked = []string{"credits.go", "system.go", "mailbox.go", "clocks.go", "poller_linux.go", "socket_parked_linux.go", "feeder.go"}

// guards H1, H2, H3, H8, H9, H10, N4, N5: what makes these hazards is not in the
// source.
func TestNoTraps(t *testing.T) {
	files := 0
	sources(t, func(name string, file *ast.File) {
		if path.Dir(name) != "actors" {
			return
		}
		files++
		imports := importsOf(t, file)
		selectors(file, imports, func(pkg, sel string) {
			switch {
			case pkg == "github.com/anthdm/hollywood/actor" && !slices.Contains(hollywood, sel):
				t.Errorf("%s uses actor.%s", name, sel)
			case pkg == "time" && (sel == "Sleep" || sel == "Tick"):
				t.Errorf("%s uses time.%s (H10)", name, sel)
			case pkg == "sync" && sel != "Once" && sel != "Pool" && !slices.Contains(locked, path.Base(name)):
				t.Errorf("%s uses sync.%s (N4)", name, sel)
			}
		})
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				checkFunction(t, name, imports, f)
			}
		}
	})
	if files < 20 {
		t.Errorf("%d files: the walk is broken", files)
	}
}

func checkFunction(t *testing.T, name string, imports map[string]string, f *ast.FuncDecl) {
	t.Helper()
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			s, ok := n.Fun.(*ast.SelectorExpr)
			if !ok {
				break
			}
			if x, ok := s.X.(*ast.Ident); ok && imports[x.Name] != "" {
				break // a function of a package, and no method
			}
			if id, trap := traps[s.Sel.Name]; trap {
				t.Errorf("%s: %s calls %s (%s)", name, f.Name.Name, s.Sel.Name, id)
			}
			if s.Sel.Name == "Stop" && len(n.Args) > 0 {
				t.Errorf("%s: %s calls Stop with a PID (H2)", name, f.Name.Name)
			}
		case *ast.UnaryExpr:
			if n.Op == token.ARROW && waits[f.Name.Name] == "" {
				t.Errorf("%s: %s waits at a channel", name, f.Name.Name)
			}
		case *ast.SendStmt, *ast.SelectStmt:
			if waits[f.Name.Name] == "" {
				t.Errorf("%s: %s waits at a channel", name, f.Name.Name)
			}
		}
		return true
	})
}

// tests calls f with each comment of this package's tests.
func tests(t *testing.T, f func(comment string)) {
	t.Helper()
	names, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range file.Comments {
			f(c.Text())
		}
	}
}

// Every hazard that this package has to survive is guarded by a test that names
// it.
func TestHazardsAreGuarded(t *testing.T) {
	named := map[string]bool{}
	tests(t, func(comment string) {
		_, list, ok := strings.Cut(comment, "guards ")
		if !ok {
			return
		}
		for _, id := range strings.FieldsFunc(list, func(r rune) bool { return r == ' ' || r == ',' || r == ':' || r == '.' || r == '\n' }) {
			named[id] = true
		}
	})
	for _, id := range []string{
		"N1", "N2", "N3", "N4", "N5", "N6", "N7", "N8", "N9", "N10", "N11", "N13", "N14", "N16", "N17", "N21", "N25",
		"H1", "H2", "H3", "H4", "H5", "H6", "H7", "H8", "H9", "H10", "P1", "P3", "P4", "P6", "P7",
		"S1", "S2", "S3", "S4", "G1", "G2", "G3", "G4", "G6",
	} {
		if !named[id] {
			t.Errorf("no test guards %s", id)
		}
	}
}
