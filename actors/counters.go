package actors

import (
	"sync/atomic"

	"example.com/rollcall/wire"
)

// counters are what the server counts of itself. All are atomic: anyone adds,
// anyone reads.
type counters struct {
	accepted, refused, handshakes                          atomic.Uint64
	logins, loginsRefused                                  atomic.Uint64
	framesIn, framesOut, bytesIn, bytesOut                 atomic.Uint64
	writes                                                 atomic.Uint64
	unknownFrames                                          atomic.Uint64
	messages, undelivered                                  atomic.Uint64
	requests, requestsFailed, handlerPanics                atomic.Uint64
	presenceChanges, presenceFlushes                       atomic.Uint64
	presenceFrames, collapsed, resnapshots                 atomic.Uint64
	snapshots                                              atomic.Uint64
	panics, mended                                         atomic.Uint64
	stalls                                                 atomic.Uint64
	pingsSent                                              atomic.Uint64
	filesStored, filesFetched, filesAborted, partialsSwept atomic.Uint64
	acceptErrors                                           atomic.Uint64
	recordBatches, recordFailures, recordsLost, restored   atomic.Uint64
	terminations                                           [256]atomic.Uint64 // by reason
}

// Counters is a reading of everything that the server counts, since its start
// unless told otherwise.
type Counters struct {
	Live            int64             `json:"live"` // now, handshakes included
	Accepted        uint64            `json:"accepted"`
	Refused         uint64            `json:"refused"` // at accept: too many, or shutting down
	AcceptErrors    uint64            `json:"accept_errors"`
	Handshakes      uint64            `json:"handshakes"`
	Logins          uint64            `json:"logins"`
	LoginsRefused   uint64            `json:"logins_refused"`
	FramesIn        uint64            `json:"frames_in"`
	FramesOut       uint64            `json:"frames_out"`
	BytesIn         uint64            `json:"bytes_in"`
	BytesOut        uint64            `json:"bytes_out"`
	Writes          uint64            `json:"writes"`
	UnknownFrames   uint64            `json:"unknown_frames"`
	Messages        uint64            `json:"messages"`
	Undelivered     uint64            `json:"undelivered"`
	Requests        uint64            `json:"requests"`
	RequestsFailed  uint64            `json:"requests_failed"`
	HandlerPanics   uint64            `json:"handler_panics"`
	PresenceChanges uint64            `json:"presence_changes"`
	PresenceFlushes uint64            `json:"presence_flushes"`
	PresenceFrames  uint64            `json:"presence_frames"`
	Collapsed       uint64            `json:"presence_collapsed"`
	Snapshots       uint64            `json:"snapshots"`
	Resnapshots     uint64            `json:"resnapshots"`
	PingsSent       uint64            `json:"pings_sent"`
	FilesStored     uint64            `json:"files_stored"` // relays included
	FilesFetched    uint64            `json:"files_fetched"`
	FilesAborted    uint64            `json:"files_aborted"`
	PartialsSwept   uint64            `json:"partials_swept"` // left by an earlier life, not claimed in time
	Panics          uint64            `json:"panics"`
	Mended          uint64            `json:"mended"`         // terminations that a panic had lost and a sweep found
	Stalls          uint64            `json:"stalls"`         // of the server itself
	RecordBatches   uint64            `json:"record_batches"` // writes of the roll and the journal
	RecordFailures  uint64            `json:"record_failures"`
	RecordsLost     uint64            `json:"records_lost"`
	Restored        uint64            `json:"restored"`     // users taken over from an earlier life that was lost
	Terminations    map[string]uint64 `json:"terminations"` // by reason
}

// Counters reads the counters. The readings are not of one instant.
func (s *System) Counters() Counters {
	c := &s.count
	out := Counters{
		Live: s.conns.Load(), Accepted: c.accepted.Load(), Refused: c.refused.Load(),
		AcceptErrors: c.acceptErrors.Load(), Handshakes: c.handshakes.Load(),
		Logins: c.logins.Load(), LoginsRefused: c.loginsRefused.Load(),
		FramesIn: c.framesIn.Load(), FramesOut: c.framesOut.Load(),
		BytesIn: c.bytesIn.Load(), BytesOut: c.bytesOut.Load(), Writes: c.writes.Load(),
		UnknownFrames: c.unknownFrames.Load(),
		Messages:      c.messages.Load(), Undelivered: c.undelivered.Load(),
		Requests: c.requests.Load(), RequestsFailed: c.requestsFailed.Load(),
		HandlerPanics:   c.handlerPanics.Load(),
		PresenceChanges: c.presenceChanges.Load(), PresenceFlushes: c.presenceFlushes.Load(),
		PresenceFrames: c.presenceFrames.Load(), Collapsed: c.collapsed.Load(),
		Snapshots: c.snapshots.Load(), Resnapshots: c.resnapshots.Load(),
		PingsSent: c.pingsSent.Load(), Panics: c.panics.Load(), Mended: c.mended.Load(),
		Stalls:      c.stalls.Load(),
		FilesStored: c.filesStored.Load(), FilesFetched: c.filesFetched.Load(),
		FilesAborted: c.filesAborted.Load(), PartialsSwept: c.partialsSwept.Load(),
		RecordBatches: c.recordBatches.Load(), RecordFailures: c.recordFailures.Load(),
		RecordsLost: c.recordsLost.Load(), Restored: c.restored.Load(),
		Terminations: make(map[string]uint64),
	}
	for i := range c.terminations {
		if n := c.terminations[i].Load(); n > 0 {
			out.Terminations[wire.Reason(i).String()] = n //nolint:gosec // i < 256
		}
	}
	return out
}
