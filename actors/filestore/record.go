package filestore

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/fxamacker/cbor/v2"
)

// A record is what the metadata and the notices are made of: a piece that is
// there as it was written or not at all.
//
//	length of kind and body  4 bytes, big endian
//	CRC-32C of all but this  4 bytes, big endian
//	kind                     1 byte
//	body                     CBOR
//
// A torn record, zeros that a crash has put in place of data, and the end of the
// file are all the same: no record.
const (
	recordHead = 8
	maxRecord  = 32 << 10 // of kind and body; the largest Meta has 17 KiB
)

// Kinds of records. A number is never used again for another meaning.
const (
	kindMeta       = 1
	kindCheckpoint = 2
	kindCommit     = 3
	kindUser       = 4
	kindNotice     = 5
	kindDropped    = 6
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// encoder writes CBOR in its deterministic form (RFC 8949, 4.2).
var encoder = func() cbor.EncMode {
	m, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		panic(err) // the options are constant
	}
	return m
}()

// decoder is strict: what it does not know is damage, since VERSION says which
// keys there are.
var decoder = func() cbor.DecMode {
	m, err := cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
		UTF8:              cbor.UTF8RejectInvalid,
		MaxNestedLevels:   4,
		MaxArrayElements:  MaxRecipients,
		MaxMapPairs:       16,
	}.DecMode()
	if err != nil {
		panic(err) // the options are constant
	}
	return m
}()

// appendRecord appends the record of a value. It panics when the value cannot
// be encoded, which no value of this package can cause.
func appendRecord(dst []byte, kind byte, value any) []byte {
	body, err := encoder.Marshal(value)
	if err != nil {
		panic(err)
	}
	return appendFrame(dst, kind, body)
}

// appendFrame appends the record of a body.
func appendFrame(dst []byte, kind byte, body []byte) []byte {
	at := len(dst)
	dst = append(dst, make([]byte, recordHead)...)
	dst = append(append(dst, kind), body...)
	binary.BigEndian.PutUint32(dst[at:], uint32(len(body)+1))
	binary.BigEndian.PutUint32(dst[at+4:], checksum(dst[at:]))
	return dst
}

// checksum covers the length, the kind and the body of a record.
func checksum(record []byte) uint32 {
	sum := crc32.Update(0, castagnoli, record[:4])
	return crc32.Update(sum, castagnoli, record[recordHead:])
}

// cutRecord takes the first record off b. Not ok: there is none.
func cutRecord(b []byte) (kind byte, body, rest []byte, ok bool) {
	if len(b) < recordHead+1 {
		return 0, nil, b, false
	}
	n := binary.BigEndian.Uint32(b)
	if n < 1 || n > maxRecord || int(n) > len(b)-recordHead {
		return 0, nil, b, false
	}
	end := recordHead + int(n)
	if checksum(b[:end]) != binary.BigEndian.Uint32(b[4:]) {
		return 0, nil, b, false
	}
	return b[recordHead], b[recordHead+1 : end], b[end:], true
}
