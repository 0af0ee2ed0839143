package main
const actAs = "ROLLCALL_TEST_ACT"
func act(string) int { return 0 }
