package main

// mutants are all known defects, room by room.
func mutants() []mutant {
	var all []mutant
	for _, room := range [][]mutant{connectionMutants(), registryMutants(), presenceMutants(), fileMutants(), recordMutants(), trafficMutants()} {
		all = append(all, room...)
	}
	return all
}
