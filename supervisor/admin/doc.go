// Package admin is the administrator's HTTP API of a supervisor: health, what
// is connected and who is online, why connections ended, the counters, and the
// kick.
//
//	GET  /healthz  200 while the actors answer, else 503
//	GET  /readyz   200 while connections are accepted, else 503
//	GET  /connz    live connections; ?state=closed: recent terminations
//	GET  /userz    users who are online or held by a grace
//	GET  /varz     counters, sizes, the process
//	GET  /why      ?subject=USER|CONNECTION|ENDPOINT: why the last connections ended
//	POST /kick     ?user=NAME or ?connection=ID, &text=WORDS
//	POST /forget   ?user=NAME: removes what is recorded of a user
//
// Every answer is one JSON object, an error {"error": "..."} with a fitting
// status: 400 for a parameter that is unknown, given twice or senseless, 403
// for a caller who may not, 404, 405, 503 while shutting down, 504 when an actor
// did not answer in time.
//
// # Pages
//
// /connz and /userz take limit (1 to 1000, default 100) and cursor: the next of
// the answer before, an opaque number; an answer without next is the last.
// /connz takes the filters id, identifier, endpoint (the remote address) and
// user, and for ?state=closed reason too; all that are given must match. What
// matches nothing is an empty list, and no error.
//
// # Why
//
// /why takes since (a duration as 24h, or a time as in RFC 3339) and limit (1 to
// 1000, default 10), and answers {"accounts": [...]}, the newest first; or in
// words for format=text or Accept: text/plain, with times in UTC or at the offset
// zone (+02:00). Nothing on record is an empty list. A subject that can be several things is looked for as
// all of them, unless it begins with user:, connection: or endpoint:.
//
// # Who may
//
// The API has no passwords: it belongs on a loopback address.
//
//   - A kick, and a forget, is taken from this machine only: from a loopback address, for a
//     loopback host, not through a proxy; unless [Options.RemoteKick] is set.
//   - Nobody's browser can be made to do it: requests from a page of another
//     origin are refused, and so are host names that are not known here (DNS
//     rebinding), except for /healthz and /readyz, which tell nothing.
//
// # Invariants
//
//   - A request asks the owning actors and waits, no longer than
//     [Options.Timeout]; the actors wait for nobody.
//   - No state, no goroutine: a handler may be thrown away at any time.
package admin
