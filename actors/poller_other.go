//go:build !linux

package actors

import "net"

// pollers are for Linux: elsewhere every connection is served by goroutines.
type pollers struct{}

func (*pollers) stop() {}

func (*System) park(net.Conn) parked { return nil }
