package client

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"example.com/rollcall/wire"
)

// PutFile is [Client.Put] of the local file at path, whole. A file that grows,
// shrinks or changes from when its hash was begun until all of it was sent gives
// an error that wraps ErrChanged: what is stored is always what was announced.
// What is not a regular file cannot be put.
func (c *Client) PutFile(ctx context.Context, path string, o PutOptions) (PutResult, error) {
	if at, err := os.Stat(path); err != nil {
		return PutResult{}, err
	} else if !at.Mode().IsRegular() { // to open a pipe would wait
		return PutResult{}, &fs.PathError{Op: "put", Path: path, Err: errIrregular}
	}
	f, err := os.Open(path)
	if err != nil {
		return PutResult{}, err
	}
	defer func() { _ = f.Close() }()
	before, err := f.Stat()
	if err != nil {
		return PutResult{}, err
	}
	if o.Name == "" {
		o.Name = filepath.Base(path)
	}
	return c.putSource(ctx, source{r: f, size: before.Size(), check: func() (wire.Code, error) {
		return changed(f, before)
	}}, o)
}

var errIrregular = fmt.Errorf("not a regular file: %w", fs.ErrInvalid)

// changed compares a file with what it was.
func changed(f *os.File, before fs.FileInfo) (wire.Code, error) {
	now, err := f.Stat()
	switch {
	case err != nil:
		return wire.CodeStorageFailed, err
	case now.Size() != before.Size():
		return wire.CodeSizeMismatch, fmt.Errorf("%w: it had %d bytes and has %d", ErrChanged, before.Size(), now.Size())
	case !now.ModTime().Equal(before.ModTime()):
		return wire.CodeChecksumMismatch, fmt.Errorf("%w: it was written to", ErrChanged)
	default:
		return wire.CodeNone, nil
	}
}
