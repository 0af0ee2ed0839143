// Package faultdisk has disks that do what disks do on a bad day, for tests and
// simulations of what stands on package disk.
//
// [Over] puts faults into the operations of any disk: they fail, or wait. [New]
// makes a disk in memory that also has a capacity, remembers what was synced and
// what was not, and crashes: at a chosen operation ([Disk.CrashAt]) or at once
// ([Disk.Crash]). [Disk.After] then gives the disk as the next life finds it.
//
// # What a crash leaves
//
// The disk promises less than a journalling file system does. Content, length
// and names become durable each by its own sync, and names of different
// directories in any order; in one directory the changes that survive are the
// first ones. Only a rename is one step. Of a write that was not synced any
// sectors survive, some of them spoilt, and zeros where the length has grown
// without them. The choices are drawn from a seed, so that a run can be repeated.
//
// All that is written is held in memory, twice once it is synced; only a capacity
// bounds it.
package faultdisk
