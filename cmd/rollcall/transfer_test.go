package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/rollcall/supervisor/admin"
)

// noise is n bytes that no compression makes less of, always the same for one
// name.
func noise(name string, n int64) io.Reader {
	seed := sha256.Sum256([]byte(name))
	return io.LimitReader(rand.NewChaCha8(seed), n)
}

// fileOf makes a file with noise in it, in a directory of its own.
func fileOf(t testing.TB, name string, n int64) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	f, err := os.Create(path) //nolint:gosec // our own
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(f, noise(name, n)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// hashOf is the SHA-256 of a file.
func hashOf(t testing.TB, path string) string {
	t.Helper()
	f, err := os.Open(path) //nolint:gosec // our own
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// told is what a command with --json tells of files, all kinds in one.
type told struct {
	Event, File, ID, Name, Code, Error, SHA256 string
	Offset, Size, Moved                        int64
	Resumed                                    int64 `json:"resumed_from"`
}

// toldIn reads what a command with --json has written, whole lines only.
func toldIn(t testing.TB, text string) (all []told) {
	t.Helper()
	for line := range strings.Lines(text) {
		if !strings.HasSuffix(line, "\n") {
			break
		}
		var m told
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		all = append(all, m)
	}
	return all
}

// last returns the last of them.
func last(t testing.TB, all []told) told {
	t.Helper()
	if len(all) == 0 {
		t.Fatal("nothing was told")
	}
	return all[len(all)-1]
}

func TestPutAndGet(t *testing.T) {
	s, _ := serveFiles(t)
	big, empty := fileOf(t, "big file.bin", 3<<20+7), fileOf(t, "empty.txt", 0)
	r := s.want(exitOK, "put", "--user", "alice", "--to", "bob", "--to", "carol", big, empty)
	if strings.Count(r.out, "\n") != 2 || !strings.Contains(r.out, "stored "+big+" for bob, carol: ") || !strings.Contains(r.out, "(3 MiB in ") || r.err != "" {
		t.Errorf("%s%s", r.out, r.err)
	}
	list := s.want(exitOK, "files", "--user", "bob").out
	if strings.Count(list, "\n") != 3 || !strings.Contains(list, "big file.bin") || !strings.Contains(list, "3 MiB") {
		t.Error(list)
	}
	if out := s.want(exitOK, "files", "--user", "dora").out; strings.Count(out, "\n") != 1 {
		t.Errorf("dora sees %s", out)
	}
	if r := s.want(exitAbsent, "get", "--user", "dora", "empty.txt"); !strings.Contains(r.err, "no file empty.txt") {
		t.Error(r.err)
	}
	t.Chdir(t.TempDir())
	r = s.want(exitOK, "get", "--user", "bob", "big file.bin", "empty.txt")
	if !strings.Contains(r.out, "saved big file.bin of alice as big file.bin") {
		t.Error(r.out)
	}
	if hashOf(t, "big file.bin") != hashOf(t, big) || hashOf(t, "empty.txt") != hashOf(t, empty) {
		t.Error("what was fetched is not what was put")
	}
	if left, _ := os.ReadDir("."); len(left) != 2 {
		t.Errorf("there are %v", left)
	}
}

// /varz tells what the store holds, and of a server without files nothing.
func TestVarzTellsOfFiles(t *testing.T) {
	s, _ := serveFiles(t)
	s.want(exitOK, "put", "--user", "alice", fileOf(t, "a", 1000), fileOf(t, "b", 234))
	var v admin.Vars
	if err := json.Unmarshal(s.get("/varz", 200), &v); err != nil || v.Files == nil || *v.Files != (admin.Files{Files: 2, Bytes: 1234}) {
		t.Errorf("%v, %+v", err, v.Files)
	}
	if text := serve(t).get("/varz", 200); strings.Contains(string(text), `"files":`) {
		t.Errorf("%s", text)
	}
}

// What programs are told, with its numbers.
func TestPutAndGetAsJSON(t *testing.T) {
	s, _ := serveFiles(t)
	file := fileOf(t, "a.txt", 100_000)
	put := toldIn(t, s.want(exitOK, "put", "--user", "alice", "--to", "bob", "--json", file).out)
	if put[0] != (told{Event: "started", File: file, Size: 100_000}) {
		t.Errorf("%+v", put[0])
	}
	done := last(t, put)
	if done.Event != "done" || done.File != file || done.Name != "a.txt" || done.Size != 100_000 || done.Moved != 100_000 || done.Resumed != 0 || len(done.ID) != 32 {
		t.Errorf("%+v", done)
	}
	var listed fileJSON
	if err := json.Unmarshal([]byte(s.want(exitOK, "files", "--user", "bob", "--json").out), &listed); err != nil {
		t.Fatal(err)
	}
	if listed.ID != done.ID || listed.Owner != "alice" || listed.Hash != hashOf(t, file) || !strings.HasPrefix(listed.Media, "text/plain") || listed.To != nil {
		t.Errorf("%+v", listed)
	}
	to := filepath.Join(t.TempDir(), "b")
	got := toldIn(t, s.want(exitOK, "get", "--user", "bob", "--json", "-o", to, done.ID).out)
	if got[0].Event != "started" || got[0].File != to {
		t.Errorf("%+v", got[0])
	}
	if g := last(t, got); g.Event != "done" || g.ID != done.ID || g.Name != "a.txt" || g.Moved != 100_000 || g.SHA256 != listed.Hash {
		t.Errorf("%+v", g)
	}
	r := s.want(exitFailure, "get", "--user", "bob", "--json", "-o", to, done.ID)
	if f := last(t, toldIn(t, r.out)); f.Event != "failed" || f.Code != "exists" {
		t.Errorf("%+v", f)
	}
}

func TestGetChoosesItsPlace(t *testing.T) {
	s, _ := serveFiles(t)
	file := fileOf(t, "a", 10)
	id := last(t, toldIn(t, s.want(exitOK, "put", "--user", "alice", "--everyone", "--json", file).out)).ID
	dir := t.TempDir()
	t.Chdir(dir)
	s.want(exitOK, "get", "--user", "bob", "a", "-o", "b")
	s.want(exitOK, "get", "--user", "bob", "a", "-o", ".")
	if err := os.Mkdir("c", 0o700); err != nil {
		t.Fatal(err)
	}
	s.want(exitOK, "get", "--user", "bob", id, "-o", filepath.Join(dir, "c")+"/")
	for _, name := range []string{"a", "b", "c/a"} {
		if hashOf(t, name) != hashOf(t, file) {
			t.Error(name)
		}
	}
	// It never takes the place of what is there.
	if err := os.WriteFile("a", []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := s.want(exitFailure, "get", "--user", "bob", "a"); !strings.Contains(r.err, "a: it is there already; --force replaces it") {
		t.Error(r.err)
	}
	if text, _ := os.ReadFile("a"); string(text) != "mine" {
		t.Errorf("it is %q", text)
	}
	s.want(exitOK, "get", "--user", "bob", "a", "--force")
	if hashOf(t, "a") != hashOf(t, file) {
		t.Error("it was not replaced")
	}
	want, _ := os.ReadFile(file) //nolint:gosec // our own
	if r := s.want(exitOK, "get", "--user", "bob", "a", "-o", "-"); !bytes.Equal([]byte(r.out), want) || !strings.Contains(r.err, "wrote a of alice to standard output") {
		t.Errorf("%q %q", r.out, r.err)
	}
	if r := s.want(exitUsage, "get", "--user", "bob", "a", "a", "-o", "b"); !strings.Contains(r.err, "b is no directory") {
		t.Error(r.err)
	}
	if r := s.want(exitUsage, "get", "--user", "bob", "a", id); !strings.Contains(r.err, "two of the files would be a") {
		t.Error(r.err)
	}
	if left, _ := os.ReadDir("."); len(left) != 3 {
		t.Errorf("there are %v", left)
	}
}

// A file's name is data: whatever it is, what is fetched lies in the current
// directory, under a name that is safe.
//
// guards N26
func TestGetStaysInItsDirectory(t *testing.T) {
	s, _ := serveFiles(t)
	c := s.dial(t, "mallory")
	for name, local := range map[string]string{"../../evil": "evil", "/etc/passwd": "passwd", ".bashrc": "bashrc", "-rf": "_-rf"} {
		if _, err := c.Put(t.Context(), strings.NewReader("x"), 1, putTo("bob", name)); err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join(t.TempDir(), "deep", "er")
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		t.Chdir(dir)
		s.want(exitOK, "get", "--user", "bob", "--", name)
		if left, _ := os.ReadDir("."); len(left) != 1 || left[0].Name() != local {
			t.Errorf("%q: there are %v", name, left)
		}
		if up, _ := os.ReadDir(".."); len(up) != 1 {
			t.Errorf("%q: above are %v", name, up)
		}
	}
}

func TestRm(t *testing.T) {
	s, dir := serveFiles(t)
	file, other := fileOf(t, "a", 10), fileOf(t, "b", 10)
	id := last(t, toldIn(t, s.want(exitOK, "put", "--user", "alice", "--to", "bob", "--json", file).out)).ID
	s.want(exitOK, "put", "--user", "alice", "--to", "bob", file, other)
	r := s.want(exitUsage, "rm", "--user", "alice", "a")
	if !strings.Contains(r.err, "2 files are called a, say the ID: ") || !strings.Contains(r.err, id) || !strings.Contains(r.err, "of alice") {
		t.Error(r.err)
	}
	if r := s.want(exitUsage, "get", "--user", "bob", "a"); !strings.Contains(r.err, id) {
		t.Error(r.err)
	}
	if r := s.want(exitAbsent, "rm", "--user", "bob", id); !strings.Contains(r.err, "no file "+id) { // it is alice's
		t.Error(r.err)
	}
	r = s.run("rm", "--user", "alice", "nothing", id, "b")
	if r.code != exitAbsent || strings.Count(r.out, "removed ") != 2 || !strings.Contains(r.err, "nothing: there is no file nothing") {
		t.Errorf("%s%s", r.out, r.err)
	}
	if out := s.want(exitOK, "rm", "--user", "alice", "a").out; !strings.HasPrefix(out, "removed a (") {
		t.Error(out)
	}
	for _, at := range []string{"files", "partial", "trash"} {
		if left, _ := os.ReadDir(filepath.Join(dir, at)); len(left) != 0 {
			t.Errorf("%s: %v", at, left)
		}
	}
}

// Each kind of refusal has its exit code.
func TestPutsAreRefused(t *testing.T) {
	s, dir := serveFiles(t, "--max-file", "64KiB", "--max-user-bytes", "100KiB", "--max-user-files", "2")
	small, large := fileOf(t, "small", 60<<10), fileOf(t, "large", 70<<10)
	for _, c := range []struct {
		code  int
		args  string
		words string
	}{
		{exitNoRoom, large, "large: file_too_large"},
		{exitOK, small, ""},
		{exitNoRoom, small, "small: quota_exceeded"},
		{exitNoRoom, fileOf(t, "tiny", 1) + " " + fileOf(t, "tiny", 1) + " " + large, "2 of 3 files failed, "},
		{exitAbsent, "--relay --to nobody " + small, "nobody is offline"},
	} {
		r := s.run(append([]string{"put", "--user", "alice"}, strings.Fields(c.args)...)...)
		if r.code != c.code || !strings.Contains(r.err, c.words) {
			t.Errorf("%s: code %d: %s", c.args, r.code, r.err)
		}
	}
	if left, _ := os.ReadDir(filepath.Join(dir, "partial")); len(left) != 0 {
		t.Errorf("%v is left", left)
	}
}

func TestMistakesWithFiles(t *testing.T) {
	s := newShell(t)
	file := fileOf(t, "a", 1)
	for args, words := range map[string]string{
		"put " + file:                                 "--user",
		"put --user a":                                "say which",
		"put --user a /nowhere/b":                     "no such file",
		"put --user a " + filepath.Dir(file):          "is no regular file",
		"put --user a --relay " + file:                "exactly one user",
		"put --user a --relay --to b --to c " + file:  "exactly one user",
		"put --user a --relay --everyone " + file:     "exactly one user",
		"put --user a --to b\x07 " + file:             "control character",
		"put --user a --give-up -1s " + file:          "--give-up is negative",
		"put --user a --to " + manyUsers + " " + file: "513 users, more than 512",
		"get b":                       "--user",
		"get --user a":                "say which",
		"get --user a b c -o " + file: "no directory",
		"files":                       "--user",
		"files --user a b":            "takes no arguments",
		"rm b":                        "--user",
		"rm --user a":                 "say which",
	} {
		if r := s.want(exitUsage, strings.Fields(args)...); !strings.Contains(r.err, words) {
			t.Errorf("%.80s: %s", args, r.err)
		}
	}
}

// A word of --to that is empty, as a shell's variable may be, does not make the
// file one for the sender alone.
func TestNobodyIsNotTheSender(t *testing.T) {
	s := newShell(t)
	file := fileOf(t, "a", 1)
	for _, to := range [][]string{{"--to", ""}, {"--to="}, {"--to", "bob", "--to", ""}, {"--everyone", "--to", ""}} {
		r := s.want(exitUsage, append([]string{"put", "--user", "a", file}, to...)...)
		if !strings.Contains(r.err, "--to") || !strings.Contains(r.err, "empty") {
			t.Errorf("%q: %s", to, r.err)
		}
	}
}

var manyUsers = strings.TrimSuffix(strings.Repeat("u,", 513), ",")
