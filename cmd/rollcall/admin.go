package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// adminFlags are what the commands have that ask the admin API.
type adminFlags struct {
	admin         string
	answerTimeout time.Duration
}

func (f *adminFlags) bind(fs *pflag.FlagSet) {
	fs.StringVar(&f.admin, "admin", defaultAdmin, "the server's admin API, `HOST:PORT` or a URL")
	fs.DurationVar(&f.answerTimeout, "answer-timeout", 10*time.Second, "give up when the server does not answer for this long")
}

// maxAnswer bounds one answer of the admin API, in bytes.
const maxAnswer = 16 << 20

// base is the URL of the admin API.
func (f *adminFlags) base() (*url.URL, error) {
	text := f.admin
	if !strings.Contains(text, "://") {
		if _, _, err := net.SplitHostPort(text); err != nil {
			_, port, _ := net.SplitHostPort(defaultAdmin)
			text = net.JoinHostPort(text, port)
		}
		text = "http://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, usage("--admin: %q is neither HOST:PORT nor a URL", f.admin)
	}
	return u, nil
}

// ask calls the admin API and decodes its answer.
func (f *adminFlags) ask(ctx context.Context, method, path string, query url.Values, into any) error {
	text, err := f.fetch(ctx, method, path, query)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("what answers at %s is no admin API: %w", f.admin, err)
	}
	return nil
}

// fetch calls the admin API and returns its answer.
func (f *adminFlags) fetch(ctx context.Context, method, path string, query url.Values) ([]byte, error) {
	base, err := f.base()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, f.answerTimeout)
	defer cancel()
	u := base.JoinPath(path)
	u.RawQuery = query.Encode()
	r, err := http.NewRequestWithContext(ctx, method, u.String(), nil)
	if err != nil {
		return nil, usage("--admin: %w", err)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	answer, err := transport.RoundTrip(r)
	if err != nil {
		return nil, f.unreachable(ctx, err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return nil, f.unreachable(ctx, err)
	}
	if answer.StatusCode != http.StatusOK {
		return nil, adminError(answer.StatusCode, text)
	}
	return text, nil
}

func (f *adminFlags) unreachable(ctx context.Context, err error) error {
	if c := context.Cause(ctx); c != nil && !errors.Is(c, context.DeadlineExceeded) {
		return c
	}
	return exitWith(exitUnreachable, "cannot reach the admin API at %s: %s", f.admin, cause(err))
}

// adminError is what the admin API says went wrong.
func adminError(status int, text []byte) error {
	var said struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(text, &said) != nil || said.Error == "" {
		said.Error = fmt.Sprintf("the admin API answers with status %d", status)
	}
	code := exitFailure
	switch status {
	case http.StatusForbidden, http.StatusUnauthorized:
		code = exitRefused
	case http.StatusNotFound:
		code = exitAbsent
	case http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		code = exitUnreachable
	}
	return exitWith(code, "%s", said.Error)
}
