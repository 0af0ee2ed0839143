//go:build unix

package disk_test

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"

	"example.com/rollcall/actors/disk"
)

// Nothing waits for somebody to write into a FIFO: what is no regular file, or no
// directory, is an error.
func TestFIFOs(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"dir", "file"} {
		if err := syscall.Mkfifo(filepath.Join(dir, name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := disk.Open(filepath.Join(dir, "dir")); !errors.Is(err, syscall.ENOTDIR) {
		t.Errorf("as a directory: %v", err)
	}
	d, err := disk.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := d.View("file"); !errors.Is(err, disk.ErrIrregular) {
		t.Errorf("to view: %v", err)
	}
	if _, err := d.Edit("file"); !errors.Is(err, disk.ErrIrregular) {
		t.Errorf("to edit: %v", err)
	}
}
