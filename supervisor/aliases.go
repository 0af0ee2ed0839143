package supervisor

import (
	"example.com/rollcall/actors"
	"example.com/rollcall/actors/filestore"
	"example.com/rollcall/actors/record"
)

// What the actors know of connections and users. The types are theirs; a
// program that embeds rollcall needs this package alone.
type (
	// Termination is the end of one connection: one reason, and its evidence.
	Termination = actors.Termination
	// ConnectionInfo is one live connection.
	ConnectionInfo = actors.ConnectionInfo
	// ConnectionPage is one page of the live connections.
	ConnectionPage = actors.ConnectionPage
	// TerminationPage is one page of the recent terminations.
	TerminationPage = actors.TerminationPage
	// UserInfo is one user who is online or held online by a grace.
	UserInfo = actors.UserInfo
	// SessionInfo is one session of a user.
	SessionInfo = actors.SessionInfo
	// UserPage is one page of the users.
	UserPage = actors.UserPage
	// Counts are the sizes of the maps.
	Counts = actors.Counts
	// Counters is everything that the server counts of itself.
	Counters = actors.Counters
	// LoginAttempt is what an authenticator judges.
	LoginAttempt = actors.LoginAttempt
	// Caller is who sent an application message.
	Caller = actors.Caller
	// Store keeps files, see package filestore.
	Store = filestore.Store
	// StoreUsage is what a store holds.
	StoreUsage = filestore.Usage
	// FileOffer is what Config.Offer judges.
	FileOffer = actors.FileOffer
	// Refusal is an error by which a handler chooses the code that the client
	// is told.
	Refusal = actors.Refusal
	// Hooks let a simulation order and disturb the actors.
	Hooks = actors.Hooks

	// Policy says what a login does when its user has a session already.
	Policy = actors.Policy

	// Event is what subscribers are told of: one of the types below, or
	// EventsLost.
	Event = actors.Event
	// Established tells that a connection is in both maps.
	Established = actors.Established
	// Terminated tells that a connection has ended, and is in neither map.
	Terminated = actors.Terminated
	// UserOnline tells that a user's first session began.
	UserOnline = actors.UserOnline
	// UserOffline tells that a user's last session ended.
	UserOffline = actors.UserOffline
	// Fault tells of a defect that a guard caught.
	Fault = actors.Fault
	// FileCommitted tells that a file is whole.
	FileCommitted = actors.FileCommitted
	// FileAborted tells that a file will not come.
	FileAborted = actors.FileAborted
	// Stall tells that the server itself stood still.
	Stall = actors.Stall
	// SessionEnded tells what the end of a session means for its user.
	SessionEnded = actors.SessionEnded
	// Restored tells whom the server holds online after a crash.
	Restored = actors.Restored
	// RestoredUser is one of them.
	RestoredUser = actors.RestoredUser
	// FileInterrupted tells that a transfer waits for a side to come back.
	FileInterrupted = actors.FileInterrupted
	// FileResumed tells that it goes on.
	FileResumed = actors.FileResumed
	// RecordFailing tells that the roll or the journal cannot be written.
	RecordFailing = actors.RecordFailing
	// RecordMended tells that it can again.
	RecordMended = actors.RecordMended

	// Roll keeps who is online over a crash, see package record.
	Roll = record.Roll
	// Journal keeps why connections ended, see package record.
	Journal = record.Journal
	// Record is one entry of the journal.
	Record = record.Record
	// RecordQuery chooses records.
	RecordQuery = record.Query
	// Account tells why a connection ended.
	Account = record.Account
	// RecordSubject is whom an account is about.
	RecordSubject = record.Subject
	// RecordLimit bounds which accounts are given.
	RecordLimit = record.Limit
	// EventsLost tells a subscriber how many events it was too slow for.
	EventsLost = actors.EventsLost
)

// The policies.
const (
	// Many lets every login add a session.
	Many = actors.Many
	// Replace lets the newer connection's login end the older sessions.
	Replace = actors.Replace
	// Refuse keeps the session that is there.
	Refuse = actors.Refuse
)

// Sentinels, to be checked with errors.Is.
var (
	// ErrShutdown is returned by everything that comes after a shutdown began.
	ErrShutdown = actors.ErrShutdown
	// ErrFull is returned for a transport past MaxConnections.
	ErrFull = actors.ErrFull
	// ErrNotFound is returned for a connection or user that is not there.
	ErrNotFound = actors.ErrNotFound
	// ErrInternal is returned when a defect of the server, caught by a guard,
	// has cost the answer.
	ErrInternal = actors.ErrInternal
	// ErrRecord is returned by a Shutdown whose end could not be written down.
	ErrRecord = actors.ErrRecord
	// ErrNameTaken is returned when the engine holds another supervisor of the
	// same name.
	ErrNameTaken = actors.ErrPrefixTaken
)
