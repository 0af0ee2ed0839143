package admin

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// guard decides who may ask for what. It is static after construction.
type guard struct {
	hosts  map[string]bool // lower case
	remote bool
	origin *http.CrossOriginProtection
}

func newGuard(o Options) guard {
	g := guard{
		hosts:  make(map[string]bool, len(o.Hosts)),
		remote: o.RemoteKick,
		origin: http.NewCrossOriginProtection(),
	}
	for _, h := range o.Hosts {
		g.hosts[strings.ToLower(h)] = true
	}
	return g
}

func anyHost(*http.Request) error { return nil }

// knownHost refuses names that are not known to be ours: a page whose name was
// made to point here (DNS rebinding) always comes under a name, never under an
// address.
func (g guard) knownHost(r *http.Request) error {
	name := hostOf(r)
	if _, err := netip.ParseAddr(name); err == nil || g.named(name) {
		return nil
	}
	return refuse(http.StatusForbidden, "the host %q is not known here", r.Host)
}

// mayRead is knownHost for what is dear to answer: a page of another origin cannot
// read the answer, and may not even make us look for it.
func (g guard) mayRead(r *http.Request) error {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
	default:
		return refuse(http.StatusForbidden, "a page of another origin may not do this")
	}
	return g.knownHost(r)
}

// mayKick lets through what comes from this machine and from no other origin.
func (g guard) mayKick(r *http.Request) error {
	if err := g.origin.Check(r); err != nil {
		return refuse(http.StatusForbidden, "a page of another origin may not do this")
	}
	if g.remote {
		return g.knownHost(r)
	}
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !from.Addr().Unmap().IsLoopback() || proxied(r) {
		return refuse(http.StatusForbidden, "this is allowed from the server's own machine only")
	}
	name := hostOf(r)
	if a, err := netip.ParseAddr(name); (err != nil || !a.Unmap().IsLoopback()) && !g.named(name) {
		return refuse(http.StatusForbidden, "the host %q is not this machine's loopback", r.Host)
	}
	return nil
}

// named reports whether a name is one of ours.
func (g guard) named(name string) bool {
	name = strings.ToLower(name)
	return name == "localhost" || g.hosts[name]
}

// proxied reports whether a proxy has passed the request on: then the address
// that we see is the proxy's.
func proxied(r *http.Request) bool {
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via"} {
		if r.Header.Get(name) != "" {
			return true
		}
	}
	return false
}

// hostOf returns the request's host without port and brackets.
func hostOf(r *http.Request) string {
	if host, _, err := net.SplitHostPort(r.Host); err == nil {
		return host
	}
	return strings.TrimSuffix(strings.TrimPrefix(r.Host, "["), "]")
}
