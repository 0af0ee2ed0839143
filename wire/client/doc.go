// Package client is rollcall's Go client: it connects to a server, logs in,
// sends and receives messages and files, asks the server's handlers, and watches
// who is online. It needs nothing of rollcall but package wire, and the document to
// read beside it is wire's PROTOCOL.md.
//
//	c, err := client.Dial(ctx, "127.0.0.1:7465", client.Options{User: "alice"})
//	if err != nil {
//		return err
//	}
//	defer c.Close()
//	w, err := c.Watch(ctx) // everyone
//	if err != nil {
//		return err
//	}
//	for e := range w.Events() {
//		fmt.Println(e.Kind, e.User, e.Reason)
//	}
//
// # One client, many connections
//
// A [Client] lives until [Client.Close], until the context given to [Dial]
// ends, or until the server says that it must not come back (kicked, replaced,
// login_refused, version_unsupported). Until then it reconnects: with full
// jitter, exponentially, and after the wait that the server's bye advises. On
// each connection it logs in again, with its credential and the resume token,
// and resumes its watches. What is asked meanwhile waits for the connection.
//
// For TLS, give the dialer as Options.DialContext:
//
//	(&tls.Dialer{Config: config}).DialContext
//
// # Files
//
// [Client.PutFile] stores a file on the server for other users, or sends it
// straight to one; [Client.GetFile] fetches a stored one; Options.OnOffer is told
// of what others want to send straight to this user. Each call returns when the
// file is whole, verified and durable on the receiving side, goes on over
// reconnects and restarts of either side, and takes up what an earlier life of
// the program has left: a put at the server, a get and a relay in a part beside
// the path. Names of files are data, and paths are the caller's (N26).
//
// # What can be relied on
//
//   - A request is sent at most once. When the connection breaks before the
//     answer, the error is [ErrDisconnected], and only the server knows.
//   - An answer goes to the request with its ID, in whatever order answers come
//     (N15). Messages are handled in the order of arrival (N16).
//   - Heartbeats wait for nothing (N21): the reader never waits for a handler, a
//     watcher or a disk, and pongs and pings overtake all data that waits to be
//     sent. A chunk of a file is sent only when nothing else waits, and on Linux
//     the kernel holds little that is not sent yet, on a slow network too.
//   - A file that a call returned without an error is what its sender announced:
//     size and SHA-256 were verified by the receiving side.
//   - Only received bytes count as life (N2), and a stall of this process is not
//     taken for the server's death (P4).
//   - A watch is told each change once and in order of version, over
//     reconnects and restarts of the server too.
//   - Close and the context's end leave no goroutine behind.
//
// # Bounds
//
// What is held, how much of it, and what happens at the bound:
//
//	data to send      256 KiB, or one frame: callers wait, Post gets ErrQueueFull
//	pongs to send     16: the oldest gives way
//	calls in flight   1024 a connection: callers wait
//	messages to       DeliverQueue, and 8 MiB of bodies: what comes then is
//	  handlers        dropped, counted, and told with the next (Message.Lost)
//	events to a       256, then one for each user: a user's collapse to the
//	  watcher         newest (P7)
//	users known       MaxUsers: the connection ends with protocol_error
//	a frame received  the welcome's max_frame; memory grows with bytes received
//	each put          4 chunks of 64 KiB at most
//	each get, relay   Options.Window: the sender waits. And a read buffer of
//	  that comes in   128 KiB a connection while there is one
//	to steer it       an accept, a credit and an end each: a credit takes the
//	                  place of an older one
//	offers to answer  64 a connection: what comes then is dropped and counted,
//	                  like messages, and left to the server
//	transfers         as many as calls in flight; the server has its own bound
//
// # Inside
//
// The pure parts are plain values, without goroutines, clocks or I/O: backoff,
// heartbeat, calls, subscription, presence, backlog, outflow, inflow, ring,
// meter. Around them are one goroutine that connects and beats (run), a reader and a writer for each
// connection, one for the handlers and one for each watch. A transfer has none
// of its own: the caller's reads and writes the disk, and meets the connection's
// in a sending or a receiving, and in the outbox.
package client
