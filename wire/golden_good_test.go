package wire

import (
	"math"
	"strings"
)

type goodCase struct {
	name    string
	message Message
}

// goodCases are the golden messages of each type: the last of each has every
// field.
var goodCases = map[Type][]goodCase{
	TypeHello: {
		{"minimal", &Hello{MinVersion: 1, MaxVersion: 1, Identifier: "i"}},
		{"largest", &Hello{
			MinVersion: 1, MaxVersion: math.MaxUint64, Identifier: strings.Repeat("i", MaxIdentifier),
			Client: strings.Repeat("c", MaxName), Release: strings.Repeat("r", MaxName),
			Interval: MaxMillis, Timeout: MaxMillis, Features: math.MaxUint64,
		}},
		{"full", &Hello{
			MinVersion: 1, MaxVersion: 2, Identifier: "laptop-7", Client: "example", Release: "1.2.3",
			Interval: 15000, Timeout: 30000, Features: FeatureFileNotices | FeatureOffers,
		}},
	},
	TypeWelcome: {
		{"minimal", &Welcome{Version: 1, Epoch: 1, Interval: 1, Timeout: 1, MaxFrame: MinMaxFrame}},
		{"time before 1970", &Welcome{
			Version: 1, Connection: 1, Epoch: 1, Interval: 1, Timeout: 2, MaxFrame: MaxMaxFrame, Time: math.MinInt64,
		}},
		{"full", &Welcome{
			Version: 1, Node: "node-a", Connection: 99, Epoch: 7, Interval: 15000, Timeout: 30000,
			MaxFrame: DefaultMaxFrame, Features: FeatureFileNotices | FeatureOffers, Server: "rollcall 1.0", Time: 1764000000000,
		}},
	},
	TypeLogin: {
		{"minimal", &Login{Request: 1, User: "a"}},
		{"not in ASCII", &Login{Request: 1, User: "Zoë 🐢"}},
		{"full", &Login{Request: 2, User: "alice", Credential: []byte("secret"), Token: []byte{0, 1, 254, 255}}},
	},
	TypeLoginOK: {
		{"minimal", &LoginOK{Request: 1, User: "a"}},
		{"full", &LoginOK{Request: 2, User: "alice", Session: 5, Token: []byte{0, 1, 254, 255}, Grace: 5000, Resumed: true}},
	},
	TypeLogout: {
		{"minimal", &Logout{Request: 1}},
		{"full", &Logout{Request: math.MaxUint64}},
	},
	TypeOK: {
		{"minimal", &OK{Request: 1}},
		{"full", &OK{Request: math.MaxUint64}},
	},
	TypePing: {
		{"minimal", &Ping{}},
		{"full", &Ping{Time: 1234567890123}},
	},
	TypePong: {
		{"minimal", &Pong{}},
		{"full", &Pong{Echo: 1234567890123, Time: 24}},
	},
	TypeWatch: {
		{"minimal", &Watch{Request: 1}},
		{"everyone", &Watch{Request: 1, Everyone: true}},
		{"everyone again", &Watch{Request: 1, Everyone: true, Epoch: 7, Version: 256}},
		{"full", &Watch{Request: 3, Everyone: true, Users: []string{"bob", "carol"}, Epoch: 7, Version: 41}},
	},
	TypeUnwatch: {
		{"minimal", &Unwatch{Request: 1}},
		{"full", &Unwatch{Request: 4, Users: []string{"bob"}}},
	},
	TypeSnapshot: {
		{"minimal", &Snapshot{Epoch: 1}},
		{"nobody", &Snapshot{Epoch: 7, Version: 41}},
		{"full", &Snapshot{
			Epoch: 7, Version: 41, Part: 1, More: true,
			Online: []Online{{User: "alice", Since: 1764000000000}, {User: "bob"}},
		}},
	},
	TypeDelta: {
		{"minimal", &Delta{Epoch: 1}},
		{"nothing that is watched", &Delta{Epoch: 7, From: 41, To: 44}},
		{"a reason of a later version", &Delta{Epoch: 7, From: 1, To: 2, Changes: []Change{{Version: 2, User: "bob", Reason: 255}}}},
		{"full", &Delta{Epoch: 7, From: 41, To: 45, Changes: []Change{
			{Version: 42, User: "bob", Online: true, At: 1764000000500},
			{Version: 44, User: "alice", Reason: ReasonHeartbeatTimeout, At: 1764000001000},
		}}},
	},
	TypeSend: {
		{"minimal", &Send{ID: 1, To: "a"}},
		{"full", &Send{ID: 10, To: "bob", Body: []byte("hi"), Kind: "chat", NoAck: true}},
	},
	TypeDeliver: {
		{"minimal", &Deliver{ID: 1, From: "a"}},
		{"full", &Deliver{ID: 10, From: "alice", Body: []byte("hi"), Kind: "chat", Connection: 99, At: 1764000000700}},
	},
	TypeAck: {
		{"minimal", &Ack{ID: 1}},
		{"full", &Ack{ID: 10, Sessions: 2}},
	},
	TypeApp: {
		{"minimal", &App{Kind: "k"}},
		{"full", &App{Kind: "metrics", Body: []byte{0xa0, 0xff}}},
	},
	TypeRequest: {
		{"minimal", &Request{Request: 1, Kind: "k"}},
		{"full", &Request{Request: 11, Kind: "time", Body: []byte("utc")}},
	},
	TypeResponse: {
		{"minimal", &Response{Request: 1}},
		{"full", &Response{Request: 11, Body: []byte("12:00")}},
	},
	TypeError: {
		{"minimal", &Error{Code: CodeInternal}},
		{"a code of a later version", &Error{Request: 1, Code: 255}},
		{"full", &Error{Request: 11, Code: CodeUnknownKind, Text: "no handler for “time”"}},
	},
	TypePut:        goodPuts,
	TypePutOK:      goodPutOKs,
	TypeGet:        goodGets,
	TypeGetOK:      goodGetOKs,
	TypeChunk:      goodChunks,
	TypeCredit:     goodCredits,
	TypeDone:       goodDones,
	TypeAbort:      goodAborts,
	TypeOffer:      goodOffers,
	TypeAccept:     goodAccepts,
	TypeFileNotice: goodFileNotices,
	TypeFiles:      goodFiles,
	TypeFileList:   goodFileLists,
	TypeRemove:     goodRemoves,
	TypeBye: {
		{"minimal", &Bye{Reason: ReasonBye}},
		{"a reason of a later version", &Bye{Reason: 255}},
		{"full", &Bye{Reason: ReasonServerShutdown, Text: "back in a minute", Retry: 60000}},
	},
}
