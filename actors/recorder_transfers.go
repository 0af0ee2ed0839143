package actors

import "example.com/rollcall/actors/internal/transfer"

// tellInterrupted tells the program and the journal that a transfer has lost a
// side.
func (t *transferActor) tellInterrupted(by string) {
	if t.paused {
		return
	}
	t.paused = true
	e := FileInterrupted{Meta: t.meta, Kind: kindName(t.kind), User: t.user, By: by, At: t.sys.set.Wall()}
	switch {
	case t.owner != nil && (by == t.user || t.receiver == nil):
		e.Connection = t.owner.id
	case t.receiver != nil:
		e.Connection = t.receiver.id
	}
	if t.kind == transfer.Get {
		e.Done = t.out.SentTo()
	} else {
		e.Done = t.in.Came()
	}
	t.sys.emit(e)
}

// tellResumed tells that it goes on.
func (t *transferActor) tellResumed() {
	if !t.paused {
		return
	}
	t.paused = false
	t.sys.emit(FileResumed{
		Meta: t.meta, Kind: kindName(t.kind), User: t.user, Connection: t.owner.id,
		Done: t.in.Came(), At: t.sys.set.Wall(),
	})
}

func kindName(k transfer.Kind) string {
	switch k {
	case transfer.Get:
		return "get"
	case transfer.Relay:
		return "relay"
	default:
		return "put"
	}
}
