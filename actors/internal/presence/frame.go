package presence

import "example.com/rollcall/wire"

// Frame is one message for one watcher or for many: a wire.Delta or one part of
// a wire.Snapshot.
//
// A frame belongs to the owner of its board until its first Encode has returned;
// from then on it never changes, and may be sent to other goroutines.
type Frame struct {
	msg   wire.Message
	bytes []byte
}

// Encode returns the whole frame, header and body. It is encoded at the first
// call and shared by all later ones: nobody may write to it. The error is that
// of wire.Append; frames of valid users within the limits never give one.
func (f *Frame) Encode() ([]byte, error) {
	if f.bytes != nil {
		return f.bytes, nil
	}
	b, err := wire.Append(make([]byte, 0, f.guess()), f.msg)
	if err != nil {
		return nil, err
	}
	f.bytes = b
	return b, nil
}

// guess returns about how many bytes the encoding takes, so that it is mostly
// made in one piece.
func (f *Frame) guess() int {
	size := frameSize
	switch m := f.msg.(type) {
	case *wire.Delta:
		for i := range m.Changes {
			size += changeSize + len(m.Changes[i].User)
		}
	case *wire.Snapshot:
		for i := range m.Online {
			size += onlineSize + len(m.Online[i].User)
		}
	}
	return size
}

// Message returns the delta or the snapshot part, not to be changed.
func (f *Frame) Message() wire.Message { return f.msg }

// Delta returns the delta, not to be changed, or nil if the frame is part of a
// snapshot. It is what [Collapsed.Merge] takes.
func (f *Frame) Delta() *wire.Delta {
	d, _ := f.msg.(*wire.Delta)
	return d
}

// Snapshot returns the part of a snapshot, not to be changed, or nil if the
// frame is a delta.
func (f *Frame) Snapshot() *wire.Snapshot {
	s, _ := f.msg.(*wire.Snapshot)
	return s
}
