// Package wire is rollcall's protocol: frames, messages, reasons, error codes
// and limits. PROTOCOL.md in this folder is normative and suffices to write a
// client in any language; protocol.cddl is its schema (RFC 8610) and testdata
// holds golden frames.
//
// # Shape
//
// A frame is a four-byte big-endian length, one byte of message type and a CBOR
// map (RFC 8949) with unsigned integer keys in deterministic encoding. The
// package has three layers, each usable alone:
//
//   - [Splitter] cuts a byte stream into frames. It is pushed bytes, never
//     reads by itself, and so serves a blocking reader, a poller and a
//     simulation alike.
//   - [Decode] and [Append] turn a frame's body into a typed [Message] and back.
//     For the chunks of files there is a way without a copy beside it:
//     [DecodeChunk] and [AppendChunkHead].
//   - [Reason], [Code] and [FileEvent] are the tables of numbers that never
//     change: why a connection ended, why a request or a transfer failed, and
//     what became of a file.
//
// # Invariants
//
//   - A limit is enforced before the memory that it guards is taken: a length
//     past the limit is refused from the header alone, and the splitter's
//     buffer grows with bytes received, not with bytes promised.
//   - Decode never panics, never returns a message that breaks a limit of
//     PROTOCOL.md, and copies what it keeps: the caller may reuse the body.
//     DecodeChunk alone does not copy, and otherwise reads just what Decode does.
//   - The rules on CBOR hold at every depth: a field of a map within a map is
//     checked as strictly as one of the body.
//   - Encoding is deterministic: equal messages give equal bytes.
//   - Unknown fields are ignored and unknown message types are reported as
//     [ErrUnknownType], which a receiver skips: that is how the protocol grows.
//
// The package imports nothing of rollcall and does no I/O.
package wire
