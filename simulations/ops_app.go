package simulations

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/fxamacker/cbor/v2"

	"example.com/rollcall/wire"
)

// counted is the body of the world's numbered one-way messages.
type counted struct {
	N   uint64 `cbor:"1,keyasint"` // from 1 on, for each connection
	Pad []byte `cbor:"2,keyasint"`
}

// mostPad bounds the padding of a numbered message, so that it fits every frame.
const mostPad = 60_000

func init() {
	peerOps["app"] = func(p *peer, op *Op) {
		for range max(min(op.N, 1000), 1) {
			if p.welcomed {
				p.send(&wire.App{Kind: op.Text, Body: op.body()})
			}
		}
	}
	// Numbered messages, of which each is to be handled once and in order (N16).
	peerOps["count"] = func(p *peer, op *Op) {
		if !p.welcomed || p.link.corrupts {
			return
		}
		for range max(min(op.N, 1000), 1) {
			p.counted++
			p.counting, p.countAt = true, 0
			body, _ := cbor.Marshal(counted{p.counted, make([]byte, min(int(op.For), mostPad))})
			p.send(&wire.App{Kind: "count", Body: body})
		}
	}
}

// body is what is in a request or in a one-way message: what Body says, or the
// number For, or 42.
func (o *Op) body() []byte {
	if o.Body != "" {
		if b, err := encoded(o.Body); err == nil {
			return b
		}
	}
	n := int64(handlerSeconds)
	if o.For > 0 {
		n = int64(o.For)
	}
	b, _ := cbor.Marshal(n)
	return b
}

// encoded turns JSON into CBOR. Numbers without a fraction are integers.
func encoded(text string) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("the body is no JSON: %w", err)
	}
	mode, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		return nil, err
	}
	return mode.Marshal(plain(v))
}

// plain turns JSON's numbers into Go's.
func plain(v any) any {
	switch x := v.(type) {
	case json.Number:
		if n, err := x.Int64(); err == nil {
			return n
		}
		f, _ := x.Float64()
		return f
	case []any:
		for i := range x {
			x[i] = plain(x[i])
		}
	case map[string]any:
		for k := range x {
			x[k] = plain(x[k])
		}
	}
	return v
}

// lateTime is how long the handler "late" takes for a body.
func lateTime(body []byte) time.Duration {
	var n uint64
	if cbor.Unmarshal(body, &n) != nil {
		return 0
	}
	return time.Duration(min(n, mostLate)) * time.Second //nolint:gosec // bounded
}

// mostLate bounds what it takes, in seconds.
const mostLate = 3600
