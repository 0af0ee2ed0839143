package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"path/filepath"
	"time"

	"example.com/rollcall/wire"
	"example.com/rollcall/wire/client"
)

func ExampleClient_PutFile() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	c, err := client.Dial(ctx, "127.0.0.1:7465", client.Options{User: "alice"})
	if err != nil {
		log.Print(err)
		return
	}
	defer func() { _ = c.Close() }()
	put, err := c.PutFile(ctx, "report.pdf", client.PutOptions{
		To: []string{"bob"},
		Progress: func(p client.Progress) {
			fmt.Printf("%d of %d bytes, %.0f a second\n", p.Offset, p.Size, p.Rate)
		},
	})
	switch {
	case errors.Is(err, client.ErrChanged):
		fmt.Println("somebody writes to the report")
	case errors.Is(err, wire.CodeQuotaExceeded), errors.Is(err, wire.CodeStorageFull):
		fmt.Println("no room:", err)
	case err != nil:
		log.Print(err)
	default:
		fmt.Println("bob can get", put.File)
	}
}

func ExampleClient_GetFile() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	c, err := client.Dial(ctx, "127.0.0.1:7465", client.Options{User: "bob"})
	if err != nil {
		log.Print(err)
		return
	}
	defer func() { _ = c.Close() }()
	for f, err := range c.AllFiles(ctx) {
		if err != nil {
			log.Print(err)
			return
		}
		path := filepath.Join("inbox", client.LocalName(f.Name))
		if _, err := c.GetFile(ctx, f.ID, path, client.GetOptions{}); err != nil {
			log.Print(f.Name, ": ", err)
		}
	}
}

func ExampleOffer() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	c, err := client.Dial(ctx, "127.0.0.1:7465", client.Options{
		User: "bob",
		OnOffer: func(o client.Offer) {
			if o.File.Owner != "alice" || o.File.Size > 1<<30 {
				_ = o.Decline("not from you, or not so much")
				return
			}
			go func() { // OnOffer itself must return
				path := filepath.Join("inbox", client.LocalName(o.File.Name))
				if _, err := o.Accept(ctx, path, client.GetOptions{}); err != nil {
					log.Print(err)
				}
			}()
		},
	})
	if err != nil {
		log.Print(err)
		return
	}
	<-c.Done()
}
