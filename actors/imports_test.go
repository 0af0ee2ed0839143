package actors

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "example.com/rollcall"

// room is what the packages of one part of the module may import: the standard
// library, and what is named here. A name ending in /... stands for all below it
// as well. The rooms are those of the design: imports point one way.
type room struct {
	module  []string // of our own, without the module's path
	outside []string // of others
	pure    bool     // see impure
	disk    bool     // may use files
}

var rooms = map[string]room{
	"wire":               {outside: []string{"github.com/fxamacker/cbor/v2"}},
	"wire/client":        {module: []string{"wire"}, disk: true}, // it sends and receives files
	"actors/internal":    {module: []string{"wire", "actors/internal/..."}, pure: true},
	"actors/disk":        {module: []string{"actors/disk"}, outside: []string{"golang.org/x/sys/..."}, disk: true},
	"actors/filestore":   {module: []string{"wire", "actors/disk"}, outside: []string{"github.com/fxamacker/cbor/v2"}},
	"actors/record":      {module: []string{"wire", "actors/disk"}, outside: []string{"github.com/fxamacker/cbor/v2"}},
	"actors":             {module: []string{"wire", "actors/internal/...", "actors/filestore", "actors/record"}, outside: []string{"github.com/anthdm/hollywood/actor"}},
	"supervisor":         {module: []string{"wire", "actors", "actors/disk", "actors/filestore", "actors/record", "supervisor/..."}, outside: []string{"github.com/anthdm/hollywood/actor", "github.com/sirupsen/logrus", "github.com/fxamacker/cbor/v2"}},
	"supervisor/admin":   {module: []string{"wire", "supervisor", "actors/record"}},
	"supervisor/metrics": {module: []string{"wire", "supervisor"}, outside: []string{"github.com/prometheus/..."}},
	"supervisor/cluster": {module: []string{"wire", "supervisor"}, outside: []string{"github.com/nats-io/..."}},
	"simulations":        {module: []string{"wire", "wire/client", "supervisor/...", "simulations/...", "actors/disk/...", "actors/filestore", "actors/record"}, outside: []string{"..."}, disk: true},
	"cmd":                {module: []string{"wire", "wire/client", "supervisor/...", "simulations/...", "actors/disk", "actors/filestore", "actors/record", "cmd/..."}, outside: []string{"..."}, disk: true},
}

// only names the packages that are for some files alone, by their directory or
// name.
var only = map[string][]string{
	"github.com/anthdm/hollywood": {"actors/", "supervisor/"},
	"github.com/sirupsen/logrus":  {"supervisor/log.go", "supervisor/config.go", "cmd/"},
}

// diskless are the names of package os that touch no file, for the rooms that
// must not.
var diskless = []string{"ErrDeadlineExceeded", "Hostname", "Getpid", "NewFile", "File"}

// impure are the imports and the names that a pure room must do without: it has
// no clock, no goroutine, no lock, no chance and no world outside.
var impure = []string{
	"os", "net", "sync", "sync/atomic", "context", "log", "log/slog", "syscall", "runtime", "io/fs", "path/filepath",
	"math/rand", "math/rand/v2", "crypto/rand", "os/signal", "testing",
	"time.Now", "time.Since", "time.Until", "time.Sleep", "time.After", "time.AfterFunc", "time.NewTimer",
	"time.NewTicker", "time.Tick",
}

// roomOf returns the room of a directory: the deepest that holds it.
func roomOf(dir string) (room, bool) {
	for d := dir; d != "."; d = path.Dir(d) {
		if r, ok := rooms[d]; ok {
			return r, true
		}
	}
	return room{}, false
}

func covered(list []string, what string) bool {
	return slices.ContainsFunc(list, func(s string) bool {
		below, all := strings.CutSuffix(s, "...")
		return s == what || all && strings.HasPrefix(what+"/", below)
	})
}

// sources parses every Go file of the module that is no test, and calls f with
// its path from the module's root.
func sources(t *testing.T, f func(name string, file *ast.File)) {
	t.Helper()
	err := filepath.WalkDir("..", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && p != ".." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(p, ".go") || strings.HasSuffix(p, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		name, err := filepath.Rel("..", p)
		f(filepath.ToSlash(name), file)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// importsOf returns the imports of a file by the names that they have in it.
func importsOf(t *testing.T, file *ast.File) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, i := range file.Imports {
		p, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		name := path.Base(p)
		if i.Name != nil {
			name = i.Name.Name
		}
		all[name] = p
	}
	return all
}

// selectors calls f for each use of a name of an imported package.
func selectors(file *ast.File, imports map[string]string, f func(pkg, name string)) {
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && imports[x.Name] != "" {
				f(imports[x.Name], s.Sel.Name)
			}
		}
		return true
	})
}

// TestImports walks the module and fails when an import points the wrong way.
func TestImports(t *testing.T) {
	seen := map[string]bool{}
	sources(t, func(name string, file *ast.File) {
		r, ok := roomOf(path.Dir(name))
		if !ok {
			t.Errorf("%s is in no room: give its directory a rule", name)
			return
		}
		seen[path.Dir(name)] = true
		imports := importsOf(t, file)
		for _, p := range slices.Sorted(maps.Values(imports)) {
			own, ours := strings.CutPrefix(p, module+"/")
			switch {
			case ours && !covered(r.module, own), !ours && strings.Contains(p, ".") && !covered(r.outside, p):
				t.Errorf("%s must not import %s", name, p)
			case r.pure && slices.Contains(impure, p):
				t.Errorf("%s is in a pure room and imports %s", name, p)
			}
			for pkg, files := range only {
				allowed := slices.ContainsFunc(files, func(f string) bool {
					return f == name || strings.HasSuffix(f, "/") && path.Dir(name)+"/" == f || f == "cmd/" && strings.HasPrefix(name, f)
				})
				if strings.HasPrefix(p+"/", pkg+"/") && !allowed {
					t.Errorf("%s must not import %s: it is for %v", name, p, files)
				}
			}
		}
		selectors(file, imports, func(pkg, sel string) {
			if pkg == "os" && !r.disk && !slices.Contains(diskless, sel) {
				t.Errorf("%s uses os.%s: files are for other rooms", name, sel)
			}
			if r.pure && slices.Contains(impure, pkg+"."+sel) {
				t.Errorf("%s is in a pure room and uses %s.%s", name, pkg, sel)
			}
		})
		if r.pure {
			ast.Inspect(file, func(n ast.Node) bool {
				switch n.(type) {
				case *ast.GoStmt, *ast.ChanType, *ast.SelectStmt, *ast.SendStmt:
					t.Errorf("%s is in a pure room and has goroutines or channels", name)
				}
				return true
			})
		}
	})
	for _, dir := range []string{"wire", "wire/client", "actors", "actors/internal/session", "supervisor"} {
		if !seen[dir] {
			t.Errorf("nothing was found in %s: the walk is broken", dir)
		}
	}
}
