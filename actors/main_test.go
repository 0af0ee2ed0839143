package actors

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain looks for goroutines that outlive the systems that the tests start.
// Nothing is ignored: hollywood keeps no goroutine of its own.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
