package actors

import (
	"log/slog"
	"testing"

	"go.uber.org/goleak"
)

// TestMain looks for goroutines that outlive the systems that the tests start.
// Nothing is ignored: hollywood keeps no goroutine of its own.
func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler)) // hollywood's own lines
	goleak.VerifyTestMain(m)
}
