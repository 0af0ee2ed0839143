package client

// ring is the memory of a file that is being received: what has come and was not
// taken yet. A plain value of a fixed size; who puts more into it than fits has
// not kept to the window.
type ring struct {
	buf  []byte
	head int // of what waits
	n    int // how much waits
}

func newRing(size int) ring { return ring{buf: make([]byte, size)} }

// put adds b, which fits.
func (r *ring) put(b []byte) {
	tail := r.head + r.n
	if tail >= len(r.buf) {
		tail -= len(r.buf)
	}
	n := copy(r.buf[tail:], b)
	copy(r.buf, b[n:])
	r.n += len(b)
}

// peek returns the longest piece that lies together, at most most bytes. It
// stays where it is, and as it is, until it is dropped.
func (r *ring) peek(most int) []byte {
	n := min(r.n, len(r.buf)-r.head, most)
	return r.buf[r.head : r.head+n : r.head+n]
}

// drop takes the oldest n bytes out.
func (r *ring) drop(n int) {
	r.n -= n
	if r.head += n; r.head >= len(r.buf) {
		r.head -= len(r.buf)
	}
}
