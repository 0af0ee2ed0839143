package wire

import (
	"bytes"
	"errors"
	"testing"
)

const (
	most     = 1<<63 - 1 // the largest size
	pastMost = 1 << 63
)

func validPut() *Put {
	return &Put{Request: 1, Name: "n", SHA256: testHash(), To: []string{"a"}}
}

func validPutOK() *PutOK { return &PutOK{Request: 1, Transfer: 1, Chunk: 1} }

func validGet() *Get { return &Get{Request: 1, File: testID()} }

// fileEdges are the limits of the description of a file, wherever it stands. An ID
// is always required where stored is set.
func fileEdges(stored bool, wrap func(File) Message) []edge {
	base := func(change func(*File)) Message {
		f := storedFile()
		change(&f)
		return wrap(f)
	}
	at := base(func(*File) {})
	atID := at
	if !stored {
		atID = base(func(f *File) { f.ID = nil })
	}
	all := []edge{
		{name: "id one longer", at: atID, past: base(func(f *File) { f.ID = make(FileID, 17) })},
		{name: "id one shorter", at: atID, past: base(func(f *File) { f.ID = make(FileID, 15) })},
		{name: "empty owner", at: at, past: base(func(f *File) { f.Owner = "" })},
		{
			name: "owner",
			at:   base(func(f *File) { f.Owner = long(128) }), past: base(func(f *File) { f.Owner = long(129) }),
		},
		{name: "empty name", at: at, past: base(func(f *File) { f.Name = "" })},
		{
			name: "name",
			at:   base(func(f *File) { f.Name = long(255) }), past: base(func(f *File) { f.Name = long(256) }),
		},
		{
			name: "name with a control character", // guards N26
			at:   base(func(f *File) { f.Name = "../a" }), past: base(func(f *File) { f.Name = "../a\x00" }),
		},
		{
			name: "size",
			at:   base(func(f *File) { f.Size = most }), past: base(func(f *File) { f.Size = pastMost }),
		},
		{
			name: "media",
			at:   base(func(f *File) { f.Media = long(127) }), past: base(func(f *File) { f.Media = long(128) }),
		},
		{name: "sha256 one shorter", at: at, past: base(func(f *File) { f.SHA256 = make([]byte, 31) })},
		{name: "sha256 one longer", at: at, past: base(func(f *File) { f.SHA256 = make([]byte, 33) })},
		{name: "no sha256", at: at, past: base(func(f *File) { f.SHA256 = nil })},
		{
			name: "to",
			at:   base(func(f *File) { f.To = names(512) }), past: base(func(f *File) { f.To = names(513) }),
		},
		{
			name: "user in to",
			at:   base(func(f *File) { f.To = []string{long(128)} }), past: base(func(f *File) { f.To = []string{long(129)} }),
		},
	}
	if stored {
		all = append(all, edge{name: "no id", at: at, past: base(func(f *File) { f.ID = nil })})
	}
	return all
}

var (
	putEdges = []edge{
		{name: "request", at: validPut(), past: with(validPut(), func(m *Put) { m.Request = 0 })},
		{name: "empty name", at: validPut(), past: with(validPut(), func(m *Put) { m.Name = "" })},
		{
			name: "name",
			at:   with(validPut(), func(m *Put) { m.Name = long(255) }),
			past: with(validPut(), func(m *Put) { m.Name = long(256) }),
		},
		{
			name: "name of 64 KiB",
			at:   with(validPut(), func(m *Put) { m.Name = long(255) }),
			past: with(validPut(), func(m *Put) { m.Name = long(64 << 10) }),
		},
		{
			name: "name with a control character", // guards N26
			at:   with(validPut(), func(m *Put) { m.Name = "/etc/passwd" }),
			past: with(validPut(), func(m *Put) { m.Name = "/etc/passwd\x00" }),
		},
		{
			name: "size",
			at:   with(validPut(), func(m *Put) { m.Size = most }),
			past: with(validPut(), func(m *Put) { m.Size = pastMost }),
		},
		{
			name: "media",
			at:   with(validPut(), func(m *Put) { m.Media = long(127) }),
			past: with(validPut(), func(m *Put) { m.Media = long(128) }),
		},
		{
			name: "media with a control character",
			at:   with(validPut(), func(m *Put) { m.Media = "text/plain" }),
			past: with(validPut(), func(m *Put) { m.Media = "text/plain\r\n" }),
		},
		{name: "sha256 one shorter", at: validPut(), past: with(validPut(), func(m *Put) { m.SHA256 = make([]byte, 31) })},
		{name: "sha256 one longer", at: validPut(), past: with(validPut(), func(m *Put) { m.SHA256 = make([]byte, 33) })},
		{name: "no sha256", at: validPut(), past: with(validPut(), func(m *Put) { m.SHA256 = nil })},
		{
			name: "to",
			at:   with(validPut(), func(m *Put) { m.To = names(512) }),
			past: with(validPut(), func(m *Put) { m.To = names(513) }),
		},
		{
			name: "empty user in to",
			at:   validPut(), past: with(validPut(), func(m *Put) { m.To = []string{"a", ""} }),
		},
		{
			name: "user in to",
			at:   with(validPut(), func(m *Put) { m.To = []string{long(128)} }),
			past: with(validPut(), func(m *Put) { m.To = []string{long(129)} }),
		},
		{
			name: "for somebody",
			at:   with(validPut(), func(m *Put) { m.To, m.Everyone = nil, true }),
			past: with(validPut(), func(m *Put) { m.To = nil }),
		},
		{
			name: "relay to one user",
			at:   with(validPut(), func(m *Put) { m.Relay = true }),
			past: with(validPut(), func(m *Put) { m.Relay, m.To = true, []string{"a", "b"} }),
		},
		{
			name: "relay to nobody",
			at:   with(validPut(), func(m *Put) { m.Relay = true }),
			past: with(validPut(), func(m *Put) { m.Relay, m.To = true, nil }),
		},
		{
			name: "relay to everyone",
			at:   with(validPut(), func(m *Put) { m.Everyone = true }),
			past: with(validPut(), func(m *Put) { m.Relay, m.Everyone = true, true }),
		},
	}
	putOKEdges = []edge{
		{name: "request", at: validPutOK(), past: with(validPutOK(), func(m *PutOK) { m.Request = 0 })},
		{name: "transfer", at: validPutOK(), past: with(validPutOK(), func(m *PutOK) { m.Transfer = 0 })},
		{
			name: "offset",
			at:   with(validPutOK(), func(m *PutOK) { m.Offset, m.Limit = 5, 5 }),
			past: with(validPutOK(), func(m *PutOK) { m.Offset, m.Limit = 6, 5 }),
		},
		{
			name: "limit",
			at:   with(validPutOK(), func(m *PutOK) { m.Limit = most }),
			past: with(validPutOK(), func(m *PutOK) { m.Limit = pastMost }),
		},
		{name: "no chunk", at: validPutOK(), past: with(validPutOK(), func(m *PutOK) { m.Chunk = 0 })},
		{
			name: "chunk",
			at:   with(validPutOK(), func(m *PutOK) { m.Chunk = 1048576 }),
			past: with(validPutOK(), func(m *PutOK) { m.Chunk = 1048577 }),
		},
	}
	getEdges = []edge{
		{name: "request", at: validGet(), past: with(validGet(), func(m *Get) { m.Request = 0 })},
		{name: "file one shorter", at: validGet(), past: with(validGet(), func(m *Get) { m.File = make(FileID, 15) })},
		{name: "file one longer", at: validGet(), past: with(validGet(), func(m *Get) { m.File = make(FileID, 17) })},
		{name: "no file", at: validGet(), past: with(validGet(), func(m *Get) { m.File = nil })},
		{
			name: "offset",
			at:   with(validGet(), func(m *Get) { m.Offset, m.Limit = 5, 5 }),
			past: with(validGet(), func(m *Get) { m.Offset, m.Limit = 6, 5 }),
		},
		{
			name: "limit",
			at:   with(validGet(), func(m *Get) { m.Limit = most }),
			past: with(validGet(), func(m *Get) { m.Limit = pastMost }),
		},
	}
	getOKEdges = append([]edge{
		{name: "request", at: &GetOK{Request: 1, Transfer: 1, File: storedFile()}, past: &GetOK{Transfer: 1, File: storedFile()}},
		{name: "transfer", at: &GetOK{Request: 1, Transfer: 1, File: storedFile()}, past: &GetOK{Request: 1, File: storedFile()}},
	}, fileEdges(true, func(f File) Message { return &GetOK{Request: 1, Transfer: 1, File: f} })...)
	chunkEdges = []edge{
		{name: "transfer", at: &Chunk{Transfer: 1, Data: []byte("x")}, past: &Chunk{Data: []byte("x")}},
		{name: "no data", at: &Chunk{Transfer: 1, Data: []byte("x")}, past: &Chunk{Transfer: 1}},
		{
			name: "offset",
			at:   &Chunk{Transfer: 1, Offset: most - 3, Data: []byte("xyz")},
			past: &Chunk{Transfer: 1, Offset: most - 2, Data: []byte("xyz")},
		},
		{
			name: "offset that overflows",
			at:   &Chunk{Transfer: 1, Offset: most - 3, Data: []byte("xyz")},
			past: &Chunk{Transfer: 1, Offset: 1<<64 - 1, Data: []byte("xyz")},
		},
	}
	creditEdges = []edge{
		{name: "transfer", at: &Credit{Transfer: 1}, past: &Credit{}},
		{name: "offset", at: &Credit{Transfer: 1, Offset: 5, Limit: 5}, past: &Credit{Transfer: 1, Offset: 6, Limit: 5}},
		{name: "limit", at: &Credit{Transfer: 1, Limit: most}, past: &Credit{Transfer: 1, Limit: pastMost}},
	}
	doneEdges = []edge{
		{name: "transfer", at: &Done{Transfer: 1}, past: &Done{}},
		{name: "file one shorter", at: &Done{Transfer: 1}, past: &Done{Transfer: 1, File: make(FileID, 15)}},
		{name: "file one longer", at: &Done{Transfer: 1, File: testID()}, past: &Done{Transfer: 1, File: make(FileID, 17)}},
	}
	abortEdges = []edge{
		{name: "transfer", at: &Abort{Transfer: 1, Code: 1}, past: &Abort{Code: 1}},
		{name: "code", at: &Abort{Transfer: 1, Code: 1}, past: &Abort{Transfer: 1}},
		{name: "text", at: &Abort{Transfer: 1, Code: 1, Text: long(1024)}, past: &Abort{Transfer: 1, Code: 1, Text: long(1025)}},
		{name: "by", at: &Abort{Transfer: 1, Code: 1, By: long(128)}, past: &Abort{Transfer: 1, Code: 1, By: long(129)}},
	}
	offerEdges = append([]edge{
		{name: "transfer", at: &Offer{Transfer: 1, File: smallFile()}, past: &Offer{File: smallFile()}},
	}, fileEdges(false, func(f File) Message { return &Offer{Transfer: 1, File: f} })...)
	acceptEdges = []edge{
		{name: "transfer", at: &Accept{Transfer: 1}, past: &Accept{}},
		{name: "offset", at: &Accept{Transfer: 1, Offset: 5, Limit: 5}, past: &Accept{Transfer: 1, Offset: 6, Limit: 5}},
		{name: "limit", at: &Accept{Transfer: 1, Limit: most}, past: &Accept{Transfer: 1, Limit: pastMost}},
	}
	fileNoticeEdges = append([]edge{
		{name: "event", at: &FileNotice{Event: 1, File: smallFile()}, past: &FileNotice{File: smallFile()}},
		{
			name: "by",
			at:   &FileNotice{Event: 1, File: smallFile(), By: long(128)},
			past: &FileNotice{Event: 1, File: smallFile(), By: long(129)},
		},
	}, fileEdges(false, func(f File) Message { return &FileNotice{Event: 1, File: f} })...)
	filesEdges = []edge{
		{name: "request", at: &Files{Request: 1}, past: &Files{}},
		{name: "cursor", at: &Files{Request: 1, Cursor: long(128)}, past: &Files{Request: 1, Cursor: long(129)}},
		{name: "limit", at: &Files{Request: 1, Limit: 256}, past: &Files{Request: 1, Limit: 257}},
	}
	fileListEdges = append([]edge{
		{name: "request", at: &FileList{Request: 1}, past: &FileList{}},
		{name: "next", at: &FileList{Request: 1, Next: long(128)}, past: &FileList{Request: 1, Next: long(129)}},
		{name: "files", at: &FileList{Request: 1, Files: manyFiles(256)}, past: &FileList{Request: 1, Files: manyFiles(257)}},
	}, fileEdges(true, func(f File) Message { return &FileList{Request: 1, Files: []File{storedFile(), f}} })...)
	removeEdges = []edge{
		{name: "request", at: &Remove{Request: 1, File: testID()}, past: &Remove{File: testID()}},
		{name: "file one shorter", at: &Remove{Request: 1, File: testID()}, past: &Remove{Request: 1, File: make(FileID, 15)}},
		{name: "file one longer", at: &Remove{Request: 1, File: testID()}, past: &Remove{Request: 1, File: make(FileID, 17)}},
		{name: "no file", at: &Remove{Request: 1, File: testID()}, past: &Remove{Request: 1}},
	}
)

func manyFiles(n int) []File {
	all := make([]File, n)
	for i := range all {
		all[i] = storedFile()
	}
	return all
}

// TestChunkOverhead holds MaxChunkOverhead against the longest frame around a
// chunk's data, with room for a field of a later version.
func TestChunkOverhead(t *testing.T) {
	for _, limit := range []int{MinMaxFrame, DefaultMaxFrame, MaxMaxFrame} {
		data := bytes.Repeat([]byte("d"), limit-MaxChunkOverhead)
		frame, err := Append(nil, &Chunk{Transfer: 1<<64 - 1, Offset: most - uint64(len(data)), Data: data})
		if err != nil {
			t.Fatal(err)
		}
		const later = 16 // bytes of a later field
		if length := len(frame) - 4; length+later > limit {
			t.Errorf("a length of %d does not leave %d of %d", length, later, limit)
		}
	}
	if _, err := Append(nil, &Chunk{Transfer: 1, Data: make([]byte, MaxMaxFrame)}); !errors.Is(err, ErrFrameTooLarge) {
		t.Errorf("data as long as the largest frame: %v", err)
	}
}

// TestLargestPut: a put with everything at its limit but the number of
// recipients fits the least frame limit, and so does its description with the
// text of an abort beside it.
func TestLargestPut(t *testing.T) {
	put := &Put{
		Request: 1<<64 - 1, Name: long(MaxFileName), Size: most, Media: long(MaxMedia), SHA256: testHash(),
		To: []string{long(MaxUser), long(MaxUser)}, Everyone: true,
	}
	file := File{
		ID: testID(), Owner: long(MaxUser), Name: put.Name, Size: most, Media: put.Media, SHA256: put.SHA256,
		To: put.To, Everyone: true, Created: -1 << 63, Stored: -1 << 63, Expires: -1 << 63,
	}
	for _, m := range []Message{put, &Offer{Transfer: 1<<64 - 1, File: file}, &FileNotice{Event: 7, File: file, Code: 255, By: long(MaxUser), At: -1 << 63}} {
		frame, err := Append(nil, m)
		if err != nil {
			t.Fatal(err)
		}
		if len(frame)-4 > MinMaxFrame {
			t.Errorf("%s: %d bytes", m.Type(), len(frame))
		}
	}
}
