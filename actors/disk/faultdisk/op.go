package faultdisk

import "slices"

// Op is a kind of operation.
type Op string

// The operations, each a method of disk.FS or disk.File.
const (
	OpMkdir    Op = "mkdir"
	OpCreate   Op = "create"
	OpEdit     Op = "edit"
	OpView     Op = "view"
	OpRename   Op = "rename"
	OpRemove   Op = "remove"
	OpList     Op = "list"
	OpSize     Op = "size"
	OpSyncDir  Op = "syncdir"
	OpLock     Op = "lock"
	OpRead     Op = "read"
	OpWrite    Op = "write"
	OpTruncate Op = "truncate"
	OpSync     Op = "sync"
)

// Changes says whether an operation writes: those are what a full or read-only
// disk can refuse. Opening a file for writing is one.
func (op Op) Changes() bool {
	switch op {
	case OpMkdir, OpCreate, OpEdit, OpRename, OpRemove, OpSyncDir, OpLock, OpWrite, OpTruncate, OpSync:
		return true
	}
	return false
}

// Syncs says whether an operation makes something durable.
func (op Op) Syncs() bool { return op == OpSync || op == OpSyncDir }

// Hook is asked before each operation: it may wait, and with an error the
// operation fails. It may be called by many goroutines.
type Hook func(op Op, name string) error

// Fail gives a hook that fails every operation of these kinds, all kinds if none
// is named.
func Fail(err error, ops ...Op) Hook {
	return func(op Op, _ string) error {
		if len(ops) == 0 || slices.Contains(ops, op) {
			return err
		}
		return nil
	}
}
