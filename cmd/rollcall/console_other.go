//go:build !unix

package main

// followSize does nothing: this system has no signal for it.
func followSize(func()) (stop func()) { return func() {} }
