package client

import (
	"context"
	"fmt"
	"iter"

	"example.com/rollcall/wire"
)

// Files returns a page of the list of the stored files that this user may get,
// oldest first: at most limit files, and at most [wire.MaxFiles]; zero leaves
// the number to the server. cursor is empty for the first page, and else the
// next of the page before; next is empty on the last page. A page can have no
// files though another follows.
func (c *Client) Files(ctx context.Context, cursor string, limit int) (files []wire.File, next string, err error) {
	if limit < 0 {
		return nil, "", fmt.Errorf("client: a page of %d files", limit)
	}
	limit = min(limit, wire.MaxFiles)
	_, m, err := c.ask(ctx, wire.TypeFileList, func(id uint64) wire.Message {
		return &wire.Files{Request: id, Cursor: cursor, Limit: uint64(limit)} //nolint:gosec // not negative
	}, nil)
	if err != nil {
		return nil, "", err
	}
	list := m.(*wire.FileList) //nolint:forcetypeassert // calls.take saw to it
	return list.Files, list.Next, nil
}

// AllFiles goes through the whole list, page by page. An error ends it.
func (c *Client) AllFiles(ctx context.Context) iter.Seq2[wire.File, error] {
	return func(yield func(wire.File, error) bool) {
		for cursor := ""; ; {
			files, next, err := c.Files(ctx, cursor, 0)
			if err == nil && next == cursor && next != "" {
				err = fmt.Errorf("%w: the list of files does not go on", errProtocol)
			}
			if err != nil {
				yield(wire.File{}, err)
				return
			}
			for _, f := range files {
				if !yield(f, nil) {
					return
				}
			}
			if next == "" {
				return
			}
			cursor = next
		}
	}
}

// Remove takes a file of this user's out of the server's store.
// errors.Is(err, wire.CodeNotFound) tells that there is none that this user
// knows of, wire.CodeNotAllowed that it is another's.
func (c *Client) Remove(ctx context.Context, id wire.FileID) error {
	_, _, err := c.ask(ctx, wire.TypeOK, func(n uint64) wire.Message {
		return &wire.Remove{Request: n, File: id}
	}, nil)
	return err
}
