package record

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// childDir names the directory of a test's second process.
const childDir = "RECORD_TEST_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		if err := child(dir); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}
