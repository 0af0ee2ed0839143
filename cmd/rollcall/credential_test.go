package main

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/rollcall/supervisor"
)

// A server that asks for a credential gets it from the file, without the end of
// its line.
func TestCredentialFile(t *testing.T) {
	sup, err := supervisor.New(supervisor.Config{
		Authenticate: func(_ context.Context, l supervisor.LoginAttempt) error {
			if string(l.Credential) != "secret" {
				return errors.New("wrong credential")
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- sup.Serve(context.Background(), l) }()
	t.Cleanup(func() {
		if err := errors.Join(sup.Shutdown(context.Background()), <-served); err != nil {
			t.Error(err)
		}
	})
	name := filepath.Join(t.TempDir(), "credential")
	if err := os.WriteFile(name, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := newShell(t)
	s.env["ROLLCALL_SERVER"] = l.Addr().String()
	s.want(exitOK, "send", "--user", "alice", "--to", "alice", "--credential-file", name, "hi")
	r := s.want(exitRefused, "send", "--user", "alice", "--to", "alice", "hi")
	if !strings.Contains(r.err, "login_refused") || !strings.Contains(r.err, "wrong credential") {
		t.Error(r.err)
	}
}
