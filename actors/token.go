package actors

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
)

// token makes the resume token of a session: its number, and a proof that this
// server gave it to this user.
func (s *System) token(user string, session uint64) []byte {
	t := binary.BigEndian.AppendUint64(nil, session)
	return append(t, s.proof(user, session)...)
}

// tokenSession returns the session that a token proves, or zero.
func (s *System) tokenSession(user string, token []byte) uint64 {
	if len(token) != 8+tokenProof {
		return 0
	}
	session := binary.BigEndian.Uint64(token)
	if !hmac.Equal(token[8:], s.proof(user, session)) {
		return 0
	}
	return session
}

const tokenProof = 16

func (s *System) proof(user string, session uint64) []byte {
	m, ok := s.proofs.Get().(hash.Hash)
	if !ok {
		m = hmac.New(sha256.New, s.set.TokenKey)
	}
	defer s.proofs.Put(m)
	m.Reset()
	said := make([]byte, 0, 16+maxProvenInPlace)
	said = binary.BigEndian.AppendUint64(said, s.set.Epoch)
	said = binary.BigEndian.AppendUint64(said, session)
	m.Write(append(said, user...))
	return m.Sum(nil)[:tokenProof]
}

// maxProvenInPlace is up to which length a user's name needs no memory beside the
// stack's for its proof.
const maxProvenInPlace = 64
