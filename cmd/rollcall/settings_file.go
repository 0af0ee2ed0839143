package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// maxSettings bounds the file of settings, in bytes.
const maxSettings = 1 << 20

// settingsFile is a file of settings: keys at the top, and sections.
type settingsFile struct {
	name     string
	top      []entry
	sections []section
}

// entry is one key with the words of its value, as they stand in the file.
type entry struct {
	key, value string
	line       int
}

type section struct {
	command string
	line    int
	entries []entry
}

// readSettings reads a YAML file. It keeps the words of values as they are
// written: what they mean is for the flags to say.
func readSettings(name string) (*settingsFile, error) {
	f, err := os.Open(name) //nolint:gosec // the user's own file
	if err != nil {
		return nil, usage("%w", err)
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, maxSettings+1))
	if err != nil {
		return nil, usage("%w", err)
	}
	if len(text) > maxSettings {
		return nil, usage("%s is longer than %d bytes", name, maxSettings)
	}
	return parseSettings(name, text)
}

func parseSettings(name string, text []byte) (*settingsFile, error) {
	file := &settingsFile{name: name}
	doc, err := parser.ParseBytes(text, 0)
	if err != nil {
		first, _, _ := strings.Cut(err.Error(), "\n")
		return nil, usage("%s: %s", name, first)
	}
	if len(doc.Docs) > 1 {
		return nil, usage("%s: more than one document", name)
	}
	if len(doc.Docs) == 0 || doc.Docs[0].Body == nil {
		return file, nil
	}
	if _, null := doc.Docs[0].Body.(*ast.NullNode); null {
		return file, nil
	}
	pairs, ok := pairsOf(doc.Docs[0].Body)
	if !ok {
		return nil, usage("%s: there are no keys at the top", name)
	}
	for _, pair := range pairs {
		if inner, ok := pairsOf(pair.Value); ok {
			s := section{command: keyOf(pair), line: lineOf(pair)}
			if s.entries, err = file.entries(inner); err != nil {
				return nil, err
			}
			file.sections = append(file.sections, s)
			continue
		}
		e, err := file.entry(pair)
		if err != nil {
			return nil, err
		}
		file.top = append(file.top, e)
	}
	return file, nil
}

// pairsOf returns the pairs of a mapping.
func pairsOf(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	default:
		return nil, false
	}
}

func keyOf(pair *ast.MappingValueNode) string { return pair.Key.GetToken().Value }
func lineOf(pair *ast.MappingValueNode) int   { return pair.Key.GetToken().Position.Line }

func (s *settingsFile) entries(pairs []*ast.MappingValueNode) ([]entry, error) {
	var list []entry
	for _, pair := range pairs {
		e, err := s.entry(pair)
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, nil
}

// entry reads a pair whose value is one word or a list of words.
func (s *settingsFile) entry(pair *ast.MappingValueNode) (entry, error) {
	e := entry{key: keyOf(pair), line: lineOf(pair)}
	words := []ast.Node{pair.Value}
	list, many := pair.Value.(*ast.SequenceNode)
	if many {
		words = list.Values
	}
	values := make([]string, len(words))
	for i, w := range words {
		value, ok := scalar(w)
		if !ok {
			return e, usage("%s:%d: %q has no plain value", s.name, e.line, e.key)
		}
		values[i] = value
	}
	if !many {
		e.value = values[0]
		return e, nil
	}
	var b strings.Builder // flags of several values read them as CSV
	w := csv.NewWriter(&b)
	if err := w.Write(values); err != nil {
		return e, usage("%s:%d: %w", s.name, e.line, err)
	}
	w.Flush()
	e.value = strings.TrimSuffix(b.String(), "\n")
	return e, nil
}

// scalar returns the words of a plain value.
func scalar(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value, true
	default:
		return "", false
	}
}

// apply gives the command's flags that are still unset what the file says. Keys
// are checked first, those for other commands too.
func (s *settingsFile) apply(cmd *cobra.Command) error {
	if err := s.check(cmd.Root()); err != nil {
		return err
	}
	var lists [][]entry // of what wins last
	for _, sec := range s.sections {
		if sec.command == cmd.Name() {
			lists = append(lists, sec.entries)
		}
	}
	for _, list := range append(lists, s.top) {
		for _, e := range list {
			f := cmd.Flags().Lookup(e.key)
			if f == nil || f.Changed || special(f) {
				continue
			}
			if err := cmd.Flags().Set(e.key, e.value); err != nil {
				return usage("%s:%d: %w", s.name, e.line, err)
			}
		}
	}
	return nil
}

// check refuses keys and sections that mean nothing, or that come twice.
func (s *settingsFile) check(root *cobra.Command) error {
	flags := make(map[string][]string) // by command
	var all []string
	for _, c := range root.Commands() {
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if special(f) || f.Name == configFlag {
				return
			}
			flags[c.Name()] = append(flags[c.Name()], f.Name)
			all = append(all, f.Name)
		})
	}
	seen := make(map[string]bool)
	once := func(line int, path string, known bool, what string) error {
		switch {
		case !known:
			return usage("%s:%d: %q is no %s", s.name, line, path, what)
		case seen[path]:
			return usage("%s:%d: %q is there twice", s.name, line, path)
		}
		seen[path] = true
		return nil
	}
	for _, e := range s.top {
		if err := once(e.line, e.key, slices.Contains(all, e.key), "setting of any command"); err != nil {
			return err
		}
	}
	for _, sec := range s.sections {
		own, known := flags[sec.command]
		if err := once(sec.line, sec.command, known, "command with settings"); err != nil {
			return err
		}
		for _, e := range sec.entries {
			what := fmt.Sprintf("setting of %s", sec.command)
			if err := once(e.line, sec.command+"."+e.key, slices.Contains(own, e.key), what); err != nil {
				return err
			}
		}
	}
	return nil
}
