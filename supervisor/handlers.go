package supervisor

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/fxamacker/cbor/v2"

	"example.com/rollcall/actors"
	"example.com/rollcall/wire"
)

// ErrKindTaken is returned for a second handler of one kind.
var ErrKindTaken = errors.New("rollcall: the kind has a handler")

// handlers are the application's handlers by kind.
type handlers struct{ byKind sync.Map }

func (h *handlers) find(kind string) (actors.Handler, bool) {
	v, ok := h.byKind.Load(kind)
	if !ok {
		return nil, false
	}
	f, ok := v.(actors.Handler)
	return f, ok
}

func (h *handlers) add(kind string, f actors.Handler) error {
	if err := wire.ValidKind(kind); err != nil {
		return err
	}
	if _, taken := h.byKind.LoadOrStore(kind, f); taken {
		return fmt.Errorf("%w: %q", ErrKindTaken, kind)
	}
	return nil
}

// Handle binds a handler to one-way messages of a kind. A body is decoded from
// CBOR into T, or taken as it is when T is []byte. The messages of one
// connection are handled one after another, in order of arrival; those of
// different connections side by side. ctx ends with the connection. A body that does not decode and an error
// of the handler are counted; a panic is caught and counted.
//
// Handle may be called at any time. The error is [ErrKindTaken], or wraps
// wire.ErrField for a kind that is no kind.
func Handle[T any](s *Supervisor, kind string, handler func(ctx context.Context, from Caller, message T) error) error {
	return s.handlers.add(kind, func(ctx context.Context, from Caller, body []byte) ([]byte, error) {
		var message T
		if err := decodeBody(body, &message); err != nil {
			return nil, err
		}
		return nil, handler(ctx, from, message)
	})
}

// HandleRequest binds a handler to requests of a kind: T is decoded from CBOR and the
// answer R encoded to it, or taken as they are when []byte. Requests run side by
// side, those of one connection too. An error of the handler is told to the
// client as handler_failed with its text, unless it is a [*Refusal], which
// chooses the code; a panic is told as internal.
//
// The errors are those of [Handle].
func HandleRequest[T, R any](s *Supervisor, kind string, handler func(ctx context.Context, from Caller, request T) (R, error)) error {
	return s.handlers.add(kind, func(ctx context.Context, from Caller, body []byte) ([]byte, error) {
		var request T
		if err := decodeBody(body, &request); err != nil {
			return nil, err
		}
		answer, err := handler(ctx, from, request)
		if err != nil {
			return nil, err
		}
		return encodeBody(answer)
	})
}

func decodeBody[T any](body []byte, into *T) error {
	if raw, ok := any(into).(*[]byte); ok {
		*raw = body
		return nil
	}
	if err := cbor.Unmarshal(body, into); err != nil {
		return &Refusal{Code: wire.CodeBadRequest, Text: "the body does not decode: " + err.Error()}
	}
	return nil
}

func encodeBody[R any](answer R) ([]byte, error) {
	if raw, ok := any(answer).([]byte); ok {
		return raw, nil
	}
	body, err := cbor.Marshal(answer)
	if err != nil {
		return nil, &Refusal{Code: wire.CodeInternal, Text: "the answer does not encode"}
	}
	return body, nil
}
