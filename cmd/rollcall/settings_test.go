package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// settled runs a command line up to the command itself, and returns it with its
// flags set.
func (s *shell) settled(args ...string) (*cobra.Command, error) {
	p := s.program(io.Discard, io.Discard, nil)
	root := p.rootCommand()
	for _, c := range root.Commands() {
		c.RunE = func(*cobra.Command, []string) error { return nil }
	}
	root.SetArgs(args)
	return root.ExecuteC()
}

func settingsIn(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "rollcall.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestFlagsBeatVariablesBeatTheFile(t *testing.T) {
	const file = `
timeout: 40s
node: from-top
user: alice
serve:
  timeout: 50s
  listen: [127.0.0.1:1, "[::1]:2"]
  max-sessions: 7
  admin-remote: true
  log-level: "debug"
join:
  timeout: 60s
`
	for _, c := range []struct {
		name string
		args []string
		env  map[string]string
		file string
		flag string
		want string
	}{
		{"the default", []string{"serve"}, nil, "", "max-sessions", "64"},
		{"the file", []string{"serve"}, nil, file, "max-sessions", "7"},
		{"a boolean of the file", []string{"serve"}, nil, file, "admin-remote", "true"},
		{"a word of the file", []string{"serve"}, nil, file, "log-level", "debug"},
		{"a list of the file", []string{"serve"}, nil, file, "listen", "[127.0.0.1:1,[::1]:2]"},
		{"the top of the file", []string{"serve"}, nil, file, "node", "from-top"},
		{"the command's section", []string{"serve"}, nil, file, "timeout", "50s"},
		{"another command's section", []string{"join"}, nil, file, "timeout", "1m0s"},
		{"a command without a section", []string{"watch"}, nil, file, "timeout", "40s"},
		{"the variable", []string{"serve"}, map[string]string{"ROLLCALL_TIMEOUT": "70s"}, file, "timeout", "1m10s"},
		{"a list of the variable", []string{"serve"}, map[string]string{"ROLLCALL_LISTEN": "a:1,b:2"}, file, "listen", "[a:1,b:2]"},
		{"an empty variable", []string{"serve"}, map[string]string{"ROLLCALL_TIMEOUT": ""}, file, "timeout", "50s"},
		{"the flag", []string{"serve", "--timeout", "80s"}, map[string]string{"ROLLCALL_TIMEOUT": "70s"}, file, "timeout", "1m20s"},
		{"the flag at its default", []string{"serve", "--max-sessions", "64"}, map[string]string{"ROLLCALL_MAX_SESSIONS": "5"}, file, "max-sessions", "64"},
		{"an empty file", []string{"serve"}, nil, "# nothing\n", "max-sessions", "64"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newShell(t)
			for k, v := range c.env {
				s.env[k] = v
			}
			args := c.args
			if c.file != "" {
				name := settingsIn(t, c.file)
				if len(c.env) == 0 {
					s.env["ROLLCALL_CONFIG"] = name
				} else {
					args = append(args, "--config", name)
				}
			}
			cmd, err := s.settled(args...)
			if err != nil {
				t.Fatal(err)
			}
			if got := cmd.Flags().Lookup(c.flag).Value.String(); got != c.want {
				t.Errorf("--%s is %q, not %q", c.flag, got, c.want)
			}
		})
	}
}

func TestBadSettings(t *testing.T) {
	for _, c := range []struct {
		name, file string
		env        map[string]string
		words      []string
	}{
		{"a file that is not there", "-", nil, []string{"no such file"}},
		{"no YAML", "serve: [", nil, []string{"rollcall.yaml"}},
		{"a list at the top", "- a\n", nil, []string{"no keys at the top"}},
		{"a word", "hello\n", nil, []string{"no keys at the top"}},
		{"two documents", "node: a\n---\nnode: b\n", nil, []string{"more than one document"}},
		{"an unknown key", "node: a\nnoode: b\n", nil, []string{":2:", `"noode"`, "no setting of any command"}},
		{"a key of another command", "serve:\n  user: bob\n", nil, []string{":2:", `"serve.user"`, "no setting of serve"}},
		{"an unknown section", "server:\n  listen: x\n", nil, []string{":1:", `"server"`, "no command"}},
		{"the file's own key", "config: x\n", nil, []string{`"config"`}},
		{"a key twice", "node: a\nnode: b\n", nil, []string{"2"}},
		{"a key without a value", "node:\n", nil, []string{":1:", `"node"`, "no plain value"}},
		{"a mapping too deep", "serve:\n  node:\n    a: b\n", nil, []string{":2:", `"node"`, "no plain value"}},
		{"a bad duration", "node: a\nserve:\n  timeout: soon\n", nil, []string{":3:", "timeout", "soon"}},
		{"a bad word", "sessions: some\n", nil, []string{":1:", "many, replace, refuse"}},
		{"a bad variable", "", map[string]string{"ROLLCALL_TIMEOUT": "soon"}, []string{"ROLLCALL_TIMEOUT", "soon"}},
		{"too long", strings.Repeat("# x\n", maxSettings/4) + "#x", nil, []string{"longer than"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newShell(t)
			for k, v := range c.env {
				s.env[k] = v
			}
			name := filepath.Join(t.TempDir(), "nothing")
			if c.file != "-" {
				name = settingsIn(t, c.file)
			}
			r := s.want(exitUsage, "serve", "--config", name)
			for _, w := range c.words {
				if !strings.Contains(r.err, w) {
					t.Errorf("%q does not say %q", r.err, w)
				}
			}
		})
	}
}

// Every flag of every command tells what it does and which variable sets it,
// and one variable never means two types of things.
func TestEveryFlagIsDocumented(t *testing.T) {
	root := newShell(t).program(io.Discard, io.Discard, nil).rootCommand()
	types := make(map[string]string)
	check := func(path string) func(f *pflag.Flag) {
		return func(f *pflag.Flag) {
			if special(f) {
				return
			}
			name := "ROLLCALL_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
			if !strings.Contains(f.Usage, "["+name+"]") || len(f.Usage) < len(name)+10 {
				t.Errorf("%s --%s: the help is %q", path, f.Name, f.Usage)
			}
			if before, ok := types[f.Name]; ok && before != f.Value.Type() {
				t.Errorf("%s --%s is %s here and %s elsewhere", path, f.Name, f.Value.Type(), before)
			}
			types[f.Name] = f.Value.Type()
			if _, _, err := root.Find([]string{f.Name}); err == nil {
				t.Errorf("--%s is a command too: a file could not tell them apart", f.Name)
			}
		}
	}
	root.PersistentFlags().VisitAll(check("rollcall"))
	for _, c := range root.Commands() {
		c.Flags().VisitAll(check(c.Name()))
	}
	if len(types) < 30 {
		t.Errorf("only %d flags were looked at", len(types))
	}
}

func FuzzParseSettings(f *testing.F) {
	for _, seed := range []string{
		"", "a: b", "serve:\n  listen: [a, b]\n", "- x", "a: &x 1\nb: *x\n", "a: |\n  text\n", "a: 1.5\nb: true\nc: ~\n", "{a: {b: c}}", "a: 'x", "? a\n: b\n", "<<: {a: b}\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := parseSettings("f", text)
		if (file == nil) == (err == nil) {
			t.Errorf("%v, %v", file, err)
		}
		if err != nil && codeOf(err) != exitUsage {
			t.Errorf("code %d for %v", codeOf(err), err)
		}
	})
}
