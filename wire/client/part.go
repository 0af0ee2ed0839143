package client

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"unicode/utf8"
)

// ErrPartBusy means that another call, perhaps of another process, is receiving
// the same file to the same path.
var ErrPartBusy = errors.New("client: the part is being written by another")

// part is a file that is not whole yet. It lies beside the path that the caller
// has chosen, under a name made of that and of what is received, so that two
// files never meet in one part, and it becomes the file at the path in one step
// once it is whole, verified and durable (N26).
type part struct {
	*os.File // the part; a GetTarget
	root     *os.Root
	base     string // of the file in the end
	name     string // of the part
	replace  bool
	held     int64 // what an earlier call has left
	done     bool  // it is a part no more
}

// maxBase is what file systems allow for a name, in bytes.
const maxBase = 255

// partName names the part of a file that is to be called base. tag is what is
// received.
func partName(base, tag string) string {
	ending := "." + tag + ".part"
	cut := min(len(base), maxBase-len(ending))
	for cut > 0 && cut < len(base) && !utf8.RuneStart(base[cut]) {
		cut--
	}
	return base[:cut] + ending
}

// openPart opens the part, or makes it. It is for this call alone.
func openPart(path, tag string, replace bool) (*part, error) {
	dir, base := filepath.Split(path)
	if base == "" || base == "." || base == ".." {
		return nil, fmt.Errorf("%w: %q is no file's path", errTarget, path)
	}
	if dir == "" {
		dir = "."
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	p := &part{root: root, base: base, name: partName(base, tag), replace: replace}
	if err = p.free(); err == nil {
		err = p.open()
	}
	if err != nil {
		_ = root.Close()
		return nil, err
	}
	return p, nil
}

// free reports whether there may be a file at the path in the end.
func (p *part) free() error {
	there, err := p.root.Lstat(p.base)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case there.IsDir():
		return &fs.PathError{Op: "receive", Path: p.base, Err: syscall.EISDIR}
	case !p.replace:
		return &fs.PathError{Op: "receive", Path: p.base, Err: fs.ErrExist}
	default:
		return nil
	}
}

// open opens and locks the part. Between the two, another call may have turned
// it into the file, or removed it: then it is opened again.
func (p *part) open() error {
	for range 8 {
		f, err := p.root.OpenFile(p.name, os.O_RDWR|os.O_CREATE, 0o666) //nolint:gosec // the umask decides
		if err != nil {
			return err
		}
		if err := lockPart(f); err != nil {
			_ = f.Close()
			return err
		}
		here, err := f.Stat()
		if err == nil && here.Mode().IsRegular() {
			there, err := p.root.Lstat(p.name)
			if err == nil && os.SameFile(here, there) {
				p.File, p.held = f, here.Size()
				return nil
			}
		}
		_ = f.Close()
	}
	return fmt.Errorf("%w: %s is no ordinary file", errTarget, p.name)
}

// clear makes the part empty.
func (p *part) clear() error {
	p.held = 0
	return p.Truncate(0)
}

// commit turns the part, which is durable, into the file.
func (p *part) commit() error {
	if runtime.GOOS == "windows" {
		_ = p.Close() // an open file cannot be renamed there
	}
	if err := p.rename(); err != nil {
		return err
	}
	p.done = true
	return p.syncDir()
}

// rename makes the part's name the file's. A link never replaces a file that has
// come to be there meanwhile; where there are no links, a look has to do.
func (p *part) rename() error {
	if !p.replace {
		err := p.root.Link(p.name, p.base)
		if err == nil {
			return p.root.Remove(p.name)
		}
		if errors.Is(err, fs.ErrExist) {
			return err
		}
		if err := p.free(); err != nil {
			return err
		}
	}
	return p.root.Rename(p.name, p.base)
}

// syncDir makes the new name durable, where directories can be synced.
func (p *part) syncDir() error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := p.root.Open(".")
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) {
		return err
	}
	return nil
}

// leave closes the part. It is removed if it is to be dropped or empty.
func (p *part) leave(drop bool) {
	if !p.done {
		if here, err := p.Stat(); drop || err == nil && here.Size() == 0 {
			_ = p.root.Remove(p.name) // before the lock ends with the file
		}
	}
	_ = p.Close()
	_ = p.root.Close()
}
