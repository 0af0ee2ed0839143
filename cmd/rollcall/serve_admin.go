package main

import (
	"errors"
	"fmt"
	"io"
	stdlog "log"
	"net"
	"net/http"
	"time"

	"github.com/sirupsen/logrus"

	"example.com/rollcall/supervisor/admin"
)

// defaultAdmin is where the admin API is, unless told otherwise.
const defaultAdmin = "127.0.0.1:7466"

// The limits of the admin API's HTTP server.
const (
	adminHeaderTimeout = 5 * time.Second
	adminReadTimeout   = 10 * time.Second
	adminWriteTimeout  = 30 * time.Second
	adminIdleTimeout   = time.Minute
	adminHeaderBytes   = 16 << 10
)

// adminServer is the admin API on its listener.
type adminServer struct {
	address string
	http    *http.Server
	log     io.Closer
}

// serveAdmin serves the admin API.
func (s *server) serveAdmin(l net.Listener, f *serveFlags) *adminServer {
	lines := s.log.WriterLevel(logrus.WarnLevel)
	a := &adminServer{
		address: l.Addr().String(),
		log:     lines,
		http: &http.Server{
			Handler: admin.Handler(s.supervisor, admin.Options{
				Release: release, Started: time.Now(), Hosts: f.adminHosts, RemoteKick: f.adminRemote, Store: s.store,
			}),
			ReadHeaderTimeout: adminHeaderTimeout,
			ReadTimeout:       adminReadTimeout,
			WriteTimeout:      adminWriteTimeout,
			IdleTimeout:       adminIdleTimeout,
			MaxHeaderBytes:    adminHeaderBytes,
			ErrorLog:          stdlog.New(lines, "admin: ", 0),
		},
	}
	s.loops.Go(func() {
		if err := a.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.failed <- fmt.Errorf("the admin API on %s: %w", a.address, err)
		}
	})
	s.log.WithField("listen", a.address).Info("serving the admin API")
	return a
}

// stop ends it at once. It stays until the supervisor has shut down, so that
// /readyz can tell that it does; who asks now gets no answer any more.
func (a *adminServer) stop() {
	_ = a.http.Close()
	_ = a.log.Close()
}
