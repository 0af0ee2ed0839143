package wire

import "strconv"

// Type is a message's number in the frame header. Numbers 1 to 127 are the
// protocol's; 0 and 128 to 255 are reserved.
type Type uint8

// The message types.
const (
	TypeHello    Type = 1
	TypeWelcome  Type = 2
	TypeLogin    Type = 3
	TypeLoginOK  Type = 4
	TypeLogout   Type = 5
	TypeOK       Type = 6
	TypePing     Type = 7
	TypePong     Type = 8
	TypeWatch    Type = 9
	TypeUnwatch  Type = 10
	TypeSnapshot Type = 11
	TypeDelta    Type = 12
	TypeSend     Type = 13
	TypeDeliver  Type = 14
	TypeAck      Type = 15
	TypeApp      Type = 16
	TypeRequest  Type = 17
	TypeResponse Type = 18
	TypeError    Type = 19
	TypeBye      Type = 20

	// 21 to 31 are free: the messages of files are numbered as a group.

	TypePut        Type = 32
	TypePutOK      Type = 33
	TypeGet        Type = 34
	TypeGetOK      Type = 35
	TypeChunk      Type = 36
	TypeCredit     Type = 37
	TypeDone       Type = 38
	TypeAbort      Type = 39
	TypeOffer      Type = 40
	TypeAccept     Type = 41
	TypeFileNotice Type = 42
	TypeFiles      Type = 43
	TypeFileList   Type = 44
	TypeRemove     Type = 45

	typeCount = 46
)

// side is who may send a message, a set of bits.
type side uint8

const (
	client side = 1 << iota
	server
	either = client | server
)

var types = [typeCount]struct {
	name string
	from side
}{
	TypeHello:    {"hello", client},
	TypeWelcome:  {"welcome", server},
	TypeLogin:    {"login", client},
	TypeLoginOK:  {"login_ok", server},
	TypeLogout:   {"logout", client},
	TypeOK:       {"ok", server},
	TypePing:     {"ping", either},
	TypePong:     {"pong", either},
	TypeWatch:    {"watch", client},
	TypeUnwatch:  {"unwatch", client},
	TypeSnapshot: {"snapshot", server},
	TypeDelta:    {"delta", server},
	TypeSend:     {"send", client},
	TypeDeliver:  {"deliver", server},
	TypeAck:      {"ack", server},
	TypeApp:      {"app", either},
	TypeRequest:  {"request", client},
	TypeResponse: {"response", server},
	TypeError:    {"error", server},
	TypeBye:      {"bye", either},

	TypePut:        {"put", client},
	TypePutOK:      {"put_ok", server},
	TypeGet:        {"get", client},
	TypeGetOK:      {"get_ok", server},
	TypeChunk:      {"chunk", either},
	TypeCredit:     {"credit", either},
	TypeDone:       {"done", either},
	TypeAbort:      {"abort", either},
	TypeOffer:      {"offer", server},
	TypeAccept:     {"accept", client},
	TypeFileNotice: {"file_notice", server},
	TypeFiles:      {"files", client},
	TypeFileList:   {"file_list", server},
	TypeRemove:     {"remove", client},
}

// Known reports whether this version knows the type. A receiver skips the
// frames of types that it does not know.
func (t Type) Known() bool { return int(t) < len(types) && types[t].from != 0 }

// FromClient reports whether a client may send messages of the type.
func (t Type) FromClient() bool { return t.Known() && types[t].from&client != 0 }

// FromServer reports whether a server may send messages of the type.
func (t Type) FromServer() bool { return t.Known() && types[t].from&server != 0 }

// String returns the type's name, or "type_N" for one that this version does
// not know.
func (t Type) String() string {
	if t.Known() {
		return types[t].name
	}
	return "type_" + strconv.Itoa(int(t))
}

// Types lists every type that this version knows.
func Types() []Type {
	all := make([]Type, 0, typeCount-1)
	for t := TypeHello; t < typeCount; t++ {
		if t.Known() {
			all = append(all, t)
		}
	}
	return all
}
