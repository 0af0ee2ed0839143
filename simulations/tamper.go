package simulations

import "example.com/rollcall/wire"

// Tampering: data of files changes on the way, and every frame is whole. Nothing
// but the checksum of the file can tell.

func init() {
	// The next N chunks of a real client's get a wrong byte, in each direction.
	realOps["tamper"] = func(r *realClient, op *Op) {
		for _, k := range r.c.open() {
			if k.srv == nil {
				continue
			}
			r.c.w.injected(op, k)
			k.srv.tap.in.spoil += max(op.N, 1)
			k.srv.tap.out.spoil += max(op.N, 1)
		}
	}
}

// corrupt changes the last byte of a chunk, which is one of the file, if b ends
// with it.
func (s *scanner) corrupt(b []byte) {
	if s.spoil == 0 || len(b) == 0 || len(b) < s.left || wire.Type(s.head[4]) != wire.TypeChunk {
		return
	}
	s.spoil--
	s.spoiled++
	b[len(b)-1] ^= 0x55
}

// spoiled counts what was changed.
func (t *tap) spoiled(s *scanner) {
	for ; s.spoiled > 0; s.spoiled-- {
		t.link.w.effect("tampered")
	}
}
