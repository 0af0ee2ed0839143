package client

// laneDepth is how many chunks of one transfer wait for their turn, or are being
// written: enough to read the file and write to the network side by side. Each
// has a buffer of the size of a chunk, so a put takes at most four times
// maxChunk of memory.
const laneDepth = 4

// maxChunk bounds the data of a chunk, whatever the server would take: a
// heartbeat waits behind one of them at most (N21).
const maxChunk = 64 << 10

// parcel is a chunk's frame.
type parcel struct {
	frame []byte
	data  int // how many of its bytes are the file's
}

// lane is one transfer's way out of a connection, in the last rank of the
// outbox: its chunks go out when nothing else waits, and the lanes take turns.
type lane struct {
	wake chan struct{} // static; holds one token, tells that a buffer is free

	// Guarded by the outbox's mu.
	ready   []parcel // at most laneDepth
	free    [][]byte
	buffers int   // there are, free or not
	sent    int64 // bytes of the file that were given to the transport
	retired bool
}

func newLane(wake chan struct{}) *lane { return &lane{wake: wake} }

// buffer returns a buffer for the next chunk, of at least size bytes if it is a
// new one, and nil while all of them are in use.
func (o *outbox) buffer(l *lane, size int) []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	if n := len(l.free); n > 0 {
		b := l.free[n-1]
		l.free = l.free[:n-1]
		return b[:0]
	}
	if l.buffers == laneDepth {
		return nil
	}
	l.buffers++
	return make([]byte, 0, size)
}

// chunk queues a chunk in a buffer of the lane's.
func (o *outbox) chunk(l *lane, p parcel) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed || l.retired {
		return
	}
	l.ready = append(l.ready, p)
	if len(l.ready) == 1 {
		o.bulk = append(o.bulk, l)
	}
	o.signal()
}

// takeChunk returns the chunk whose turn it is, nil if none waits. It is for
// when take had nothing.
func (o *outbox) takeChunk() (*lane, parcel) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.bulk) == 0 || o.closed {
		return nil, parcel{}
	}
	l := o.bulk[0]
	o.bulk = append(o.bulk[:0], o.bulk[1:]...)
	p := l.ready[0]
	l.ready = append(l.ready[:0], l.ready[1:]...)
	l.sent += int64(p.data)
	if len(l.ready) > 0 {
		o.bulk = append(o.bulk, l)
	}
	return l, p
}

// wrote gives the buffer of a chunk back that has been written.
func (o *outbox) wrote(l *lane, p parcel) {
	o.mu.Lock()
	defer o.mu.Unlock()
	l.free = append(l.free, p.frame)
	wake(l.wake)
}

// retire takes what waits in the lane back, and returns how many bytes of the
// file were given to the transport, which may be writing the last of them.
func (o *outbox) retire(l *lane) int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	l.retired = true
	l.ready, l.free = nil, nil
	for i, other := range o.bulk {
		if other == l {
			o.bulk = append(o.bulk[:i], o.bulk[i+1:]...)
			break
		}
	}
	return l.sent
}

// wake puts the token into a channel that holds one.
func wake(token chan struct{}) {
	select {
	case token <- struct{}{}:
	default:
	}
}
