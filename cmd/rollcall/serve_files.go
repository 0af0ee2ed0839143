package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/spf13/pflag"

	"example.com/rollcall/actors/filestore"
)

// noFiles is the word of --data for a server without files.
const noFiles = "none"

// storeFlags say where and how a server keeps files.
type storeFlags struct {
	data                           string
	grace, retention               time.Duration
	maxFile, maxUserBytes, maxSize byteSize
	window                         byteSize
	maxUserFiles                   int64
	noSync                         bool
}

func (f *storeFlags) bind(fs *pflag.FlagSet) {
	f.maxFile, f.maxUserBytes, f.maxSize = filestore.DefaultMaxFile, filestore.DefaultMaxUserBytes, filestore.DefaultMaxBytes
	f.window = 1 << 20
	fs.StringVar(&f.data, "data", "", "keep the files that users send in this `DIR`, which is made if it is not there; none for a server without files (default rollcall in $XDG_DATA_HOME or ~/.local/share)")
	fs.DurationVar(&f.grace, "file-grace", time.Minute, "keep what came of an interrupted transfer for this long; 0 removes it at once")
	fs.Var(&f.maxFile, "max-file", "the largest file")
	fs.Var(&f.maxUserBytes, "max-user-bytes", "the most that the files of one user may hold together")
	fs.Var(&f.maxSize, "max-bytes", "the most that all files may hold together")
	fs.Int64Var(&f.maxUserFiles, "max-user-files", filestore.DefaultMaxUserFiles, "the most files of one user")
	fs.DurationVar(&f.retention, "retention", filestore.DefaultRetention, "keep a file for this long; it is removed within a minute after that; 0 for ever")
	fs.Var(&f.window, "file-window", "the most of one file that may be on its way inside the server; more is faster over long ways, and costs as much memory for each transfer")
	fs.BoolVar(&f.noSync, "no-sync", false, "do not wait for the disk: faster, but a crash of the machine can then leave files that are torn (it gives up the guarantee G5)")
}

// options are those of the store.
func (f *storeFlags) options() (filestore.Options, error) {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	for _, d := range []struct {
		name  string
		value time.Duration
	}{{"file-grace", f.grace}, {"retention", f.retention}} {
		if d.value < 0 {
			bad("--%s is negative: %v", d.name, d.value)
		}
	}
	for _, n := range []struct {
		name  string
		value int64
	}{
		{"max-file", int64(f.maxFile)}, {"max-user-bytes", int64(f.maxUserBytes)},
		{"max-bytes", int64(f.maxSize)}, {"max-user-files", f.maxUserFiles},
		{"file-window", int64(f.window)},
	} {
		if n.value < 1 { // the store would take its default
			bad("--%s is %d, less than 1", n.name, n.value)
		}
	}
	if f.window > maxFileWindow {
		bad("--file-window is %s, more than %s", f.window.String(), "1GiB")
	}
	o := filestore.Options{
		MaxFile: int64(f.maxFile), MaxUserBytes: int64(f.maxUserBytes), MaxBytes: int64(f.maxSize),
		MaxUserFiles: f.maxUserFiles, Retention: f.retention, NoSync: f.noSync,
	}
	if f.retention == 0 {
		o.Retention = -1
	}
	if err := errors.Join(errs...); err != nil {
		return o, usage("%w", err)
	}
	if err := o.Validate(); err != nil {
		return o, usage("%w", err)
	}
	return o, nil
}

// maxFileWindow bounds --file-window.
const maxFileWindow = 1 << 30

// supervisorGrace is the grace as the supervisor wants it: its zero is the
// default, and less is none.
func (f *storeFlags) supervisorGrace() time.Duration {
	if f.grace == 0 {
		return -1
	}
	return f.grace
}

// open opens the store, and logs what it found there. The store is nil for a
// server without files.
func (f *storeFlags) open(p *program, log logrus.FieldLogger) (filestore.Store, error) {
	o, err := f.options()
	if err != nil {
		return nil, err
	}
	dir, err := p.dataDir(f.data)
	if err != nil || dir == "" {
		return nil, err
	}
	// 0700, and so the directories above it, as the XDG specification wants.
	if err := os.MkdirAll(dir, 0o700); err != nil {
		err = fmt.Errorf("cannot make the data directory: %w", err)
		return nil, filesOrNone(log, err)
	}
	store, swept, err := filestore.Open(dir, o)
	switch {
	case errors.Is(err, filestore.ErrLocked):
		return nil, fmt.Errorf("the data directory %s is in use by another server; choose another with --data, or --data %s", dir, noFiles)
	case errors.Is(err, filestore.ErrForeign):
		return nil, fmt.Errorf("%s is no data directory of rollcall, and not empty: %w", dir, err)
	case err != nil:
		return nil, filesOrNone(log, fmt.Errorf("cannot open the data directory %s: %w", dir, err))
	}
	line := log.WithFields(logrus.Fields{
		"data": dir, "files": swept.Files, "interrupted": swept.Partials,
		"removed": swept.Broken + swept.Trash + swept.Stray,
	})
	if swept.Quarantined > 0 {
		line = line.WithField("quarantined", swept.Quarantined)
	}
	if swept.Failed > 0 {
		line = line.WithField("failed", swept.Failed)
	}
	if f.noSync {
		line = line.WithField("durable", false)
	}
	if swept.Quarantined+swept.Failed > 0 {
		line.Warn("keeping files")
	} else {
		line.Info("keeping files")
	}
	return store, nil
}

// filesOrNone decides about a server whose data directory cannot be used: when the
// disk is at fault, people come and go all the same, without files. Anything else
// is an error of whoever starts it.
func filesOrNone(log logrus.FieldLogger, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return err // this disk is in order, and somebody else's
	}
	for _, fault := range []error{
		filestore.ErrStorageFull, filestore.ErrDisk, syscall.EROFS, syscall.ENOSPC, syscall.EDQUOT, syscall.EIO,
	} {
		if errors.Is(err, fault) {
			log.WithError(err).Error("serving without files")
			return nil
		}
	}
	return err
}

// dataDir is the directory that --data names: the default one for no name, and
// none, as no name, for the word none.
func (p *program) dataDir(name string) (string, error) {
	switch name {
	case "":
		return p.dataHome()
	case noFiles:
		return "", nil
	}
	return name, nil
}

// dataHome is where files are kept unless told otherwise: below XDG_DATA_HOME,
// of which a relative one is to be ignored, or what stands for it.
func (p *program) dataHome() (string, error) {
	if home, _ := p.env("XDG_DATA_HOME"); filepath.IsAbs(home) {
		return filepath.Join(home, "rollcall"), nil
	}
	if runtime.GOOS == "windows" {
		if home, _ := p.env("LOCALAPPDATA"); filepath.IsAbs(home) {
			return filepath.Join(home, "rollcall"), nil
		}
	} else if home, _ := p.env("HOME"); filepath.IsAbs(home) {
		return filepath.Join(home, ".local", "share", "rollcall"), nil
	}
	return "", usage("there is no home directory to keep files in: say --data DIR, or --data %s", noFiles)
}
