package main

import (
	"context"
	"io"
	"log/slog"

	"github.com/sirupsen/logrus"
)

// logger is the program's log, on standard error.
type logger struct {
	*logrus.Logger
	before *slog.Logger
}

// logger makes the log, and sends hollywood's lines, which go to the default
// slog logger, to it.
func (p *program) logger(level, format string) (*logger, error) {
	l := &logger{Logger: logrus.New(), before: slog.Default()}
	l.SetOutput(p.err)
	parsed, err := logrus.ParseLevel(level)
	if err != nil {
		return nil, usage("--log-level: %w", err)
	}
	l.SetLevel(parsed)
	const stamp = "2006-01-02T15:04:05.000Z07:00"
	if format == "json" {
		l.SetFormatter(&logrus.JSONFormatter{TimestampFormat: stamp})
	} else {
		l.SetFormatter(&logrus.TextFormatter{
			TimestampFormat: stamp, FullTimestamp: true,
			ForceColors: p.colourful(p.err), DisableColors: !p.colourful(p.err),
		})
	}
	slog.SetDefault(slog.New(bridge{entry: logrus.NewEntry(l.Logger)}))
	return l, nil
}

// close gives slog back.
func (l *logger) close() { slog.SetDefault(l.before) }

// quiet drops what goes to the default slog logger, until the returned function
// is called.
func quiet() (restore func()) {
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	return func() { slog.SetDefault(before) }
}

// bridge is a slog.Handler that logs to logrus. It is static after
// construction.
type bridge struct {
	entry  *logrus.Entry
	prefix string // of groups
}

func (b bridge) Enabled(_ context.Context, level slog.Level) bool {
	return b.entry.Logger.IsLevelEnabled(levelOf(level))
}

func (b bridge) Handle(_ context.Context, r slog.Record) error {
	fields := logrus.Fields{}
	r.Attrs(func(a slog.Attr) bool {
		b.add(fields, b.prefix, a)
		return true
	})
	b.entry.WithFields(fields).WithTime(r.Time).Log(levelOf(r.Level), r.Message)
	return nil
}

func (b bridge) WithAttrs(attrs []slog.Attr) slog.Handler {
	fields := logrus.Fields{}
	for _, a := range attrs {
		b.add(fields, b.prefix, a)
	}
	return bridge{entry: b.entry.WithFields(fields), prefix: b.prefix}
}

func (b bridge) WithGroup(name string) slog.Handler {
	if name == "" {
		return b
	}
	return bridge{entry: b.entry, prefix: b.prefix + name + "."}
}

// add enters an attribute, and each of a group under the group's name.
func (b bridge) add(fields logrus.Fields, prefix string, a slog.Attr) {
	v := a.Value.Resolve()
	if v.Kind() == slog.KindGroup {
		if a.Key != "" {
			prefix += a.Key + "."
		}
		for _, inner := range v.Group() {
			b.add(fields, prefix, inner)
		}
		return
	}
	if a.Key != "" {
		fields[prefix+a.Key] = v.Any()
	}
}

func levelOf(level slog.Level) logrus.Level {
	switch {
	case level >= slog.LevelError:
		return logrus.ErrorLevel
	case level >= slog.LevelWarn:
		return logrus.WarnLevel
	case level >= slog.LevelInfo:
		return logrus.InfoLevel
	default:
		return logrus.DebugLevel
	}
}
