package main

import (
	"context"
	"fmt"
	"os"
)

// actAs is the environment variable by which a test starts the test binary
// itself as another program.
const actAs = "ROLLCALL_TEST_ACT"

// act is that program.
func act(as string) int {
	switch as {
	case "half-frame":
		return actHalfFrame()
	case "crowd":
		return actCrowd()
	default:
		return exitUsage
	}
}

// actHalfFrame logs in and stops in the middle of a frame.
func actHalfFrame() int {
	r, err := rawLogin(context.Background(), os.Getenv("ROLLCALL_SERVER"), os.Getenv("ROLLCALL_USER"), 0)
	if err == nil {
		err = r.writeHalf()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitFailure
	}
	fmt.Println("half a frame is out")
	for err == nil { // reads what comes, so that its end is no reset; and answers nothing
		_, err = r.next()
	}
	return exitOK
}
