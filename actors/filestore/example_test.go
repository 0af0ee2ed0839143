package filestore_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"example.com/rollcall/actors/filestore"
)

func Example() {
	above, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(above)
	store, swept, err := filestore.Open(filepath.Join(above, "data"), filestore.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer store.Close()
	fmt.Println("files at the start:", swept.Files)

	content := []byte("Dear Bob, this is the report.")
	partial, err := store.Begin(filestore.Meta{
		Owner: "alice", Recipients: []string{"bob"}, Name: "../report.txt",
		Size: int64(len(content)), SHA256: sha256.Sum256(content),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer partial.Discard() // does nothing after the commit

	// The connection breaks in the middle, and alice comes back.
	id := partial.Meta().ID
	_, _ = partial.Write(content[:10])
	if err := partial.Suspend(); err != nil {
		fmt.Println(err)
		return
	}
	if partial, err = store.Resume(id); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("resumes at byte", partial.Offset())
	_, _ = partial.Write(content[partial.Offset():])
	meta, err := partial.Commit(1700000000000)
	if err != nil {
		fmt.Println(err)
		return
	}

	file, err := store.Open(meta.ID)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer file.Close()
	b, _ := io.ReadAll(io.NewSectionReader(file, 0, meta.Size))
	fmt.Printf("%s: %s\n", meta.Name, b)
	// Output:
	// files at the start: 0
	// resumes at byte 10
	// ../report.txt: Dear Bob, this is the report.
}

func ExampleOptions() {
	store, err := filestore.NewMemory(filestore.Options{MaxUserBytes: 100})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer store.Close()
	_, err = store.Begin(filestore.Meta{Owner: "alice", Name: "film.mp4", Size: 200})
	fmt.Println(errors.Is(err, filestore.ErrQuota), errors.Is(err, filestore.ErrQuotaUserBytes))
	// Output: true true
}
