package wire

// Message is what a frame carries.
type Message interface {
	// Type returns the message's number in the frame header.
	Type() Type
	// check reports the fields that break a limit of PROTOCOL.md.
	check() error
}

// Features are the optional abilities of one side, a set of bits. What both
// sides have is in use; unknown bits are ignored.
type Features uint64

// The features.
const (
	FeatureFileNotices Features = 1 << 0 // the client takes FileNotice, the server keeps and sends them
	FeatureOffers      Features = 1 << 1 // the client takes Offer, the server passes files on
)

// Has reports whether all features of want are in f.
func (f Features) Has(want Features) bool { return f&want == want }

// Hello is the first message of a client. Times are in milliseconds; zero asks
// for the server's default.
type Hello struct {
	MinVersion uint64   `cbor:"1,keyasint"`
	MaxVersion uint64   `cbor:"2,keyasint"`
	Identifier string   `cbor:"3,keyasint"`
	Client     string   `cbor:"4,keyasint,omitempty"`
	Release    string   `cbor:"5,keyasint,omitempty"`
	Interval   uint64   `cbor:"6,keyasint,omitempty"`
	Timeout    uint64   `cbor:"7,keyasint,omitempty"`
	Features   Features `cbor:"8,keyasint,omitempty"`
}

// Type returns [TypeHello].
func (*Hello) Type() Type { return TypeHello }

// Welcome is the server's answer to a hello: the connection is now in both of
// the server's maps.
type Welcome struct {
	Version    uint64   `cbor:"1,keyasint"`
	Node       string   `cbor:"2,keyasint"`
	Connection uint64   `cbor:"3,keyasint"`
	Epoch      uint64   `cbor:"4,keyasint"`
	Interval   uint64   `cbor:"5,keyasint"`
	Timeout    uint64   `cbor:"6,keyasint"`
	MaxFrame   uint64   `cbor:"7,keyasint"`
	Features   Features `cbor:"8,keyasint,omitempty"`
	Server     string   `cbor:"9,keyasint,omitempty"`
	Time       int64    `cbor:"10,keyasint,omitempty"`
}

// Type returns [TypeWelcome].
func (*Welcome) Type() Type { return TypeWelcome }

// Login names the user of this connection and proves it. Token is what an
// earlier LoginOK gave: it says that this is the same session coming back.
type Login struct {
	Request    uint64 `cbor:"1,keyasint"`
	User       string `cbor:"2,keyasint"`
	Credential []byte `cbor:"3,keyasint,omitempty"`
	Token      []byte `cbor:"4,keyasint,omitempty"`
}

// Type returns [TypeLogin].
func (*Login) Type() Type { return TypeLogin }

// LoginOK answers a login. Grace is in milliseconds.
type LoginOK struct {
	Request uint64 `cbor:"1,keyasint"`
	User    string `cbor:"2,keyasint"`
	Session uint64 `cbor:"3,keyasint"`
	Token   []byte `cbor:"4,keyasint,omitempty"`
	Grace   uint64 `cbor:"5,keyasint,omitempty"`
	Resumed bool   `cbor:"6,keyasint,omitempty"`
}

// Type returns [TypeLoginOK].
func (*LoginOK) Type() Type { return TypeLoginOK }

// Logout ends the session and keeps the connection. It is answered by OK.
type Logout struct {
	Request uint64 `cbor:"1,keyasint"`
}

// Type returns [TypeLogout].
func (*Logout) Type() Type { return TypeLogout }

// OK answers a request that has nothing else to answer.
type OK struct {
	Request uint64 `cbor:"1,keyasint"`
}

// Type returns [TypeOK].
func (*OK) Type() Type { return TypeOK }

// Ping asks the other side for a sign of life. Time is the sender's own clock
// in microseconds from any origin; only the sender reads it.
type Ping struct {
	Time uint64 `cbor:"1,keyasint"`
}

// Type returns [TypePing].
func (*Ping) Type() Type { return TypePing }

// Pong answers a ping: Echo is the ping's Time, Time the answerer's clock.
type Pong struct {
	Echo uint64 `cbor:"1,keyasint"`
	Time uint64 `cbor:"2,keyasint,omitempty"`
}

// Type returns [TypePong].
func (*Pong) Type() Type { return TypePong }

// Watch asks to be told of users' presence: of everyone's, or of the named
// users' beside those named before. Epoch and Version say what the client knows
// already. It is answered by OK or Error; a snapshot or a delta follows.
type Watch struct {
	Request  uint64   `cbor:"1,keyasint"`
	Everyone bool     `cbor:"2,keyasint,omitempty"`
	Users    []string `cbor:"3,keyasint,omitempty"`
	Epoch    uint64   `cbor:"4,keyasint,omitempty"`
	Version  uint64   `cbor:"5,keyasint,omitempty"`
}

// Type returns [TypeWatch].
func (*Watch) Type() Type { return TypeWatch }

// Unwatch takes back a watch: of the named users, or of all when it names none.
// It is answered by OK.
type Unwatch struct {
	Request uint64   `cbor:"1,keyasint"`
	Users   []string `cbor:"2,keyasint,omitempty"`
}

// Type returns [TypeUnwatch].
func (*Unwatch) Type() Type { return TypeUnwatch }

// Online is one user in a snapshot. Since is in Unix milliseconds.
type Online struct {
	User  string `cbor:"1,keyasint"`
	Since int64  `cbor:"2,keyasint,omitempty"`
}

// Snapshot is the whole of what a watcher watches, in one or more parts: at
// Version of Epoch the listed users were online and all the others were not.
type Snapshot struct {
	Epoch   uint64   `cbor:"1,keyasint"`
	Version uint64   `cbor:"2,keyasint"`
	Part    uint64   `cbor:"3,keyasint,omitempty"`
	More    bool     `cbor:"4,keyasint,omitempty"`
	Online  []Online `cbor:"5,keyasint,omitempty"`
}

// Type returns [TypeSnapshot].
func (*Snapshot) Type() Type { return TypeSnapshot }

// Change is one user's new state. Reason is given for offline. At is when the
// server decided it, in Unix milliseconds.
type Change struct {
	Version uint64 `cbor:"1,keyasint"`
	User    string `cbor:"2,keyasint"`
	Online  bool   `cbor:"3,keyasint,omitempty"`
	Reason  Reason `cbor:"4,keyasint,omitempty"`
	At      int64  `cbor:"5,keyasint,omitempty"`
}

// Delta takes a watcher from one version to another: it holds every change
// after From, up to and with To, that the watcher watches, in order; where the
// watcher was slow, only the newest of each user.
type Delta struct {
	Epoch   uint64   `cbor:"1,keyasint"`
	From    uint64   `cbor:"2,keyasint"`
	To      uint64   `cbor:"3,keyasint"`
	Changes []Change `cbor:"4,keyasint,omitempty"`
}

// Type returns [TypeDelta].
func (*Delta) Type() Type { return TypeDelta }

// Send asks the server to hand Body to every live session of user To. ID is the
// client's, and is a request ID: the answer is Ack or Error.
type Send struct {
	ID    uint64 `cbor:"1,keyasint"`
	To    string `cbor:"2,keyasint"`
	Body  []byte `cbor:"3,keyasint,omitempty"`
	Kind  string `cbor:"4,keyasint,omitempty"`
	NoAck bool   `cbor:"5,keyasint,omitempty"`
}

// Type returns [TypeSend].
func (*Send) Type() Type { return TypeSend }

// Deliver is a message from another user. Connection and ID together are its
// message ID, unique within an epoch. At is in Unix milliseconds.
type Deliver struct {
	ID         uint64 `cbor:"1,keyasint"`
	From       string `cbor:"2,keyasint"`
	Body       []byte `cbor:"3,keyasint,omitempty"`
	Kind       string `cbor:"4,keyasint,omitempty"`
	Connection uint64 `cbor:"5,keyasint"`
	At         int64  `cbor:"6,keyasint,omitempty"`
}

// Type returns [TypeDeliver].
func (*Deliver) Type() Type { return TypeDeliver }

// Ack tells the sender that its message was accepted for Sessions live sessions
// of the recipient.
type Ack struct {
	ID       uint64 `cbor:"1,keyasint"`
	Sessions uint64 `cbor:"2,keyasint"`
}

// Type returns [TypeAck].
func (*Ack) Type() Type { return TypeAck }

// App is a one-way application message of a named kind, in either direction.
type App struct {
	Kind string `cbor:"1,keyasint"`
	Body []byte `cbor:"2,keyasint,omitempty"`
}

// Type returns [TypeApp].
func (*App) Type() Type { return TypeApp }

// Request is an application request of a named kind. It is answered by Response
// or Error.
type Request struct {
	Request uint64 `cbor:"1,keyasint"`
	Kind    string `cbor:"2,keyasint"`
	Body    []byte `cbor:"3,keyasint,omitempty"`
}

// Type returns [TypeRequest].
func (*Request) Type() Type { return TypeRequest }

// Response answers a request.
type Response struct {
	Request uint64 `cbor:"1,keyasint"`
	Body    []byte `cbor:"2,keyasint,omitempty"`
}

// Type returns [TypeResponse].
func (*Response) Type() Type { return TypeResponse }

// Error says that a request failed. Request is zero when it answers none.
type Error struct {
	Request uint64 `cbor:"1,keyasint,omitempty"`
	Code    Code   `cbor:"2,keyasint"`
	Text    string `cbor:"3,keyasint,omitempty"`
}

// Type returns [TypeError].
func (*Error) Type() Type { return TypeError }

// Bye is the last message of either side. Retry is the server's advice how long
// to stay away, in milliseconds.
type Bye struct {
	Reason Reason `cbor:"1,keyasint"`
	Text   string `cbor:"2,keyasint,omitempty"`
	Retry  uint64 `cbor:"3,keyasint,omitempty"`
}

// Type returns [TypeBye].
func (*Bye) Type() Type { return TypeBye }
