package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"example.com/rollcall/wire"
	"example.com/rollcall/wire/client"
)

func Example() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel() // ends all that the client started

	c, err := client.Dial(ctx, "127.0.0.1:7465", client.Options{
		Name: "example",
		User: "alice", Credential: []byte("secret"),
		OnDeliver: func(m client.Message) { fmt.Printf("%s says %s\n", m.From, m.Body) },
		OnState:   func(s client.State) { log.Println(s.Phase, s.Err) },
	})
	if err != nil {
		log.Print(err)
		return
	}
	defer func() { _ = c.Close() }()

	_, err = c.Send(ctx, "bob", []byte("hello"))
	switch {
	case errors.Is(err, wire.CodeUserOffline):
		fmt.Println("bob is not there")
	case errors.Is(err, client.ErrDisconnected):
		fmt.Println("nobody knows whether bob has it")
	case err != nil:
		log.Print(err)
	}
}

func ExampleClient_Watch() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := client.Dial(ctx, "127.0.0.1:7465", client.Options{User: "alice"})
	if err != nil {
		log.Print(err)
		return
	}
	w, err := c.Watch(ctx, "bob", "carol")
	if err != nil {
		log.Print(err)
		return
	}
	for e := range w.Events() { // until the client ends
		switch e.Kind {
		case client.Snapshot:
			fmt.Println(len(e.Online), "are online")
		case client.Online:
			fmt.Println(e.User, "came")
		case client.Offline:
			fmt.Println(e.User, "went:", e.Reason)
		}
	}
	var end *client.EndError
	if errors.As(c.Err(), &end) {
		fmt.Println("the server does not want us back:", end.Reason)
	}
}

func ExampleClient_Request() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	c, err := client.Dial(ctx, "127.0.0.1:7465", client.Options{})
	if err != nil {
		log.Print(err)
		return
	}
	body, err := c.Request(ctx, "time", nil)
	var refused *client.RequestError
	if errors.As(err, &refused) {
		fmt.Println("refused:", refused.Code, refused.Text)
		return
	}
	fmt.Printf("%s\n", body)
}
