package supervisor_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain looks for goroutines that outlive their supervisor. The same binary,
// started again with an address in its environment, is the load of
// TestTenThousandSilentSockets.
func TestMain(m *testing.M) {
	if addr := os.Getenv(silentLoad); addr != "" {
		os.Exit(beSilent(addr))
	}
	goleak.VerifyTestMain(m)
}
