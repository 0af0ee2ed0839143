// Package poll waits for the bytes of many TCP connections with few goroutines,
// so that one that says nothing costs neither a goroutine nor a buffer; and it
// writes what a socket takes at once, without a goroutine. It is plumbing: what
// the bytes mean is its client's.
//
// A connection is read by one at a time: by its poller while it is parked, by
// whoever it was handed to otherwise. The sockets stay those of package net, whose
// locks see to it that no descriptor is used after its close; a poller knows a
// connection by its number, never by its descriptor, which may be used again.
//
// On systems other than Linux, and for transports without a descriptor of their
// own (TLS, pipes), Take returns false, and the client reads by itself.
//
// # Bounds
//
// A poller holds 64 KiB to read into, room for 128 events, and a map entry for
// each parked connection. There are as many pollers as processors, four at most.
package poll
