//go:build !linux

package poll

const supported = false

// Pollers are none here.
type Pollers struct{}

// Take refuses every connection.
func (*Pollers) Take(*Seat) bool { return false }

// Leave does nothing.
func (*Pollers) Leave(*Seat) {}

// Close does nothing.
func (*Pollers) Close() {}

// TryWrite writes nothing.
func (*Seat) TryWrite([][]byte) (int64, error) { return 0, nil }
