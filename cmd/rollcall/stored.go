package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.com/rollcall/wire"
	"example.com/rollcall/wire/client"
)

// What the commands have in common that deal with stored files.

// brief connects for a few questions: a connection that breaks is an error.
func (f *clientFlags) brief(ctx context.Context) (*client.Client, error) {
	if err := f.needUser(); err != nil {
		return nil, err
	}
	o, err := f.options()
	if err != nil {
		return nil, err
	}
	o.NoReconnect = true
	return dial(ctx, f.server, o)
}

// ask puts one question, and gives up when the answer does not come.
func (f *clientFlags) ask(ctx context.Context, c *client.Client, question func(context.Context) error) error {
	limited, cancel := context.WithTimeout(ctx, f.answerTimeout)
	defer cancel()
	err := question(limited)
	switch {
	case err == nil:
		return nil
	case context.Cause(ctx) != nil:
		return context.Cause(ctx)
	case errors.Is(err, context.DeadlineExceeded):
		return exitWith(exitUnreachable, "the server did not answer within %v", f.answerTimeout)
	}
	if end := c.Err(); end != nil { // says more than that the connection is gone
		return end
	}
	return err
}

// eachFile calls do for each stored file that the user may get, oldest first,
// until it returns false.
func (f *clientFlags) eachFile(ctx context.Context, c *client.Client, do func(wire.File) bool) error {
	for cursor := ""; ; {
		var files []wire.File
		err := f.ask(ctx, c, func(ctx context.Context) (err error) {
			files, cursor, err = c.Files(ctx, cursor, 0)
			return err
		})
		if err != nil {
			return err
		}
		for _, file := range files {
			if !do(file) {
				return nil
			}
		}
		if cursor == "" {
			return nil
		}
	}
}

// fileID reads an ID, as it is printed.
func fileID(text string) (wire.FileID, bool) {
	id, err := hex.DecodeString(text)
	if err != nil || len(id) != wire.FileIDSize || hex.EncodeToString(id) != text {
		return nil, false
	}
	return id, true
}

// find finds the files that words mean: the one with that ID, or else the only
// one of that name, among those for which may is true. The error of a word has
// a place in errs, by the place of the word.
func (f *clientFlags) find(ctx context.Context, c *client.Client, words []string, may func(*wire.File) bool) (found []wire.File, errs []error, err error) {
	named := make([][]wire.File, len(words))
	found, errs = make([]wire.File, len(words)), make([]error, len(words))
	err = f.eachFile(ctx, c, func(file wire.File) bool {
		if !may(&file) {
			return true
		}
		for i, w := range words {
			switch {
			case file.ID.String() == w:
				found[i] = file
			case file.Name == w, printable(file.Name) == w:
				named[i] = append(named[i], file)
			}
		}
		return true
	})
	for i, w := range words {
		switch {
		case found[i].ID != nil:
		case len(named[i]) == 1:
			found[i] = named[i][0]
		case len(named[i]) > 1:
			errs[i] = ambiguous(w, named[i])
		default:
			errs[i] = exitWith(exitAbsent, "there is no file %s for you", w)
		}
	}
	return found, errs, err
}

// ambiguous lists the files of one name, newest first.
func ambiguous(name string, files []wire.File) error {
	const most = 8
	slices.Reverse(files)
	var list []string
	for _, file := range files[:min(len(files), most)] {
		list = append(list, fmt.Sprintf("%s (%s, of %s, %s)", file.ID, size(file.Size), file.Owner, moment(file.Stored)))
	}
	if more := len(files) - most; more > 0 {
		list = append(list, fmt.Sprintf("and %d more", more))
	}
	return usage("%s are called %s, say the ID: %s", count(len(files), "file"), name, strings.Join(list, ", "))
}

// moment is a time in Unix milliseconds for a person, or a dash for none.
func moment(ms int64) string {
	if ms == 0 {
		return "-"
	}
	return time.UnixMilli(ms).Local().Format(time.DateTime)
}

// stampOf is the same for a program, and empty for none.
func stampOf(ms int64) string {
	if ms == 0 {
		return ""
	}
	return time.UnixMilli(ms).UTC().Format(stampMillis)
}
