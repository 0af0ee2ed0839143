package wire

import (
	"bytes"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// These tests keep the three descriptions of the protocol in step: PROTOCOL.md,
// protocol.cddl, and the Go types.

// field is what the wire knows of one field of a message.
type field struct {
	key      uint64
	name     string
	kind     string // as in PROTOCOL.md
	optional bool
}

// fieldsOf reads a message's fields, in order of their keys, from its struct tags.
func fieldsOf(m any) []field {
	var all []field
	for f := range reflect.TypeOf(m).Elem().Fields() {
		tag := strings.Split(f.Tag.Get("cbor"), ",")
		var key uint64
		if _, err := fmt.Sscan(tag[0], &key); err != nil || !slices.Contains(tag, "keyasint") {
			panic("bad tag of " + f.Name)
		}
		all = append(all, field{key, snake(f.Name), kindOf(f.Type), slices.Contains(tag, "omitempty")})
	}
	slices.SortFunc(all, func(a, b field) int { return int(a.key) - int(b.key) })
	return all
}

func kindOf(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[Reason]():
		return "reason"
	case reflect.TypeFor[Code]():
		return "code"
	case reflect.TypeFor[[]byte](), reflect.TypeFor[FileID]():
		return "bytes"
	case reflect.TypeFor[FileEvent]():
		return "event"
	case reflect.TypeFor[File]():
		return "file"
	case reflect.TypeFor[[]string]():
		return "[text]"
	}
	switch t.Kind() {
	case reflect.Uint64:
		return "uint"
	case reflect.Int64:
		return "int"
	case reflect.Bool:
		return "bool"
	case reflect.String:
		return "text"
	case reflect.Slice:
		return "[" + snake(t.Elem().Name()) + "]"
	}
	panic("no kind for " + t.String())
}

// snake turns the name of a Go field into that of PROTOCOL.md.
func snake(name string) string {
	var out bytes.Buffer
	for i, r := range name {
		upper := r >= 'A' && r <= 'Z'
		if upper && i > 0 && name[i-1] >= 'a' {
			out.WriteByte('_')
		}
		if upper {
			r += 'a' - 'A'
		}
		out.WriteRune(r)
	}
	return out.String()
}

func readDocument(tb testing.TB, name string) string {
	tb.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		tb.Fatal(err)
	}
	return string(content)
}

// described is every map on the wire by name: the messages, and what stands in
// their arrays.
func described() map[string]any {
	all := map[string]any{"online": &Online{}, "change": &Change{}, "file": &File{}}
	for _, t := range Types() {
		all[t.String()] = newMessage(t)
	}
	return all
}

// TestSchemaHasEveryField reads protocol.cddl line by line.
func TestSchemaHasEveryField(t *testing.T) {
	rule := regexp.MustCompile(`^(\w+) = \{(?:\s+; (\d+), (.*))?$`)
	member := regexp.MustCompile(`^  (\? )?(\d+): ([^;]+),\s+; (\w+)$`)
	have := map[string][]field{}
	open := map[string]bool{}
	name := ""
	for line := range strings.Lines(readDocument(t, "protocol.cddl")) {
		line = strings.TrimSuffix(line, "\n")
		if m := rule.FindStringSubmatch(line); m != nil {
			name = m[1]
			if m[2] == "" {
				continue
			}
			number, _ := strconv.Atoi(m[2])
			if typ := Type(number); typ.String() != name || directionOf(typ) != m[3] {
				t.Errorf("%q: type %d is %s, %s", line, number, typ, directionOf(typ))
			}
		}
		switch m := member.FindStringSubmatch(line); {
		case m != nil:
			key, _ := strconv.ParseUint(m[2], 10, 64)
			have[name] = append(have[name], field{key, m[4], schemaKind(m[3]), m[1] != ""})
		case line == "  extension,":
			open[name] = true
		case strings.HasPrefix(line, "  ") && name != "":
			t.Errorf("%s: odd line %q", name, line)
		}
		if line == "}" {
			name = ""
		}
	}
	for name, m := range described() {
		if want := fieldsOf(m); !slices.Equal(have[name], want) {
			t.Errorf("%s: fields\n%v, want\n%v", name, have[name], want)
		}
		if !open[name] {
			t.Errorf("%s cannot grow", name)
		}
	}
	if len(have) != len(described()) {
		t.Errorf("%d rules, want %d", len(have), len(described()))
	}
}

// schemaKind turns a type of protocol.cddl into one of PROTOCOL.md.
func schemaKind(cddl string) string {
	if element, ok := strings.CutPrefix(cddl, "["); ok {
		_, element, _ = strings.Cut(strings.TrimSuffix(element, "]"), " ")
		return "[" + schemaKind(element) + "]"
	}
	word, _, _ := strings.Cut(cddl, " ")
	switch word {
	case "uint", "version", "epoch", "request-id", "millis", "4096..1048576", "1..1048576", "1..256",
		"transfer", "size", "size-or-zero":
		return "uint"
	case "unix-ms":
		return "int"
	case "true":
		return "bool"
	case "identifier", "user", "name", "name-or-empty", "kind", "people-text", "file-name", "media", "cursor":
		return "text"
	case "bytes", "token", "file-id", "hash":
		return "bytes"
	default:
		return word // reason, code, and the maps by name
	}
}

// TestSchemaHasEveryLimit compares the bounds that protocol.cddl spells out.
func TestSchemaHasEveryLimit(t *testing.T) {
	schema := readDocument(t, "protocol.cddl")
	for _, want := range []string{
		fmt.Sprintf("\nidentifier    = tstr .size (1..%d)\n", MaxIdentifier),
		fmt.Sprintf("\nuser          = tstr .size (1..%d)\n", MaxUser),
		fmt.Sprintf("\nname          = tstr .size (1..%d)\n", MaxName),
		fmt.Sprintf("\nname-or-empty = tstr .size (0..%d)\n", MaxNode),
		fmt.Sprintf("\nkind          = tstr .size (1..%d)\n", MaxKind),
		fmt.Sprintf("\npeople-text   = tstr .size (1..%d)\n", MaxText),
		fmt.Sprintf("\ntoken         = bytes .size (1..%d)\n", MaxToken),
		fmt.Sprintf("\nmillis       = 1..%d\n", uint64(MaxMillis)),
		fmt.Sprintf("  ? 3: bytes .size (1..%d),      ; credential\n", MaxCredential),
		fmt.Sprintf("  7: %d..%d,                ; max_frame\n", MinMaxFrame, MaxMaxFrame),
		fmt.Sprintf("  ? 3: [1*%d user],               ; users\n", MaxWatchNames),
		fmt.Sprintf("  ? 2: [1*%d user],               ; users\n", MaxWatchNames),
		fmt.Sprintf("  ? 5: [1*%d online],            ; online\n", MaxEntries),
		fmt.Sprintf("  ? 4: [1*%d change],            ; changes\n", MaxEntries),
		fmt.Sprintf("\nfile-name     = tstr .size (1..%d) ", MaxFileName),
		fmt.Sprintf("\nmedia         = tstr .size (1..%d)\n", MaxMedia),
		fmt.Sprintf("\ncursor        = tstr .size (1..%d)\n", MaxCursor),
		fmt.Sprintf("\nfile-id       = bytes .size %d\n", FileIDSize),
		fmt.Sprintf("\nhash          = bytes .size %d\n", HashSize),
		fmt.Sprintf("\nsize         = 1..%d\n", uint64(MaxFileSize)),
		fmt.Sprintf("\nsize-or-zero = 0..%d\n", uint64(MaxFileSize)),
		fmt.Sprintf("  3: bytes .size (1..%d),     ; data\n", MaxMaxFrame),
		fmt.Sprintf("  5: 1..%d,                   ; chunk\n", MaxMaxFrame),
		fmt.Sprintf("  ? 6: [1*%d user],               ; to\n", MaxRecipients),
		fmt.Sprintf("  ? 7: [1*%d user],               ; to\n", MaxRecipients),
		fmt.Sprintf("  ? 3: 1..%d,                     ; limit\n", MaxFiles),
		fmt.Sprintf("  ? 2: [1*%d file],               ; files\n", MaxFiles),
	} {
		if !strings.Contains(schema, want) {
			t.Errorf("no line %q", want)
		}
	}
}
