// Package wheel keeps deadlines of very many, most of which are put off before
// they come: those of connections. What is armed is a link of a list, which costs
// its owner 32 bytes and no memory beside; a time.Timer is an object of 112, with
// a closure of 16 and a place of 16 in the runtime's heap.
//
// Deadlines lie in one of 512 buckets, each some 134 ms long. The bucket whose time
// has come is sorted, once, and taken from one after the other; what is armed for it
// then is in a heap. So what is due is told exactly in order. Arming and cancelling
// cost O(1), and O(log n) of the few in the heap; being due costs the sorting, which
// looks at a deadline's owner twice, however many there are. What lies beyond the last
// bucket, some 68 s away, is looked at again when that bucket comes.
//
// It is a pure room: it knows no clock. Invariants:
//   - Nothing is due before its time.
//   - [Wheel.Next] is never after the earliest deadline.
//   - What Due returns, or Cancel was called for, is held no longer.
package wheel
