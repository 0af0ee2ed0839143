// Package session is the pure room that knows who is logged in: which
// connections the registry has established, which user each of them has logged
// in, and which users are held online by a grace after their last session was
// lost. Events go in, decisions come out; now is an argument, and nothing here
// waits, sends or reads a clock. A [Book] is a plain value, owned by one actor.
//
// # Invariants
//
//   - A session belongs to exactly one connection that was admitted and has not
//     ended. A login of any other connection is refused with [ErrGone] (N8).
//   - The end of a connection takes away the session of that connection and of
//     no other: a user with another live session stays online (N6).
//   - A user is online for watchers while it has a session or is held. Login's
//     CameOnline and Departure's WentOffline alternate strictly for each user,
//     in the order of the calls (P1).
//   - A connection never takes a session from one that was accepted after it:
//     connection IDs give the order of acceptance, the order of arrival of the
//     logins does not count (S3).
//   - Graces run out in the order of their deadlines, then of the users' names
//     (P3), and never before their deadline.
//   - A user of an earlier life of the server that was lost is held like any other
//     ([Book.Restore]), with wire.ReasonNodeLost, whatever Config.Grace is (G7).
//   - An operation that returns an error has changed nothing (S1).
//   - The user of a connection, and the connections of a user, are each found
//     with one look into a map (N25).
//
// # Bounds
//
//   - Admitted connections: as many as the registry admits; the book forgets
//     each at its end.
//   - Sessions: at most one for each admitted connection, and at most
//     Config.MaxPerUser for each user; a login past that is [ErrTooMany].
//   - Held users: at most Config.MaxHeld; past that a lost user goes offline at
//     once, as if there were no grace.
//   - Lost sessions that a token may bring back: at most Config.MaxPerUser for
//     each user; the oldest is given up first.
//
// # Memory
//
// Measured on a 64-bit machine (BenchmarkMemory), all maps and lists included,
// names left out: an anonymous connection costs about 25 bytes, a user with one
// session 175, each further session of it 65, a user that is held 225. A map that
// has just grown costs up to half more, and Go's maps keep the room of their
// largest size.
package session
