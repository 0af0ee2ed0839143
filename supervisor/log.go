package supervisor

import (
	"time"

	"github.com/sirupsen/logrus"
)

// logEvents turns events into lines of the program's log: what is the daily life of
// a server is info, a stall or a lost event a warning, a defect an error.
func logEvents(log logrus.FieldLogger) func(Event) {
	return func(e Event) {
		if !wanted(log, e) {
			return
		}
		switch e := e.(type) {
		case Established:
			log.WithFields(logrus.Fields{
				"connection": e.Connection, "identifier": e.Identifier, "remote": e.Remote,
			}).Debug("connection established")
		case Terminated:
			logTermination(log, &e.Termination)
		case UserOnline:
			log.WithFields(logrus.Fields{"user": e.User, "version": e.Version}).Info("user online")
		case UserOffline:
			logOffline(log, e)
		case FileCommitted:
			log.WithFields(logrus.Fields{
				"file": e.Meta.ID.String(), "owner": e.Meta.Owner, "size": e.Meta.Size, "relay": e.Relay,
			}).Info("file complete")
		case FileAborted:
			log.WithFields(logrus.Fields{
				"owner": e.Meta.Owner, "size": e.Meta.Size, "relay": e.Relay, "code": e.Code.String(), "text": e.Text, "by": e.By,
			}).Info("file aborted")
		case SessionEnded:
			line := log.WithFields(logrus.Fields{
				"user": e.User, "connection": e.Connection, "reason": e.Reason.String(), "left": e.Left,
			})
			if !e.HeldUntil.IsZero() {
				line = line.WithField("held_until", stamp(e.HeldUntil))
			}
			line.Debug("session ended")
		case Restored:
			logRestored(log, e)
		case FileInterrupted:
			log.WithFields(logrus.Fields{
				"file": e.Meta.ID.String(), "user": e.User, "kind": e.Kind, "by": e.By, "connection": e.Connection,
			}).Info("transfer interrupted")
		case FileResumed:
			log.WithFields(logrus.Fields{
				"file": e.Meta.ID.String(), "user": e.User, "kind": e.Kind, "connection": e.Connection,
			}).Info("transfer resumed")
		case RecordFailing:
			log.WithFields(logrus.Fields{"what": e.What, "error": e.Error}).Warn("the record cannot be written; the server goes on, and tries again")
		case RecordMended:
			log.WithFields(logrus.Fields{"what": e.What, "lost": e.Lost}).Warn("the record is written again")
		case Fault:
			log.WithFields(logrus.Fields{
				"actor": e.Actor, "message": e.Message, "panic": e.Value, "stack": e.Stack,
			}).Error("a defect was caught")
		case Stall:
			log.WithField("length", e.Length.String()).Warn("the server stood still")
		case EventsLost:
			log.WithField("count", e.Count).Warn("events were not logged")
		}
	}
}

// wanted reports whether the logger takes an event's line. A crowd's come by the ten
// thousand, and a line takes as long as what it tells of, even if it is dropped at its end.
func wanted(log logrus.FieldLogger, e Event) bool {
	level := logrus.InfoLevel
	switch e := e.(type) {
	case Established, SessionEnded:
		level = logrus.DebugLevel
	case Terminated:
		level = terminationLevel(&e.Termination)
	case UserOnline, UserOffline, FileCommitted, FileAborted, FileInterrupted, FileResumed:
	default:
		return true
	}
	switch log := log.(type) {
	case *logrus.Logger:
		return log.IsLevelEnabled(level)
	case *logrus.Entry:
		return log.Logger.IsLevelEnabled(level)
	default:
		return true
	}
}

// terminationLevel keeps those who never said hello out of a log that is not asked for them.
func terminationLevel(t *Termination) logrus.Level {
	if t.Handshaken {
		return logrus.InfoLevel
	}
	return logrus.DebugLevel
}

func logOffline(log logrus.FieldLogger, e UserOffline) {
	line := log.WithFields(logrus.Fields{
		"user": e.User, "version": e.Version, "reason": e.Reason.String(), "watchers": e.Watchers,
	})
	if !e.LastAlive.IsZero() {
		line = line.WithField("last_alive", e.LastAlive)
	}
	line.Info("user offline")
}

func logRestored(log logrus.FieldLogger, e Restored) {
	if e.Before == 0 && len(e.Users) == 0 {
		log.WithField("damage", e.Damage).Warn("what an earlier life of the server has left cannot be read")
		return
	}
	line := log.WithFields(logrus.Fields{
		"users": len(e.Users), "before": e.Before, "last_alive": stamp(e.LastAlive), "until": stamp(e.Until),
	})
	if e.Damage != "" {
		line = line.WithField("damage", e.Damage)
	}
	line.Warn("an earlier life of the server was lost; its users are held online")
}

func logTermination(log logrus.FieldLogger, t *Termination) {
	fields := logrus.Fields{
		"connection": t.Connection, "remote": t.Remote, "reason": t.Reason.String(),
		"lived": t.Lived.String(), "silent": t.Silent.String(),
	}
	for name, value := range map[string]string{
		"identifier": t.Identifier, "user": t.User, "detail": t.Detail, "error": t.Error,
	} {
		if value != "" {
			fields[name] = value
		}
	}
	what := "connection terminated"
	if !t.Handshaken {
		what = "handshake not finished"
	}
	log.WithFields(fields).Log(terminationLevel(t), what)
}

// logPanic reports a panic of the program's own callback.
func logPanic(log logrus.FieldLogger) func(any) {
	return func(v any) { log.WithField("panic", v).Error("a callback panicked") }
}

// stamp is a time of the wall clock as a log line has it.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
