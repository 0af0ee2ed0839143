package supervisor

import (
	"io"
	"strings"
	"testing"

	"github.com/sirupsen/logrus"
)

// What a logger does not take costs nothing, and is left out by the level at which it
// is told, whichever kind of logger it is. One that cannot say takes all.
func TestLogLevels(t *testing.T) {
	whole, begun := Terminated{}, Terminated{}
	whole.Handshaken = true
	events := []struct {
		e    Event
		from logrus.Level
	}{
		{Established{}, logrus.DebugLevel}, {SessionEnded{}, logrus.DebugLevel}, {begun, logrus.DebugLevel},
		{whole, logrus.InfoLevel}, {UserOnline{}, logrus.InfoLevel}, {UserOffline{}, logrus.InfoLevel},
		{FileCommitted{}, logrus.InfoLevel}, {FileAborted{}, logrus.InfoLevel},
		{FileInterrupted{}, logrus.InfoLevel}, {FileResumed{}, logrus.InfoLevel},
		{Stall{}, logrus.WarnLevel}, {Restored{}, logrus.WarnLevel}, {RecordFailing{}, logrus.WarnLevel},
		{RecordMended{}, logrus.WarnLevel}, {EventsLost{}, logrus.WarnLevel}, {Fault{}, logrus.ErrorLevel},
	}
	for _, level := range []logrus.Level{logrus.ErrorLevel, logrus.WarnLevel, logrus.InfoLevel, logrus.DebugLevel} {
		var out strings.Builder
		l := &logrus.Logger{Out: &out, Formatter: new(logrus.TextFormatter), Level: level, Hooks: make(logrus.LevelHooks)}
		for _, x := range events {
			for _, log := range []logrus.FieldLogger{l, l.WithField("node", "a"), struct{ logrus.FieldLogger }{l}} {
				out.Reset()
				logEvents(log)(x.e)
				if got := out.Len() > 0; got != (x.from <= level) {
					t.Errorf("%T at %v by a %T: %t, %q", x.e, level, log, got, out.String())
				}
			}
		}
	}
	l := &logrus.Logger{Out: io.Discard, Formatter: new(logrus.TextFormatter), Level: logrus.ErrorLevel, Hooks: make(logrus.LevelHooks)}
	log, e := logEvents(l), Event(whole)
	if n := testing.AllocsPerRun(100, func() { log(e) }); n > 1 {
		t.Errorf("%v allocations for a line that nobody wants", n)
	}
}
