package supervisor

import (
	"context"
	"iter"
	"time"

	"example.com/rollcall/actors/record"
)

// NoJournal is Config.Journal for a server that keeps no record of departures.
var NoJournal Journal = new(noJournal)

type noJournal struct{ _ byte } // not of size zero: it is told by its address

func (*noJournal) Append([]Record) error { return nil }
func (*noJournal) Records(RecordQuery) iter.Seq2[Record, error] {
	return func(func(Record, error) bool) {}
}
func (*noJournal) Forget(string) (int, error) { return 0, nil }
func (*noJournal) Close() error               { return nil }

// Departures returns what the journal holds, the newest first: see package
// record for the types. What has just happened is written first, as far as it
// can be. A record that cannot be read comes as an error, and the iteration goes
// on. ctx bounds the wait for the disk alone.
func (s *Supervisor) Departures(ctx context.Context, q RecordQuery) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		_ = s.system.Sync(ctx) // what cannot be written is missing, and a Gap will tell
		s.journal.Records(q)(yield)
	}
}

// Why tells why the subject's last connections ended, the newest first, with the
// evidence: see [record.ParseSubject] for the subject and [record.Account] for
// what it tells. What has just happened is written first. ctx bounds the wait for
// the disk alone.
func (s *Supervisor) Why(ctx context.Context, subject RecordSubject, limit RecordLimit) ([]Account, error) {
	_ = s.system.Sync(ctx)
	found, err := record.Accounts(whileWanted{s.journal, ctx}, subject, limit)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return found, err
}

// whileWanted is a journal that is read until nobody waits for it any more.
type whileWanted struct {
	record.Journal
	ctx context.Context //nolint:containedctx // of one call
}

// Records implements record.Journal.
func (j whileWanted) Records(q record.Query) iter.Seq2[record.Record, error] {
	return func(yield func(record.Record, error) bool) {
		for r, err := range j.Journal.Records(q) {
			if j.ctx.Err() != nil || !yield(r, err) {
				return
			}
		}
	}
}

// WhyNot says in words what the record has to say when Why finds nothing: where it
// begins, which crashes and gaps there were, and what of it cannot be read.
func (s *Supervisor) WhyNot(subject RecordSubject, limit RecordLimit, zone *time.Location) string {
	text := record.NoAccount(s.journal, subject, limit, zone)
	if damage := record.DamageOf(s.journal); damage != "" {
		text += " Some of the record could not be read: " + damage + "."
	}
	return text
}

// Forget removes what is kept of a user: terminations in memory, records in the
// journal, and its entry in the roll. Somebody who is online or held stays on the
// roll until it goes. It returns how many records of the journal there were.
func (s *Supervisor) Forget(ctx context.Context, user string) (int, error) {
	return s.system.Forget(ctx, user)
}
