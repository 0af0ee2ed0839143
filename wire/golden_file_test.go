package wire

import (
	"bytes"
	"math"
	"strings"
)

func testID() FileID { return FileID{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255} }

// testHash is the SHA-256 of "hello".
func testHash() []byte {
	return []byte{
		0x2c, 0xf2, 0x4d, 0xba, 0x5f, 0xb0, 0xa3, 0x0e, 0x26, 0xe8, 0x3b, 0x2a, 0xc5, 0xb9, 0xe2, 0x9e,
		0x1b, 0x16, 0x1e, 0x5c, 0x1f, 0xa7, 0x42, 0x5e, 0x73, 0x04, 0x33, 0x62, 0x93, 0x8b, 0x98, 0x24,
	}
}

// smallFile is a description with the required fields alone.
func smallFile() File { return File{Owner: "a", Name: "n", SHA256: testHash()} }

func fullFile() File {
	return File{
		ID: testID(), Owner: "alice", Name: "notes.txt", Size: 5, Media: "text/plain", SHA256: testHash(),
		To: []string{"bob", "carol"}, Everyone: true,
		Created: 1764000000000, Stored: 1764000000500, Expires: 1766592000500,
	}
}

func storedFile() File {
	f := smallFile()
	f.ID = testID()
	return f
}

// The golden messages of files; the last of each has every field.
var (
	goodPuts = []goodCase{
		{"minimal", &Put{Request: 1, Name: "n", SHA256: testHash(), To: []string{"a"}}},
		{"a name that would be a path", &Put{Request: 1, Name: "../../etc/passwd", SHA256: testHash(), Everyone: true}},
		{"relay", &Put{Request: 1, Name: "n", Size: 5, SHA256: testHash(), To: []string{"bob"}, Relay: true}},
		{"largest", &Put{
			Request: math.MaxUint64, Name: strings.Repeat("é", 127) + "n", Size: math.MaxInt64,
			Media: strings.Repeat("m", MaxMedia), SHA256: bytes.Repeat([]byte{0xff}, 32), To: []string{strings.Repeat("u", MaxUser)},
		}},
		// There is no message with all fields: a relay is not for everyone.
		{"full", &Put{
			Request: 12, Name: "notes.txt", Size: 5, Media: "text/plain", SHA256: testHash(),
			To: []string{"bob", "carol"}, Everyone: true,
		}},
	}
	goodPutOKs = []goodCase{
		{"minimal", &PutOK{Request: 1, Transfer: 1, Chunk: 1}},
		{"nothing is wanted", &PutOK{Request: 1, Transfer: 1, Offset: 5, Limit: 5, Chunk: 65472}},
		{"largest", &PutOK{
			Request: math.MaxUint64, Transfer: math.MaxUint64, Offset: math.MaxInt64, Limit: math.MaxInt64, Chunk: MaxMaxFrame,
		}},
		{"full", &PutOK{Request: 12, Transfer: 7, Offset: 2, Limit: 1048576, Chunk: 65472}},
	}
	goodGets = []goodCase{
		{"minimal", &Get{Request: 1, File: testID()}},
		{"full", &Get{Request: 13, File: testID(), Offset: 2, Limit: 1048576}},
	}
	goodGetOKs = []goodCase{
		{"minimal", &GetOK{Request: 1, Transfer: 1, File: storedFile()}},
		{"full", &GetOK{Request: 13, Transfer: 8, File: fullFile()}},
	}
	goodChunks = []goodCase{
		{"minimal", &Chunk{Transfer: 1, Data: []byte{0}}},
		{"at the end of the largest file", &Chunk{Transfer: 1, Offset: math.MaxInt64 - 1, Data: []byte{1}}},
		{"of 256 bytes", &Chunk{Transfer: 1, Offset: 65536, Data: bytes.Repeat([]byte{0xa0}, 256)}},
		{"full", &Chunk{Transfer: 7, Offset: 2, Data: []byte("llo")}},
	}
	goodCredits = []goodCase{
		{"minimal", &Credit{Transfer: 1}},
		{"full", &Credit{Transfer: 7, Offset: 5, Limit: 1048581}},
	}
	goodDones = []goodCase{
		{"minimal", &Done{Transfer: 1}},
		{"full", &Done{Transfer: 7, File: testID()}},
	}
	goodAborts = []goodCase{
		{"minimal", &Abort{Transfer: 1, Code: CodeCancelled}},
		{"a code of a later version", &Abort{Transfer: 1, Code: 255}},
		{"full", &Abort{Transfer: 7, Code: CodeChecksumMismatch, Text: "the disk of bob lies", By: "bob"}},
	}
	goodOffers = []goodCase{
		{"minimal", &Offer{Transfer: 1, File: smallFile()}},
		{"full", &Offer{Transfer: 9, File: fullFile()}},
	}
	goodAccepts = []goodCase{
		{"minimal", &Accept{Transfer: 1}},
		{"full", &Accept{Transfer: 9, Offset: 2, Limit: 1048576}},
	}
	goodFileNotices = []goodCase{
		{"minimal", &FileNotice{Event: FileOffered, File: smallFile()}},
		{"an event of a later version", &FileNotice{Event: 255, File: smallFile()}},
		{"full", &FileNotice{Event: FileAborted, File: fullFile(), Code: CodeSizeMismatch, By: "alice", At: 1764000000600}},
	}
	goodFiles = []goodCase{
		{"minimal", &Files{Request: 1}},
		{"full", &Files{Request: 14, Cursor: "1764000000500-07", Limit: 100}},
	}
	goodFileLists = []goodCase{
		{"minimal", &FileList{Request: 1}},
		{"two files of one name", &FileList{Request: 1, Files: []File{storedFile(), storedFile()}}},
		{"full", &FileList{Request: 14, Files: []File{fullFile()}, Next: "1764000000500-07"}},
	}
	goodRemoves = []goodCase{
		{"minimal", &Remove{Request: 1, File: testID()}},
		{"full", &Remove{Request: math.MaxUint64, File: testID()}},
	}
)
