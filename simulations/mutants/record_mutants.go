package main

// recordMutants are defects of what a restart knows of the life before.
func recordMutants() []mutant { return nil }
