package wire

import "encoding/hex"

// Messages of file transfers, as PROTOCOL.md tells in "Files". A transfer is one
// file on its way over one connection, in one direction; the server numbers it.

// FileID names a file in the server's store: [FileIDSize] bytes, chosen by the
// server. A file that is not stored may have none.
type FileID []byte

// String returns the ID in hex.
func (id FileID) String() string { return hex.EncodeToString(id) }

// File describes a file. Times are in Unix milliseconds: of the offer, of being
// durable in the store (zero: it is not), and of its removal (zero: it is kept).
type File struct {
	ID       FileID   `cbor:"1,keyasint,omitempty"`
	Owner    string   `cbor:"2,keyasint"`
	Name     string   `cbor:"3,keyasint"`
	Size     uint64   `cbor:"4,keyasint,omitempty"`
	Media    string   `cbor:"5,keyasint,omitempty"`
	SHA256   []byte   `cbor:"6,keyasint"`
	To       []string `cbor:"7,keyasint,omitempty"`
	Everyone bool     `cbor:"8,keyasint,omitempty"`
	Created  int64    `cbor:"9,keyasint,omitempty"`
	Stored   int64    `cbor:"10,keyasint,omitempty"`
	Expires  int64    `cbor:"11,keyasint,omitempty"`
}

// Put offers a file: to the store, for the users in To or for everyone; or, with
// Relay, to the one user in To who is online. It is answered by PutOK or Error.
// The same put again, by the same user, goes on with the interrupted one.
type Put struct {
	Request  uint64   `cbor:"1,keyasint"`
	Name     string   `cbor:"2,keyasint"`
	Size     uint64   `cbor:"3,keyasint,omitempty"`
	Media    string   `cbor:"4,keyasint,omitempty"`
	SHA256   []byte   `cbor:"5,keyasint"`
	To       []string `cbor:"6,keyasint,omitempty"`
	Everyone bool     `cbor:"7,keyasint,omitempty"`
	Relay    bool     `cbor:"8,keyasint,omitempty"`
}

// Type returns [TypePut].
func (*Put) Type() Type { return TypePut }

// PutOK answers a put: send chunks from Offset on, up to Limit, each with at
// most Chunk bytes of data. In a relay Limit is Offset: the first Credit tells
// from where, once the recipient has accepted.
type PutOK struct {
	Request  uint64 `cbor:"1,keyasint"`
	Transfer uint64 `cbor:"2,keyasint"`
	Offset   uint64 `cbor:"3,keyasint,omitempty"`
	Limit    uint64 `cbor:"4,keyasint,omitempty"`
	Chunk    uint64 `cbor:"5,keyasint"`
}

// Type returns [TypePutOK].
func (*PutOK) Type() Type { return TypePutOK }

// Get asks for a stored file from Offset on; the server may send up to Limit.
// It is answered by GetOK or Error.
type Get struct {
	Request uint64 `cbor:"1,keyasint"`
	File    FileID `cbor:"2,keyasint"`
	Offset  uint64 `cbor:"3,keyasint,omitempty"`
	Limit   uint64 `cbor:"4,keyasint,omitempty"`
}

// Type returns [TypeGet].
func (*Get) Type() Type { return TypeGet }

// GetOK answers a get: chunks follow from the get's offset on.
type GetOK struct {
	Request  uint64 `cbor:"1,keyasint"`
	Transfer uint64 `cbor:"2,keyasint"`
	File     File   `cbor:"3,keyasint"`
}

// Type returns [TypeGetOK].
func (*GetOK) Type() Type { return TypeGetOK }

// Chunk carries a part of a file. Chunks of a transfer come in order, each where
// the one before ended. [AppendChunkHead] and [DecodeChunk] are the ways without
// a copy of the data.
type Chunk struct {
	Transfer uint64 `cbor:"1,keyasint"`
	Offset   uint64 `cbor:"2,keyasint,omitempty"`
	Data     []byte `cbor:"3,keyasint"`
}

// Type returns [TypeChunk].
func (*Chunk) Type() Type { return TypeChunk }

// Credit comes from the receiving side: it has taken the file up to Offset, and
// the other side may send up to Limit.
type Credit struct {
	Transfer uint64 `cbor:"1,keyasint"`
	Offset   uint64 `cbor:"2,keyasint,omitempty"`
	Limit    uint64 `cbor:"3,keyasint,omitempty"`
}

// Type returns [TypeCredit].
func (*Credit) Type() Type { return TypeCredit }

// Done comes from the receiving side: the file is whole, its hash was right, and
// it is durable. File is given by the server for a file that it has stored.
type Done struct {
	Transfer uint64 `cbor:"1,keyasint"`
	File     FileID `cbor:"2,keyasint,omitempty"`
}

// Type returns [TypeDone].
func (*Done) Type() Type { return TypeDone }

// Abort ends a transfer, from either side. By names who caused it, where that is
// a user. [CodeInterrupted] alone leaves the way open to go on.
type Abort struct {
	Transfer uint64 `cbor:"1,keyasint"`
	Code     Code   `cbor:"2,keyasint"`
	Text     string `cbor:"3,keyasint,omitempty"`
	By       string `cbor:"4,keyasint,omitempty"`
}

// Type returns [TypeAbort].
func (*Abort) Type() Type { return TypeAbort }

// Offer tells every session of a user that another user wants to send it a
// file directly. It is answered by Accept or Abort; the first session that
// accepts gets the file, the others an Abort.
type Offer struct {
	Transfer uint64 `cbor:"1,keyasint"`
	File     File   `cbor:"2,keyasint"`
}

// Type returns [TypeOffer].
func (*Offer) Type() Type { return TypeOffer }

// Accept takes an offer: the sender may send from Offset, up to Limit.
type Accept struct {
	Transfer uint64 `cbor:"1,keyasint"`
	Offset   uint64 `cbor:"2,keyasint,omitempty"`
	Limit    uint64 `cbor:"3,keyasint"`
}

// Type returns [TypeAccept].
func (*Accept) Type() Type { return TypeAccept }

// FileNotice tells a recipient of a file's fate, at once or when it logs in.
// Code and By are given for files that were aborted or interrupted. At is in
// Unix milliseconds.
type FileNotice struct {
	Event FileEvent `cbor:"1,keyasint"`
	File  File      `cbor:"2,keyasint"`
	Code  Code      `cbor:"3,keyasint,omitempty"`
	By    string    `cbor:"4,keyasint,omitempty"`
	At    int64     `cbor:"5,keyasint,omitempty"`
}

// Type returns [TypeFileNotice].
func (*FileNotice) Type() Type { return TypeFileNotice }

// Files asks for a page of the stored files that this user may see, of at most
// Limit files (zero: as the server likes). Cursor is the Next of the page before.
// It is answered by FileList or Error.
type Files struct {
	Request uint64 `cbor:"1,keyasint"`
	Cursor  string `cbor:"2,keyasint,omitempty"`
	Limit   uint64 `cbor:"3,keyasint,omitempty"`
}

// Type returns [TypeFiles].
func (*Files) Type() Type { return TypeFiles }

// FileList answers Files. Next is empty on the last page.
type FileList struct {
	Request uint64 `cbor:"1,keyasint"`
	Files   []File `cbor:"2,keyasint,omitempty"`
	Next    string `cbor:"3,keyasint,omitempty"`
}

// Type returns [TypeFileList].
func (*FileList) Type() Type { return TypeFileList }

// Remove takes a file of this user out of the store. It is answered by OK or
// Error.
type Remove struct {
	Request uint64 `cbor:"1,keyasint"`
	File    FileID `cbor:"2,keyasint"`
}

// Type returns [TypeRemove].
func (*Remove) Type() Type { return TypeRemove }
