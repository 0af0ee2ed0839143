package record

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// MaxName bounds a user's name on the roll, in bytes.
const MaxName = 1024

// partUsers is how many users go into one record of the roll. With names of
// MaxName bytes a part stays well below maxFrame.
const partUsers = 512

// rollPart is a record of the roll: a part of a batch. A batch counts when its
// last part is there. The first batch of a file is the whole state.
type rollPart struct {
	Epoch   uint64     `cbor:"1,keyasint"`
	At      int64      `cbor:"2,keyasint"`
	Version uint64     `cbor:"3,keyasint,omitempty"`
	Online  []RollUser `cbor:"4,keyasint,omitempty"`
	Offline []string   `cbor:"5,keyasint,omitempty"`
	Clean   bool       `cbor:"6,keyasint,omitempty"`
	More    bool       `cbor:"7,keyasint,omitempty"` // another part follows
	Number  int        `cbor:"8,keyasint,omitempty"` // of the part in its batch, from 0
}

// rollState is who is on the roll: a value, without the disk.
type rollState struct {
	epoch   uint64
	alive   int64
	version uint64
	clean   bool
	users   map[string]RollUser
	bytes   int64 // what the state takes in a file, about
}

func newRollState() *rollState { return &rollState{users: make(map[string]RollUser)} }

// userBytes is what a user takes in a file besides the name, about.
const userBytes = 32

// apply does a batch. With the first one of a new epoch the users of the epoch
// before are lost: they were last known alive when it was.
func (s *rollState) apply(b *Batch) {
	if b.Epoch != s.epoch {
		s.lose()
	}
	s.epoch, s.alive, s.version, s.clean = b.Epoch, b.At, b.Version, b.Clean
	for _, u := range b.Online {
		if _, there := s.users[u.User]; !there {
			s.bytes += userBytes + int64(len(u.User))
		}
		s.users[u.User] = u
	}
	for _, user := range b.Offline {
		s.remove(user)
	}
}

func (s *rollState) remove(user string) {
	if _, there := s.users[user]; there {
		s.bytes -= userBytes + int64(len(user))
		delete(s.users, user)
	}
}

// forget removes a user who is not online. Errors: ErrOnline.
func (s *rollState) forget(user string) error {
	if u, there := s.users[user]; there && u.Lost == 0 {
		return ErrOnline
	}
	s.remove(user)
	return nil
}

// lose notes for all who are online when they were last known alive. Who was lost
// in an earlier life keeps the earlier time.
func (s *rollState) lose() {
	for name, u := range s.users {
		if u.Lost == 0 {
			u.Lost = s.alive
			s.users[name] = u
		}
	}
}

// list gives the users in the order of their names.
func (s *rollState) list() []RollUser {
	users := make([]RollUser, 0, len(s.users))
	for _, u := range s.users {
		users = append(users, u)
	}
	slices.SortFunc(users, func(a, b RollUser) int { return strings.Compare(a.User, b.User) })
	return users
}

// whole gives the state as the first batch of a file.
func (s *rollState) whole() *Batch {
	return &Batch{Epoch: s.epoch, At: s.alive, Version: s.version, Clean: s.clean, Online: s.list()}
}

// left gives what a life that ends here leaves: the users are lost from now on.
func (s *rollState) left(damage []string) Left {
	s.lose()
	return Left{Epoch: s.epoch, Alive: s.alive, Clean: s.clean, Users: s.list(), Damage: strings.Join(damage, "; ")}
}

// checkBatch refuses what a file could not hold.
func checkBatch(b *Batch) error {
	for _, u := range b.Online {
		if len(u.User) == 0 || len(u.User) > MaxName {
			return fmt.Errorf("%w: %d bytes", ErrUser, len(u.User))
		}
	}
	for _, user := range b.Offline {
		if len(user) > MaxName {
			return fmt.Errorf("%w: %d bytes", ErrUser, len(user))
		}
	}
	return nil
}

// encodeBatch appends a batch to buf, part by part.
func encodeBatch(buf *bytes.Buffer, b *Batch) error {
	online, offline := b.Online, b.Offline
	for number := 0; ; number++ {
		p := rollPart{Epoch: b.Epoch, At: b.At, Version: b.Version, Clean: b.Clean, Number: number}
		n := min(len(online), partUsers)
		p.Online, online = online[:n], online[n:]
		m := min(len(offline), partUsers-n)
		p.Offline, offline = offline[:m], offline[m:]
		p.More = len(online)+len(offline) > 0
		if err := encodeFrame(buf, kindRoll, &p); err != nil {
			return err
		}
		if !p.More {
			return nil
		}
	}
}

// encodeFrame appends the record of a value to buf.
func encodeFrame(buf *bytes.Buffer, kind byte, value any) error {
	at := buf.Len()
	buf.Write([]byte{0, 0, 0, 0, 0, 0, 0, 0, kind})
	if err := encoder.MarshalToBuffer(value, buf); err != nil {
		buf.Truncate(at)
		return fmt.Errorf("record: encode: %w", err)
	}
	if n := buf.Len() - at - frameHead; n > maxFrame {
		buf.Truncate(at)
		return fmt.Errorf("record: encode: %d bytes are more than a record may have", n)
	}
	endFrame(buf.Bytes(), at)
	return nil
}

// rollReader puts the parts of a file together.
type rollReader struct {
	state   *rollState
	batches int
	open    *Batch // whose last part has not come yet
	parts   int
}

// take takes a part; not ok: it does not follow the one before.
func (r *rollReader) take(payload []byte) bool {
	var p rollPart
	if decoder.Unmarshal(payload, &p) != nil || p.Number != r.parts {
		return false
	}
	if r.open == nil {
		r.open = &Batch{Epoch: p.Epoch, At: p.At, Version: p.Version, Clean: p.Clean}
	} else if r.open.Epoch != p.Epoch || r.open.At != p.At {
		return false
	}
	r.open.Online = append(r.open.Online, p.Online...)
	r.open.Offline = append(r.open.Offline, p.Offline...)
	r.parts++
	if p.More {
		return true
	}
	if checkBatch(r.open) != nil {
		return false
	}
	r.state.apply(r.open)
	r.open, r.parts = nil, 0
	r.batches++
	return true
}

// salvage takes what is there of the first batch, the whole state, when the rest
// of it is lost: each user in it was on the roll.
func (r *rollReader) salvage() {
	if r.batches == 0 && r.open != nil && checkBatch(r.open) == nil {
		r.open.Clean = false
		r.state.apply(r.open)
	}
}
