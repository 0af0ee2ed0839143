package simulations

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// A file that holds no plan is told so, with its name, and so is a plan that cannot
// be lived.
func TestFilesThatHoldNoPlan(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bad.json")
	const good = `{"plan":{"duration":1000000000,"clients":[{"kind":"peer"}]}}`
	for _, c := range []struct {
		text, words string
		is          error
	}{
		{"", "is no saved plan: it is empty", ErrNoPlan},
		{"{}", `is no saved plan: it has no "plan"`, ErrNoPlan},
		{`{"plan":null}`, `it has no "plan"`, ErrNoPlan},
		{"[]", "is no saved plan: json: cannot unmarshal array", ErrNoPlan},
		{"\x7fELF\x00", "is no saved plan: invalid character", ErrNoPlan},
		{`{"scenario":"swarm","seeds":20,"failures":[]}`, `is no saved plan: json: unknown field "scenario"`, ErrNoPlan},
		{`{"plan":{"duration":1,"crashes":9}}`, `unknown field "crashes"`, ErrNoPlan},
		{good + "{}", "something follows the plan", ErrNoPlan},
		{strings.Repeat("{", 8_000_000), "8000000 objects", ErrNoPlan},
		{`{"plan":{}}`, "duration is 0s", ErrPlan},
		{`{"plan":{"duration":1000000000}}`, "there are 0 clients", ErrPlan},
		{good, "", nil},
	} {
		if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := LoadPlan(file)
		if !errors.Is(err, c.is) || err != nil && !(strings.Contains(err.Error(), file) && strings.Contains(err.Error(), c.words)) {
			t.Errorf("%.40q: %v", c.text, err)
		}
	}
}

// What is no regular file is not read, and what is too large not to its end.
func TestPlansAreReadFromFilesOfABoundedSize(t *testing.T) {
	dir := t.TempDir()
	if _, err := Load(dir); !errors.Is(err, ErrNoPlan) || !strings.Contains(err.Error(), "no regular file") {
		t.Error(err)
	}
	if _, err := Load(os.DevNull); !errors.Is(err, ErrNoPlan) || !strings.Contains(err.Error(), "no regular file") {
		t.Error(err)
	}
	large := filepath.Join(dir, "large")
	if err := os.WriteFile(large, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(large, MaxKeptBytes+1); err != nil { // a hole: it takes no room
		t.Fatal(err)
	}
	if _, err := Load(large); !errors.Is(err, ErrNoPlan) || !strings.Contains(err.Error(), "larger than 64 MiB") {
		t.Error(err)
	}
	if _, err := Load(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// A decoded file is what was saved, whatever it is; nothing makes the decoder panic.
func FuzzDecodeKept(f *testing.F) {
	files, err := filepath.Glob("testdata/kept/*.json")
	if err != nil || len(files) == 0 {
		f.Fatal(err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file) //nolint:gosec // our own
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(`{"failure":{"check":"G3"},"plan":{"ops":[{"kind":"panic","text":"users "}]}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		k, err := decodeKept(b)
		if err != nil {
			if !errors.Is(err, ErrNoPlan) {
				t.Fatal(err)
			}
			return
		}
		_ = k.Plan.Validate()
		text, err := json.Marshal(k)
		if err != nil {
			t.Fatal(err)
		}
		again, err := decodeKept(text)
		if err != nil {
			t.Fatal(err)
		}
		if first, second := asText(t, k), asText(t, again); !reflect.DeepEqual(first, second) {
			t.Fatalf("%s\n%s", first, second)
		}
	})
}

func asText(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
