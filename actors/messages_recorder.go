package actors

import "example.com/rollcall/actors/record"

// Messages to the recorder, beside the events.

// rollOnline is what the roll is to hold of a user. Came tells that the user
// was not online before.
type rollOnline struct {
	user record.RollUser
	came bool
}

// rollOffline strikes a user off the roll.
type rollOffline struct {
	user    string
	version uint64
}

// recordDue is the recorder's timer.
type recordDue struct{}

// recordSync asks that all that came before it be written. done has room for
// the one answer: how the attempt went.
type recordSync struct{ done chan<- error }

// recordForget removes what is kept of a user; the user's entry in the roll too,
// if roll. answer has room for the one answer.
type recordForget struct {
	user   string
	roll   bool
	answer chan<- forgotten
	// removed counts the records that had not been written.
	removed int
}

type forgotten struct {
	records int
	err     error
}

// recordQuit ends the recorder when the last batch is written. clean: nobody is
// online any more.
type recordQuit struct {
	clean   bool
	failing bool // the disk was failing when it came
}

// recordGiveUp ends it at once.
type recordGiveUp struct{}

// recordJob is what the goroutine is to do: a batch, or to forget a user.
type recordJob struct {
	roll    *record.Batch // nil: none
	records []any         // events and records, see recordOf
	forget  *recordForget
}

// recordDone tells how it went.
type recordDone struct {
	roll, journal error
	forgot        bool
}
