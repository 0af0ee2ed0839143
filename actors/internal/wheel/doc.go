// Package wheel keeps deadlines of very many, most of which are put off before
// they come: those of connections. What is armed is a link of a list, which costs
// its owner 32 bytes and no memory beside; a time.Timer is an object of 112, with
// a closure of 16 and a place of 16 in the runtime's heap.
//
// What is due soon is in a heap, exactly in order; everything else in one of 512
// buckets, each some 134 ms long. Arming and cancelling cost O(1) in a bucket, and
// O(log n) of the few in the heap. What lies beyond the last bucket, some 68 s
// away, is looked at again when that bucket comes.
//
// It is a pure room: it knows no clock. Invariants:
//   - Nothing is due before its time.
//   - [Wheel.Next] is never after the earliest deadline.
//   - What Due returns, or Cancel was called for, is held no longer.
package wheel
