// Package bench measures a server of rollcall, and beside it, in the same run,
// two floors that do the same job over the same protocol without actors and
// without guarantees: one goroutine a connection, and one thread with epoll. The
// ratios to them tell what the actors cost on this machine, whatever else
// loads it.
//
// The load side is one thread with epoll as well, so that it costs little
// beside what it measures; it says how much processor time each side took.
//
// # Invariants
//
//   - A server that is measured runs in a process of its own.
//   - A loop is owned by one goroutine. Nothing in it is shared.
//   - The floors hold every connection in memory and bound nothing but the
//     length of a frame: they are for loopback, and for a minute.
package bench
