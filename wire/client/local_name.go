package client

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxLocalName bounds a local name in bytes: below what file systems allow, so
// that there is room for the ending of a part.
const maxLocalName = 200

// LocalName makes a name for a local file of the name that a file has on the
// server, which can be any text (N26): the last part of a path, without
// characters that are invisible or mean something to a file system, and none of
// the names that mean something to one. It is never empty, is never "." or "..",
// is not hidden, begins with no dash, and has at most 200 bytes.
//
// Two names can become one: look whether the file exists.
func LocalName(name string) string {
	name = strings.TrimRight(strings.ToValidUTF8(name, "_"), `/\`)
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune(`<>:"/\|?*`, r), r == unicode.ReplacementChar:
			return '_'
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co, unicode.Cs):
			return -1 // invisible, or turns the direction of what follows
		default:
			return r
		}
	}, name)
	name = shorten(strings.Trim(name, ". "))
	if name == "" {
		return "file"
	}
	if name[0] == '-' || reserved(name) {
		name = "_" + name
	}
	return name
}

// shorten cuts a name to maxLocalName less one, and keeps its ending if that is
// short.
func shorten(name string) string {
	const most = maxLocalName - 1
	if len(name) <= most {
		return name
	}
	ending := ""
	if i := strings.LastIndexByte(name, '.'); i > 0 && len(name)-i <= 16 {
		ending = name[i:]
	}
	cut := most - len(ending)
	for cut > 0 && !utf8.RuneStart(name[cut]) {
		cut--
	}
	return strings.TrimRight(name[:cut], ". ") + ending
}

// reserved reports whether Windows takes the name for a device.
func reserved(name string) bool {
	base, _, _ := strings.Cut(strings.ToUpper(name), ".")
	switch base = strings.TrimRight(base, " "); base {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	prefix, digit := strings.TrimRight(base, "0123456789¹²³"), ""
	digit = base[len(prefix):]
	return (prefix == "COM" || prefix == "LPT") && utf8.RuneCountInString(digit) == 1 && digit != "0"
}
