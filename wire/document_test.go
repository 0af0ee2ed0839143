package wire

import (
	"bytes"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
)

// section returns the lines of PROTOCOL.md from a heading to the next one of
// its level or above.
func section(tb testing.TB, document, heading string) []string {
	tb.Helper()
	level, _, _ := strings.Cut(heading, " ")
	var lines []string
	inside := false
	for line := range strings.Lines(document) {
		line = strings.TrimSuffix(line, "\n")
		if hashes, _, ok := strings.Cut(line, " "); ok && len(hashes) <= len(level) && strings.Trim(hashes, "#") == "" && hashes != "" {
			inside = strings.HasPrefix(line, heading)
		}
		if inside {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		tb.Fatalf("no section %q", heading)
	}
	return lines
}

// rows returns the cells of the rows of the tables in lines, the heads left out.
func rows(lines []string) [][]string {
	var all [][]string
	for i, line := range lines {
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|--") {
			continue
		}
		if i+1 < len(lines) && strings.HasPrefix(lines[i+1], "|--") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for j := range cells {
			cells[j] = strings.Trim(strings.TrimSpace(cells[j]), "`")
		}
		all = append(all, cells)
	}
	return all
}

func TestDocumentHasEveryMessage(t *testing.T) {
	lines := section(t, readDocument(t, "PROTOCOL.md"), "## 12. Messages")
	heading := regexp.MustCompile(`^### (\d+) (\w+), (client to server|server to client|either way)$`)
	part := regexp.MustCompile("^`(\\w+)`, a map:$")
	have := map[string][]string{}
	var types []Type
	name := ""
	for _, line := range lines {
		if m := heading.FindStringSubmatch(line); m != nil {
			number, _ := strconv.Atoi(m[1])
			typ := Type(number)
			types = append(types, typ)
			if name = m[2]; typ.String() != name {
				t.Errorf("%q: type %d is %s", line, number, typ)
			}
			if want := directionOf(typ); m[3] != want {
				t.Errorf("%q: want %s", line, want)
			}
		} else if strings.HasPrefix(line, "###") {
			t.Errorf("odd heading %q", line)
		}
		if m := part.FindStringSubmatch(line); m != nil {
			name = m[1]
		}
		have[name] = append(have[name], line)
	}
	if !slices.Equal(types, Types()) {
		t.Errorf("messages %v, want %v", types, Types())
	}
	for name, m := range described() {
		var fields []field
		for _, row := range rows(have[name]) {
			key, err := strconv.ParseUint(row[0], 10, 64)
			if err != nil || len(row) != 6 || (row[3] != "always" && row[3] != "unless zero") {
				t.Errorf("%s: odd row %q", name, row)
				continue
			}
			kind := row[2]
			fields = append(fields, field{key, row[1], kind, row[3] == "unless zero"})
		}
		if want := fieldsOf(m); !slices.Equal(fields, want) {
			t.Errorf("%s: fields\n%v, want\n%v", name, fields, want)
		}
	}
}

func directionOf(t Type) string {
	switch {
	case t.FromClient() && t.FromServer():
		return "either way"
	case t.FromClient():
		return "client to server"
	default:
		return "server to client"
	}
}

// TestDocumentStates: the table of section 4 allows in the open state and in
// the greeting together just what the directions allow.
func TestDocumentStates(t *testing.T) {
	document := readDocument(t, "PROTOCOL.md")
	var fromClient, fromServer []string
	for _, typ := range Types() {
		if typ.FromClient() && typ != TypeHello {
			fromClient = append(fromClient, typ.String())
		}
		if typ.FromServer() && typ != TypeWelcome {
			fromServer = append(fromServer, typ.String())
		}
	}
	for _, row := range rows(section(t, document, "## 4. A connection's life")) {
		if row[0] != "open" {
			continue
		}
		for i, want := range [][]string{fromClient, fromServer} {
			have := strings.Split(row[i+1], ", ")
			slices.Sort(have)
			slices.Sort(want)
			if !slices.Equal(have, want) {
				t.Errorf("open: %v, want %v", have, want)
			}
		}
		return
	}
	t.Error("no row for the open state")
}

func TestDocumentHasEveryReason(t *testing.T) {
	table := rows(section(t, readDocument(t, "PROTOCOL.md"), "## 10. Reasons"))
	if len(table) != int(reasonCount) {
		t.Fatalf("%d rows, want %d", len(table), reasonCount)
	}
	for i, row := range table {
		r := Reason(i)
		if row[0] != strconv.Itoa(i) || row[1] != r.String() {
			t.Errorf("row %q, want %d %s", row, i, r)
		}
		if grace := row[4] == "yes"; grace != r.Involuntary() {
			t.Errorf("%s: grace %v, want %v", r, grace, r.Involuntary())
		}
		if row[4] == "yes" && row[3] != "yes" {
			t.Errorf("%s has a grace, but no watcher is ever told of it", r)
		}
		if row[5] == "" {
			t.Errorf("%s has no meaning", r)
		}
	}
}

func TestDocumentHasEveryCode(t *testing.T) {
	table := rows(section(t, readDocument(t, "PROTOCOL.md"), "## 11. Codes"))
	if len(table) != codeCount {
		t.Fatalf("%d rows, want %d", len(table), codeCount)
	}
	for i, row := range table {
		c := Code(i)
		if row[0] != strconv.Itoa(i) || row[1] != c.String() || row[3] == "" {
			t.Errorf("row %q, want %d %s", row, i, c)
		}
		for _, name := range strings.Split(row[2], ", ") {
			known := slices.ContainsFunc(Types(), func(t Type) bool { return t.FromClient() && t.String() == name })
			if !known && name != "any" && c != CodeNone {
				t.Errorf("%s is answered to %q", c, name)
			}
		}
	}
}

func TestDocumentHasEveryFileEvent(t *testing.T) {
	table := rows(section(t, readDocument(t, "PROTOCOL.md"), "### Notices, list, remove"))
	if len(table) != len(FileEvents()) {
		t.Fatalf("%d rows, want %d", len(table), len(FileEvents()))
	}
	for i, e := range FileEvents() {
		if row := table[i]; row[0] != strconv.Itoa(int(e)) || row[1] != e.String() || row[2] == "" {
			t.Errorf("row %q, want %d %s", row, e, e)
		}
	}
}

func TestDocumentHasEveryLimit(t *testing.T) {
	want := map[string]uint64{
		"MaxHelloFrame": MaxHelloFrame, "DefaultMaxFrame": DefaultMaxFrame,
		"MinMaxFrame": MinMaxFrame, "MaxMaxFrame": MaxMaxFrame, "MaxOverhead": MaxOverhead,
		"MaxNesting": MaxNesting, "MaxArray": MaxArray, "MaxMapFields": MaxMapFields,
		"MaxIdentifier": MaxIdentifier, "MaxUser": MaxUser, "MaxName": MaxName,
		"MaxNode": MaxNode, "MaxKind": MaxKind, "MaxText": MaxText,
		"MaxCredential": MaxCredential, "MaxToken": MaxToken,
		"MaxWatchNames": MaxWatchNames, "MaxEntries": MaxEntries, "MaxMillis": MaxMillis,
		"MaxChunkOverhead": MaxChunkOverhead, "MaxFileSize": MaxFileSize, "MaxFileName": MaxFileName,
		"MaxMedia": MaxMedia, "MaxRecipients": MaxRecipients, "MaxFiles": MaxFiles, "MaxCursor": MaxCursor,
	}
	table := rows(section(t, readDocument(t, "PROTOCOL.md"), "### Limits"))
	if len(table) != len(want) {
		t.Errorf("%d rows, want %d", len(table), len(want))
	}
	for _, row := range table {
		if row[1] != strconv.FormatUint(want[row[0]], 10) {
			t.Errorf("%s is %s, want %d", row[0], row[1], want[row[0]])
		}
	}
	source := readDocument(t, "limits.go")
	for _, name := range regexp.MustCompile(`(?m)^\s*(?:const )?((?:Max|Min|DefaultMax)\w+)\s+=`).FindAllStringSubmatch(source, -1) {
		if _, ok := want[name[1]]; !ok {
			t.Errorf("%s is not in PROTOCOL.md", name[1])
		}
	}
}

// TestDocumentExample decodes the sessions in hex of PROTOCOL.md, and encodes
// them again, byte for byte.
func TestDocumentExample(t *testing.T) {
	blocks := strings.Split(readDocument(t, "PROTOCOL.md"), "```frames\n")[1:]
	if len(blocks) != 2 {
		t.Fatalf("%d sessions in hex", len(blocks))
	}
	for _, block := range blocks {
		checkExample(t, block)
	}
}

func checkExample(t *testing.T, block string) {
	t.Helper()
	block, _, _ = strings.Cut(block, "```")
	lines := strings.Split(strings.TrimSpace(block), "\n")
	line := regexp.MustCompile(`^([CS]) ([0-9a-f]{8}) ([0-9a-f]{2}) ([0-9a-f]+)$`)
	frames := 0
	for i := 0; i < len(lines); i++ {
		m := line.FindStringSubmatch(lines[i])
		if m == nil || i+1 == len(lines) {
			t.Fatalf("odd line %q", lines[i])
		}
		frame := unhex(t, m[2]+m[3]+m[4])
		got, rest, err := feed(NewSplitter(MaxHelloFrame, 16), frame, func(Frame) error { return nil })
		if err != nil || len(got) != 1 || rest != 0 {
			t.Fatalf("%s: %d frames, %d bytes over, %v", lines[i], len(got), rest, err)
		}
		typ := got[0].Type
		if (m[1] == "C" && !typ.FromClient()) || (m[1] == "S" && !typ.FromServer()) {
			t.Errorf("%s: %s comes the wrong way", lines[i], typ)
		}
		message, err := Decode(typ, got[0].Body)
		if err != nil {
			t.Fatalf("%s: %v", lines[i], err)
		}
		if again, err := Append(nil, message); err != nil || !bytes.Equal(again, frame) {
			t.Errorf("%s: encoded again as %x, %v", lines[i], again, err)
		}
		text, err := cbor.Diagnose(got[0].Body)
		if err != nil {
			t.Fatal(err)
		}
		i++
		if want := "  " + typ.String() + " " + text; lines[i] != want {
			t.Errorf("after %s:\n%s, want\n%s", lines[i-1], lines[i], want)
		}
		frames++
	}
	if frames < 10 {
		t.Errorf("only %d frames", frames)
	}
}
