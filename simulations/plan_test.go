package simulations

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"regexp"
	"slices"
	"testing"

	"github.com/fxamacker/cbor/v2"
)

// The documentation of Op tells of every kind that there is, and of no other; a star
// stands where real clients do it too.
func TestKindsAreDocumented(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "plan.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]bool{} // by kind: whether it has a star
	line := regexp.MustCompile(`(?m)^\t([a-z-]+)( \*)?  +\S`)
	for _, d := range file.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.TYPE || g.Specs[0].(*ast.TypeSpec).Name.Name != "Op" {
			continue
		}
		for _, m := range line.FindAllStringSubmatch(g.Doc.Text(), -1) {
			if _, twice := told[m[1]]; twice {
				t.Errorf("%s is told of twice", m[1])
			}
			told[m[1]] = m[2] != ""
		}
	}
	var all []string
	for _, kinds := range [][]string{
		slices.Collect(maps.Keys(serverOps)), slices.Collect(maps.Keys(clientOps)),
		slices.Collect(maps.Keys(peerOps)), slices.Collect(maps.Keys(realOps)),
	} {
		all = append(all, kinds...)
	}
	slices.Sort(all)
	for _, kind := range slices.Compact(all) {
		star, is := told[kind]
		if !is {
			t.Errorf("%s is not told of", kind)
		}
		if want := realOps[kind] != nil || kind == "freeze" || kind == "cut"; is && star != want {
			t.Errorf("%s: star=%v", kind, star)
		}
		delete(told, kind)
	}
	for kind := range told {
		t.Errorf("%s is told of, and is none", kind)
	}
}

// The body of a request or of a one-way message is what the plan says.
func TestBodies(t *testing.T) {
	for want, op := range map[string]Op{
		"42":                        {},
		"7":                         {For: 7},
		`{"a": [1, -2, "x", true]}`: {Body: `{"a":[1,-2,"x",true]}`},
	} {
		if got, err := cbor.Diagnose(op.body()); err != nil || got != want {
			t.Errorf("%+v: %s, %v", op, got, err)
		}
	}
	o := Op{Kind: "app", Body: "{"}
	if err := o.validate(); err == nil {
		t.Error("a body that is no JSON")
	}
}
