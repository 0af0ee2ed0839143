package disk

import (
	"io"
	"sync"
)

// Lazy gives a disk that is opened when it is first used, and, as long as that
// fails, again at each use, which then fails with that error. It is for those
// who must be able to begin without their disk, and go on when it comes back.
func Lazy(open func() (FS, error)) FS { return &lazyFS{open: open} }

type lazyFS struct {
	open func() (FS, error) // static after construction

	mu sync.Mutex
	in FS // owned by mu; nil: not open
}

func (l *lazyFS) get() (FS, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.in == nil {
		in, err := l.open()
		if err != nil {
			return nil, err
		}
		l.in = in
	}
	return l.in, nil
}

func (l *lazyFS) do(f func(FS) error) error {
	in, err := l.get()
	if err != nil {
		return err
	}
	return f(in)
}

func lazily[T any](l *lazyFS, f func(FS) (T, error)) (T, error) {
	in, err := l.get()
	if err != nil {
		var none T
		return none, err
	}
	return f(in)
}

func (l *lazyFS) Mkdir(name string) error {
	return l.do(func(in FS) error { return in.Mkdir(name) })
}

func (l *lazyFS) Create(name string) (File, error) {
	return lazily(l, func(in FS) (File, error) { return in.Create(name) })
}

func (l *lazyFS) Edit(name string) (File, error) {
	return lazily(l, func(in FS) (File, error) { return in.Edit(name) })
}

func (l *lazyFS) View(name string) (File, error) {
	return lazily(l, func(in FS) (File, error) { return in.View(name) })
}

func (l *lazyFS) Rename(from, to string) error {
	return l.do(func(in FS) error { return in.Rename(from, to) })
}

func (l *lazyFS) Remove(name string) error {
	return l.do(func(in FS) error { return in.Remove(name) })
}

func (l *lazyFS) List(name string) ([]Entry, error) {
	return lazily(l, func(in FS) ([]Entry, error) { return in.List(name) })
}

func (l *lazyFS) Size(name string) (int64, error) {
	return lazily(l, func(in FS) (int64, error) { return in.Size(name) })
}

func (l *lazyFS) SyncDir(name string) error {
	return l.do(func(in FS) error { return in.SyncDir(name) })
}

func (l *lazyFS) Free() (int64, bool) {
	in, err := l.get()
	if err != nil {
		return 0, false
	}
	return in.Free()
}

func (l *lazyFS) Lock(name string) (io.Closer, error) {
	return lazily(l, func(in FS) (io.Closer, error) { return in.Lock(name) })
}

// Close does not open the disk in order to close it.
func (l *lazyFS) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.in == nil {
		return nil
	}
	return l.in.Close()
}
