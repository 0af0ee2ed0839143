package simulations

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"time"

	"example.com/rollcall/wire"
	"example.com/rollcall/wire/client"
)

// content is what is in the world's files: it can be made again from its name.
func content(seed uint64, name string, size int) []byte {
	b := make([]byte, size)
	_, _ = reader{stream(seed, "content/"+name)}.Read(b)
	return b
}

// How a file is sent.
type sending uint8

const (
	stored    sending = iota // to one user, through the store
	relayed                  // to one user, past the store
	published                // to everyone, and to one user by name
)

func (r *realClient) put(op *Op, how sending) {
	w := r.c.w
	w.tally.injected(op.Kind)
	w.fileNames++
	name := fmt.Sprintf("file-%d-%d.bin", op.N, w.fileNames)
	to := w.clients[op.To%len(w.clients)].plan.User
	relay := how == relayed
	options := client.PutOptions{Name: name, To: []string{to}, Relay: relay, Everyone: how == published}
	if how == published && op.Text == "unnamed" {
		to, options.To = "", nil
	}
	w.model.notices.meant[name], w.model.notices.public[name] = to, how == published
	r.job("put", func(c *client.Client) {
		began := w.putBegins(name)
		b := content(w.seed, name, op.N)
		ctx, cancel := context.WithTimeout(context.Background(), op.For)
		defer cancel()
		res, err := c.Put(ctx, bytes.NewReader(b), int64(len(b)), options)
		r.enter("put ends")
		w.lock()
		defer w.unlock()
		w.trace.tell(w.now(), r.c.name, fmt.Sprintf("put %s: %v", name, err))
		w.model.notices.calls[name] = w.now()
		switch {
		case err == nil && relay:
			w.effect("relayed")
		case err == nil && !relay:
			w.effect("put")
			r.files = append(r.files, res.File)
			w.model.stored(res.File, name, op.N)
			if to != "" {
				w.model.promised(to, res.File, name, began)
			}
			if how == published {
				w.effect("published")
			}
		case errors.Is(err, client.ErrChanged):
			w.fail("G5", "the content that was sent", "%s: put %s: %v", r.c.name, name, err)
		default:
			w.effect("put failed")
		}
	})
}

// accept takes what another user wants to send straight to this one.
func (r *realClient) accept(ctx context.Context, o client.Offer) {
	w := r.c.w
	w.lock()
	r.offers++
	t := newTicket(&r.c.host, r.c.name+"/accept/"+strconv.Itoa(r.offers))
	w.unlock()
	w.go1(func() {
		t.what = "begins"
		w.gate.enter(t)
		ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
		defer cancel()
		var to target
		res, err := o.AcceptTo(ctx, &to, client.GetOptions{})
		t.what = "ends"
		w.gate.enter(t)
		w.lock()
		defer w.unlock()
		if err != nil {
			w.effect("relay failed")
			return
		}
		w.effect("accepted")
		if !bytes.Equal(to.b, content(w.seed, res.File.Name, len(to.b))) || uint64(len(to.b)) != res.File.Size {
			w.fail("G5", "the file that was sent", "%s got another one for %s", r.c.name, res.File.Name)
		}
	})
}

// target takes a file that is fetched.
type target struct{ b []byte }

// WriteAt implements client.GetTarget.
func (t *target) WriteAt(p []byte, off int64) (int, error) {
	if n := int(off) + len(p); n > len(t.b) {
		t.b = append(t.b, make([]byte, n-len(t.b))...)
	}
	return copy(t.b[off:], p), nil
}

// Sync implements client.GetTarget.
func (t *target) Sync() error { return nil }

func (r *realClient) get(c *client.Client, id wire.FileID, patience time.Duration) {
	w := r.c.w
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var t target
	res, err := c.Get(ctx, id, &t, client.GetOptions{})
	r.enter("get ends")
	w.lock()
	defer w.unlock()
	w.trace.tell(w.now(), r.c.name, fmt.Sprintf("get: %v", err))
	if err != nil {
		w.effect("get failed")
		return
	}
	w.effect("get")
	sum := sha256.Sum256(t.b)
	if !bytes.Equal(sum[:], res.File.SHA256) || !bytes.Equal(t.b, content(w.seed, res.File.Name, len(t.b))) {
		w.fail("G5", "the file that was put", "%s got another one for %s", r.c.name, res.File.Name)
	}
}
