package client

import (
	"errors"
	"fmt"

	"example.com/rollcall/wire"
)

// maxCalls bounds the requests of one connection that wait for their answers,
// pings included. Past it, callers wait for one of them to end.
const maxCalls = 1024

// answer is what came back for a call.
type answer struct {
	m   wire.Message
	err error
}

// call is one request that waits for its answer.
type call struct {
	want  wire.Type   // what answers it, beside wire.Error
	reply chan answer // holds one
	slot  bool        // it holds one of its connection's slots
	// accept, if any, runs in the reader's goroutine when the answer has come
	// and before the caller has it, also when the caller has gone: for answers
	// that change what the client is. It must not block.
	accept func(answer)
}

// newCall is a call that holds a slot.
func newCall(want wire.Type, accept func(answer)) *call {
	return &call{want: want, reply: make(chan answer, 1), slot: true, accept: accept}
}

// calls is the table of a connection's requests by their IDs: answers find
// their requests by these alone, in any order (N15). A plain value; it is
// bounded by its connection's slots.
type calls map[uint64]*call

// errAnswer is an answer of a type that does not fit its request.
var errAnswer = errors.New("client: the answer does not fit the request")

// take removes and returns the call that id and t answer. It returns nil when
// nobody waits for it, any more, which is no mistake, and an error that wraps
// errAnswer when the answer does not fit.
func (c calls) take(id uint64, t wire.Type) (*call, error) {
	waiting := c[id]
	if waiting == nil {
		return nil, nil
	}
	if t != waiting.want && t != wire.TypeError {
		return nil, fmt.Errorf("%w: %v for request %d", errAnswer, t, id)
	}
	delete(c, id)
	return waiting, nil
}
