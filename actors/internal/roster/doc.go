// Package roster is a list in order of addition, made to be paged through while
// it changes: an actor that owns ten million connections answers for a hundred
// of them and goes on. It is pure.
//
// # Invariants
//
//   - A place ([Seq]) is given once. Items are in order of their places.
//   - Paging by a cursor visits each item that is there from the first page to
//     the last exactly once; one that is removed meanwhile, at most once; one
//     that is added meanwhile, at the end.
//   - Add, Remove and Get are O(log n) in comparisons and move at most one block
//     of items and one list of blocks, some microseconds at ten million items:
//     there is no moment at which the whole list is copied.
//   - Memory follows what is in the list, not what was: any two neighbouring
//     blocks hold more than half a block of items (N17).
//
// The list has no bound of its own; its owner has (G6).
package roster
