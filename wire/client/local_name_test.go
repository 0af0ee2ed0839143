package client

import (
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"example.com/rollcall/wire"
)

// guards N26
func TestLocalName(t *testing.T) {
	for name, want := range map[string]string{
		"report.txt":                    "report.txt",
		"Bücher und – Striche.pdf":      "Bücher und – Striche.pdf",
		"../../etc/passwd":              "passwd",
		"/etc/passwd":                   "passwd",
		`C:\Windows\system.ini`:         "system.ini",
		`..\..\boot.ini`:                "boot.ini",
		"a/b/":                          "b",
		"":                              "file",
		"/":                             "file",
		".":                             "file",
		"..":                            "file",
		"... ":                          "file",
		".bashrc":                       "bashrc",
		"-rf":                           "_-rf",
		"a:b?c":                         "a_b_c",
		"a\x00b\nc\x7f":                 "abc",
		"x\u202etxt.exe":                "xtxt.exe",
		"\u200b":                        "file",
		"\xff\xfe":                      "_",
		"con":                           "_con",
		"NUL.txt":                       "_NUL.txt",
		"com1.log":                      "_com1.log",
		"LPT²":                          "_LPT²",
		"com10":                         "com10",
		"common":                        "common",
		"trailing. ":                    "trailing",
		strings.Repeat("a", 300):        strings.Repeat("a", 199),
		strings.Repeat("ä", 150) + ".d": strings.Repeat("ä", 98) + ".d",
	} {
		if got := LocalName(name); got != want {
			t.Errorf("%q becomes %q, want %q", name, got, want)
		}
	}
}

func TestLocalNameIsSafe(t *testing.T) {
	pieces := rapid.SliceOf(rapid.OneOf(
		rapid.SampledFrom([]string{"..", "/", `\`, ".", " ", "-", "con", "com", "1", "²", "\x00", "\u202e", "ä", "\xff", ":"}),
		rapid.StringN(0, 200, -1),
	))
	rapid.Check(t, func(t *rapid.T) {
		name := strings.Join(pieces.Draw(t, "pieces"), "")
		got := LocalName(name)
		switch {
		case wire.ValidFileName(got) != nil, len(got) > maxLocalName:
			t.Fatalf("%q is no name: %q", got, name)
		case !filepath.IsLocal(got), filepath.Base(got) != got, strings.ContainsAny(got, `/\:`):
			t.Fatalf("%q is a path: %q", got, name)
		case strings.HasPrefix(got, "."), strings.HasPrefix(got, "-"), strings.HasPrefix(got, " "):
			t.Fatalf("%q: %q", got, name)
		case strings.TrimRight(got, ". ") != got:
			t.Fatalf("%q: %q", got, name)
		case strings.ContainsFunc(got, func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf) }):
			t.Fatalf("%q: %q", got, name)
		case LocalName(got) != got:
			t.Fatalf("%q becomes %q: %q", got, LocalName(got), name)
		}
	})
}
