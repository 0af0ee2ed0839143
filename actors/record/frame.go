package record

import (
	"bufio"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
)

// The form of a file, of the roll and of the journal alike. It is appended to,
// and what a crash leaves of its end shows by itself.
//
//	header   "rollcall", 'R' or 'J', the version (1), two zeros, CRC-32C of all these (4 bytes)
//	records  length of kind and payload (4 bytes), CRC-32C of the length, the kind
//	         and the payload (4 bytes), kind (1 byte), payload (CBOR)
//
// Numbers are big endian. A torn record, zeros that a crash has put in place of
// data, and garbage are all the same: the end of what is trusted.
const (
	magic      = "rollcall"
	version    = 1
	headerSize = len(magic) + 8
	frameHead  = 8

	// maxFrame bounds kind and payload of one record, in bytes.
	maxFrame = 1 << 20
)

// The two kinds of files.
const (
	fileRoll    = 'R'
	fileJournal = 'J'
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// appendHeader appends the header of a file.
func appendHeader(dst []byte, file byte) []byte {
	at := len(dst)
	dst = append(dst, magic...)
	dst = append(dst, file, version, 0, 0, 0, 0, 0, 0)
	sumHeader(dst[at:])
	return dst
}

// sumHeader fills in the checksum of a header.
func sumHeader(b []byte) []byte {
	binary.BigEndian.PutUint32(b[headerSize-4:], crc32.Checksum(b[:headerSize-4], castagnoli))
	return b
}

// What checkHeader and the scanner say.
var (
	errNoHeader = errors.New("it does not begin as a file of ours")
	errVersion  = errors.New("it was written by another version")
	errFrame    = errors.New("a record is torn or garbled")
)

// checkHeader checks the first headerSize bytes of a file, or fewer if it is
// shorter.
func checkHeader(b []byte, file byte) error {
	if len(b) < headerSize || string(b[:len(magic)]) != magic || b[len(magic)] != file ||
		crc32.Checksum(b[:headerSize-4], castagnoli) != binary.BigEndian.Uint32(b[headerSize-4:]) {
		return errNoHeader
	}
	if b[len(magic)+1] != version {
		return errVersion
	}
	return nil
}

// appendFrame appends a record.
func appendFrame(dst []byte, kind byte, payload []byte) []byte {
	dst, at := beginFrame(dst, kind)
	return endFrame(append(dst, payload...), at)
}

// beginFrame leaves room for the head of a record, whose payload is appended
// next; endFrame fills it in.
func beginFrame(dst []byte, kind byte) ([]byte, int) {
	at := len(dst)
	return append(dst, 0, 0, 0, 0, 0, 0, 0, 0, kind), at
}

func endFrame(dst []byte, at int) []byte {
	binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-at-frameHead)) //nolint:gosec // the caller keeps to maxFrame
	binary.BigEndian.PutUint32(dst[at+4:], checksum(dst[at:at+4], dst[at+frameHead:]))
	return dst
}

func checksum(length, body []byte) uint32 {
	return crc32.Update(crc32.Update(0, castagnoli, length), castagnoli, body)
}

// cutFrame takes the first record off b. Not ok: there is none, or none that can
// be trusted.
func cutFrame(b []byte) (kind byte, payload, rest []byte, ok bool) {
	if len(b) < frameHead+1 {
		return 0, nil, b, false
	}
	n := binary.BigEndian.Uint32(b)
	if n < 1 || n > maxFrame || int(n) > len(b)-frameHead {
		return 0, nil, b, false
	}
	end := frameHead + int(n)
	if checksum(b[:4], b[frameHead:end]) != binary.BigEndian.Uint32(b[4:]) {
		return 0, nil, b, false
	}
	return b[frameHead], b[frameHead+1 : end], b[end:], true
}

// scanner reads a file record by record, in the memory of one.
type scanner struct {
	r     *bufio.Reader
	buf   []byte
	valid int64 // bytes up to the end of the last record that was read
}

// newScanner reads the header too.
func newScanner(r io.Reader, file byte) (*scanner, error) {
	s := &scanner{r: bufio.NewReaderSize(r, 64<<10)}
	head := make([]byte, headerSize)
	switch _, err := io.ReadFull(s.r, head); {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, errNoHeader
	case err != nil:
		return nil, err
	}
	if err := checkHeader(head, file); err != nil {
		return nil, err
	}
	s.valid = int64(headerSize)
	return s, nil
}

// next gives the next record; its payload is good until the next call. io.EOF
// after the last one, errFrame for what is not a record, and else the disk's
// error.
func (s *scanner) next() (kind byte, payload []byte, err error) {
	var head [frameHead]byte
	if n, err := io.ReadFull(s.r, head[:]); err != nil {
		if n > 0 && errors.Is(err, io.ErrUnexpectedEOF) {
			err = errFrame
		}
		return 0, nil, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n < 1 || n > maxFrame {
		return 0, nil, errFrame
	}
	if int(n) > cap(s.buf) {
		s.buf = make([]byte, n)
	}
	s.buf = s.buf[:n]
	if _, err := io.ReadFull(s.r, s.buf); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = errFrame
		}
		return 0, nil, err
	}
	if checksum(head[:4], s.buf) != binary.BigEndian.Uint32(head[4:]) {
		return 0, nil, errFrame
	}
	s.valid += frameHead + int64(n)
	return s.buf[0], s.buf[1:], nil
}
