package admin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"example.com/rollcall/supervisor"
)

// Options are what can be chosen. The zero value is usable.
type Options struct {
	// Release is the program's version, told in /varz.
	Release string
	// Started is when the program began, for its uptime. Default: when Handler
	// is called.
	Started time.Time
	// Timeout bounds what one request may wait for the actors. Default 5 s.
	Timeout time.Duration
	// Hosts are the names, beside localhost and addresses, under which the API
	// is called. Case does not matter.
	Hosts []string
	// Store is that of the supervisor's Config, for the usage in /varz. Nil: none
	// is told.
	Store supervisor.Store
	// RemoteKick lets other machines kick and forget. Anyone who reaches the API
	// may then.
	RemoteKick bool
}

// api is the handler. It is static after construction.
type api struct {
	supervisor *supervisor.Supervisor
	options    Options
	guard      guard
	asking     chan struct{} // holds one token for each /why under way
}

// maxAsking bounds how many are told why at one time: each may read the whole
// journal. The others wait, for Options.Timeout at most.
const maxAsking = 2

// Handler returns the API over a supervisor. Time limits of the HTTP server are
// the caller's to set.
func Handler(s *supervisor.Supervisor, o Options) http.Handler {
	if o.Started.IsZero() {
		o.Started = time.Now()
	}
	if o.Timeout <= 0 {
		o.Timeout = 5 * time.Second
	}
	a := &api{supervisor: s, options: o, guard: newGuard(o), asking: make(chan struct{}, maxAsking)}
	mux := http.NewServeMux()
	mux.Handle("/healthz", a.answer(reads, anyHost, a.healthz))
	mux.Handle("/readyz", a.answer(reads, anyHost, a.readyz))
	mux.Handle("/connz", a.answer(reads, a.guard.knownHost, a.connz))
	mux.Handle("/userz", a.answer(reads, a.guard.knownHost, a.userz))
	mux.Handle("/varz", a.answer(reads, a.guard.knownHost, a.varz))
	mux.Handle("/why", a.answer(reads, a.guard.mayRead, a.why))
	mux.Handle("/kick", a.answer([]string{http.MethodPost}, a.guard.mayKick, a.kick))
	mux.Handle("/forget", a.answer([]string{http.MethodPost}, a.guard.mayKick, a.forget))
	mux.Handle("/", a.answer(nil, anyHost, nowhere))
	return mux
}

// reads are the methods of everything that changes nothing.
var reads = []string{http.MethodGet, http.MethodHead}

// endpoint answers a request with a value to be written as JSON.
type endpoint func(r *http.Request) (any, error)

// answer makes a handler: it checks the method (nil: any) and the caller, and
// writes what the endpoint answers.
func (a *api) answer(methods []string, may func(*http.Request) error, f endpoint) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		value, err := func() (any, error) {
			if err := allowed(methods, r.Method); err != nil {
				w.Header().Set("Allow", strings.Join(methods, ", "))
				return nil, err
			}
			if err := may(r); err != nil {
				return nil, err
			}
			ctx, cancel := context.WithTimeout(r.Context(), a.options.Timeout)
			defer cancel()
			return f(r.WithContext(ctx))
		}()
		if err != nil {
			status, text := judge(err)
			write(w, status, problem{text})
			return
		}
		if text, ok := value.(plain); ok {
			writeText(w, text)
			return
		}
		write(w, http.StatusOK, value)
	})
}

func allowed(methods []string, method string) error {
	for _, m := range methods {
		if m == method {
			return nil
		}
	}
	if methods == nil {
		return nil
	}
	return refuse(http.StatusMethodNotAllowed, "the method is %s, not %s", strings.Join(methods, " or "), method)
}

func nowhere(r *http.Request) (any, error) {
	return nil, refuse(http.StatusNotFound,
		"nothing is at %s: there are /healthz, /readyz, /connz, /userz, /varz, /why, /kick and /forget", r.URL.Path)
}

// refusal is an error with its status.
type refusal struct {
	status int
	text   string
}

func (e *refusal) Error() string { return e.text }

func refuse(status int, format string, args ...any) error {
	return &refusal{status, fmt.Sprintf(format, args...)}
}

// judge turns an error into what the caller is told.
func judge(err error) (status int, text string) {
	var r *refusal
	switch {
	case errors.As(err, &r):
		return r.status, r.text
	case errors.Is(err, supervisor.ErrNotFound):
		return http.StatusNotFound, "there is no such connection or user"
	case errors.Is(err, supervisor.ErrShutdown):
		return http.StatusServiceUnavailable, "the server is shutting down"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return http.StatusGatewayTimeout, "the server's actors did not answer in time"
	default:
		return http.StatusInternalServerError, err.Error()
	}
}
