package wire_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"example.com/rollcall/wire"
)

// A frame is built by Append; several go into one buffer, and one write.
func ExampleAppend() {
	frames, err := wire.Append(nil, &wire.Hello{MinVersion: 1, MaxVersion: 1, Identifier: "laptop-7"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%x\n", frames)

	_, err = wire.Append(frames, &wire.Login{Request: 1, User: ""})
	fmt.Println(err)
	// Output:
	// 0000001001a30101020103686c6170746f702d37
	// login: wire: field breaks a limit: user is empty
}

// A reader fills the splitter's space, takes out all whole frames, and reads
// on. What is still buffered at the end of the stream is a frame that was cut.
func ExampleSplitter() {
	stream, _ := wire.Append(nil, &wire.Ping{Time: 5})
	stream, _ = wire.Append(stream, &wire.Bye{Reason: wire.ReasonBye})
	stream = append(stream, 0, 0, 0, 9, byte(wire.TypeSend))

	conn := bytes.NewReader(stream) // a net.Conn elsewhere
	split := wire.NewSplitter(wire.MaxHelloFrame, 512)
	for {
		n, readErr := conn.Read(split.Space())
		split.Filled(n)
		for {
			frame, ok, err := split.Next()
			if err != nil {
				fmt.Println(err)
				return
			}
			if !ok {
				break
			}
			switch m, err := wire.Decode(frame.Type, frame.Body); {
			case errors.Is(err, wire.ErrUnknownType):
				continue
			case err != nil:
				fmt.Println(err)
				return
			default:
				fmt.Printf("%s %+v\n", m.Type(), m)
			}
		}
		if readErr == io.EOF {
			fmt.Println("ended with", split.Buffered(), "bytes of a frame")
			return
		}
	}
	// Output:
	// ping &{Time:5}
	// bye &{Reason:bye Text: Retry:0}
	// ended with 5 bytes of a frame
}
