// Package directory is the two maps of the registry: the connections that have
// finished their handshake, by the client's identifier and by the observed
// endpoint. It is pure, and generic in what the plumbing has of a connection:
// that carries its key and its place.
//
// # Invariants
//
//   - A connection is in both maps or in neither (G1): each call changes both or,
//     when it fails, nothing (S1).
//   - One identifier may have many connections; one endpoint has one.
//   - A connection is removed by itself, never by an identifier or endpoint,
//     and nothing else goes with it (N6, N7). No two connections share anything
//     but texts that never change (N11).
//   - A connection displaces an older one at its endpoint, never a newer one
//     (S3): order is that of acceptance, which is that of the IDs.
//   - Everything is found through a map in O(1) (N25), and listed page by page
//     without a walk over the rest.
//   - Nothing is kept of a connection that is gone (N17).
//
// It has no bound of its own: the listener bounds the number of connections
// (G6). See the benchmarks for the bytes that one takes.
package directory
