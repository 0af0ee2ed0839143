//go:build !linux

package main

// actCrowd is the load of tests that need Linux.
func actCrowd() int { return exitUsage }
