package wire

// newMessage returns an empty message of the type, or nil for an unknown one.
func newMessage(t Type) Message {
	if !t.Known() {
		return nil
	}
	return empty[t]()
}

// empty makes an empty message of each type that is known. It is static after
// construction.
var empty = [typeCount]func() Message{
	TypeHello:      func() Message { return new(Hello) },
	TypeWelcome:    func() Message { return new(Welcome) },
	TypeLogin:      func() Message { return new(Login) },
	TypeLoginOK:    func() Message { return new(LoginOK) },
	TypeLogout:     func() Message { return new(Logout) },
	TypeOK:         func() Message { return new(OK) },
	TypePing:       func() Message { return new(Ping) },
	TypePong:       func() Message { return new(Pong) },
	TypeWatch:      func() Message { return new(Watch) },
	TypeUnwatch:    func() Message { return new(Unwatch) },
	TypeSnapshot:   func() Message { return new(Snapshot) },
	TypeDelta:      func() Message { return new(Delta) },
	TypeSend:       func() Message { return new(Send) },
	TypeDeliver:    func() Message { return new(Deliver) },
	TypeAck:        func() Message { return new(Ack) },
	TypeApp:        func() Message { return new(App) },
	TypeRequest:    func() Message { return new(Request) },
	TypeResponse:   func() Message { return new(Response) },
	TypeError:      func() Message { return new(Error) },
	TypeBye:        func() Message { return new(Bye) },
	TypePut:        func() Message { return new(Put) },
	TypePutOK:      func() Message { return new(PutOK) },
	TypeGet:        func() Message { return new(Get) },
	TypeGetOK:      func() Message { return new(GetOK) },
	TypeChunk:      func() Message { return new(Chunk) },
	TypeCredit:     func() Message { return new(Credit) },
	TypeDone:       func() Message { return new(Done) },
	TypeAbort:      func() Message { return new(Abort) },
	TypeOffer:      func() Message { return new(Offer) },
	TypeAccept:     func() Message { return new(Accept) },
	TypeFileNotice: func() Message { return new(FileNotice) },
	TypeFiles:      func() Message { return new(Files) },
	TypeFileList:   func() Message { return new(FileList) },
	TypeRemove:     func() Message { return new(Remove) },
}
