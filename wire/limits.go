package wire

// Version is the only protocol version there is so far.
const Version = 1

// HeaderSize is the length of a frame's header in bytes: four for the length of
// what follows them, one for the message type.
const HeaderSize = 5

// Limits of a frame. The length field counts the type byte and the body.
const (
	// MaxHelloFrame bounds a frame before the handshake is finished. A hello
	// with every field at its limit fits.
	MaxHelloFrame = 4 << 10
	// DefaultMaxFrame bounds a frame after the handshake unless the server
	// announces another bound in its welcome.
	DefaultMaxFrame = 64 << 10
	// MinMaxFrame and MaxMaxFrame are the least and the greatest bound that a
	// server may announce.
	MinMaxFrame = 4 << 10
	MaxMaxFrame = 1 << 20
)

// MaxOverhead is how much longer than its body the frame of an application
// message can be at most: a send whose body has MaxOverhead bytes less than the
// frame limit fits, and so does the deliver that it becomes.
const MaxOverhead = 512

// MaxChunkOverhead is how much longer than its data the frame of a chunk can be
// at most, with room for fields of later versions: data of MaxChunkOverhead
// bytes less than the frame limit fits.
const MaxChunkOverhead = 64

// MaxMillis bounds every length of time on the wire, in milliseconds (49 days):
// whoever turns it into nanoseconds in 64 bits does not overflow.
const MaxMillis = 1<<32 - 1

// Limits of fields, in bytes of UTF-8 for text and in elements for arrays.
const (
	MaxIdentifier = 128
	MaxUser       = 128
	MaxName       = 64
	MaxNode       = 64
	MaxKind       = 64
	MaxText       = 1 << 10
	MaxCredential = 2 << 10
	MaxToken      = 64
	// MaxWatchNames bounds the users of one watch or unwatch message; a client
	// that wants more sends more messages.
	MaxWatchNames = 512
	// MaxEntries bounds the entries of one snapshot part and the changes of one
	// delta; a server with more to say sends more frames.
	MaxEntries = 1024
)

// Limits of CBOR itself, checked over the whole body before any of it is
// decoded. Nesting counts the body's own map as the first level.
const (
	MaxNesting   = 4
	MaxArray     = MaxEntries
	MaxMapFields = 64
)

// Sizes of the byte strings that name a file and its content.
const (
	FileIDSize = 16
	HashSize   = 32 // of SHA-256
)

// Limits of files. A file's name is data and never a path: slashes and dots in
// it mean nothing here (N26).
const (
	// MaxFileSize bounds sizes, offsets and limits of files, in bytes: each fits
	// a signed number of 64 bits, and so does the sum of an offset and a chunk.
	MaxFileSize = 1<<63 - 1
	MaxFileName = 255
	MaxMedia    = 127
	MaxCursor   = 128
	// MaxRecipients bounds the users that one file is for by name.
	MaxRecipients = 512
	// MaxFiles bounds the files of one page of the list.
	MaxFiles = 256
)
