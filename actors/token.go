package actors

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
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
	m := hmac.New(sha256.New, s.set.TokenKey)
	m.Write(binary.BigEndian.AppendUint64(nil, s.set.Epoch))
	m.Write(binary.BigEndian.AppendUint64(nil, session))
	m.Write([]byte(user))
	return m.Sum(nil)[:tokenProof]
}
