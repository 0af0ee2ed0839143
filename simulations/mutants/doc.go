// Mutants puts known defects back into rollcall, one at a time, and shows that
// the simulation finds each: a proof of the checks, not of the program.
//
//	go run ./simulations/mutants                    all of them
//	go run ./simulations/mutants -only N6,P1        some
//	go run ./simulations/mutants -seeds 5000 -list  what there is
//
// A defect is a small edit of one file or two. The edited files go into a
// temporary folder, and `go build -overlay` builds the program with them: the
// checkout is not touched. Then `rollcall simulate` runs seed after seed until a
// check fails. Each mutant names the checks that are to find it, so that a
// neighbour does not get the credit: a mutant that only another check finds is
// told as found by it, and is a hole like one that is not found.
//
// A mutant whose text does not stand in its file exactly once, because the file
// has changed, is an error of `go test ./simulations/mutants`.
package main
