package main

import (
	"fmt"
	"time"

	"example.com/rollcall/wire/client"
)

// report tells how the files of one command get on: as bars above which the
// results scroll by, on a terminal; as a line for each result; or as JSON, one
// object a line. It may be used by many goroutines.
type report struct {
	// static after construction
	out, errs *printer
	asJSON    bool
	bars      *bars // nil: none
}

// report makes the report of a command. Standard output is quiet when a file
// goes there itself.
func (p *program) reporter(asJSON, stdoutTaken bool) *report {
	r := &report{out: p.printer(p.out), errs: p.printer(p.err), asJSON: asJSON}
	if stdoutTaken {
		r.out = r.errs
		return r
	}
	if !asJSON {
		r.bars = p.bars()
	}
	return r
}

// say writes a result.
func (r *report) say(line string) {
	if r.bars != nil {
		r.bars.say(line)
		return
	}
	r.out.line("%s", line)
}

// warn writes what is no result, to standard error.
func (r *report) warn(line string) {
	line = clock(time.Now()) + " " + line
	if r.bars != nil && r.bars.withErrors {
		r.bars.say(line)
		return
	}
	r.errs.line("%s", line)
}

// close ends the bars, and returns the first error of the output.
func (r *report) close() error {
	if r.bars != nil {
		r.bars.close()
	}
	return r.out.failed()
}

// track is the report of one file. It is owned by the goroutine that carries the
// file.
type track struct {
	report *report
	file   string // as the command line names it
	size   int64  // as far as it is known
	bar    *bar   // nil: none
	began  time.Time
	known  bool // where it goes on from
}

// track begins the report of a file; size is negative when it is not known yet.
func (r *report) track(file string, size int64) *track {
	t := &track{report: r, file: file, size: max(size, 0), began: time.Now()}
	if r.bars != nil {
		t.bar = r.bars.add(file, size)
	}
	return t
}

// progress is for the client library.
func (t *track) progress(p client.Progress) {
	if t.bar != nil {
		t.bar.move(p, !t.known)
	}
	if t.report.asJSON {
		event := "progress"
		if !t.known {
			event = "started"
		}
		t.report.out.line("%s", oneLine(progressJSON{
			Event: event, File: t.file, Offset: p.Offset, Size: p.Size, Rate: int64(p.Rate),
		}))
	}
	t.known, t.size = true, p.Size
}

// progressJSON is a file on its way. Numbers are bytes, and bytes a second.
type progressJSON struct {
	Event  string `json:"event"` // started (Offset is where it goes on from), progress
	File   string `json:"file"`
	Offset int64  `json:"offset"`
	Size   int64  `json:"size"`
	Rate   int64  `json:"rate,omitempty"`
}

// outcome is what became of a file.
type outcome struct {
	event   string // done, failed, interrupted
	id      string // on the server, if it has one
	name    string // on the server
	moved   int64  // over the network, in this run
	resumed int64  // where this run went on from
	sha256  string
	err     error
	words   string // for a person
}

// outcomeJSON is the last that is told of a file.
type outcomeJSON struct {
	Event   string  `json:"event"`
	File    string  `json:"file"`
	ID      string  `json:"id,omitempty"`
	Name    string  `json:"name,omitempty"`
	Size    int64   `json:"size"`
	Moved   int64   `json:"moved"`
	Resumed int64   `json:"resumed_from"`
	SHA256  string  `json:"sha256,omitempty"`
	Seconds float64 `json:"seconds"`
	Code    string  `json:"code,omitempty"`
	Error   string  `json:"error,omitempty"`
}

// end tells what became of the file. What went wrong is also told by the
// command's own error, so that it needs no line here.
func (t *track) end(o outcome) {
	if t.bar != nil {
		t.bar.drop()
	}
	if t.report.asJSON {
		j := outcomeJSON{
			Event: o.event, File: t.file, ID: o.id, Name: o.name, Size: t.size, Moved: o.moved,
			Resumed: o.resumed, SHA256: o.sha256, Seconds: time.Since(t.began).Seconds(),
		}
		if o.err != nil {
			j.Code, j.Error = codeName(o.err), plain(o.err)
		}
		t.report.out.line("%s", oneLine(j))
		return
	}
	if o.words != "" {
		t.report.say(o.words + t.effort(o))
	}
}

// leastRated is the shortest transfer whose rate is told: that of a shorter one
// is the time that questions and answers take.
const leastRated = 100 * time.Millisecond

// effort is how much went over the network, and how fast, where there is
// something to tell.
func (t *track) effort(o outcome) string {
	took := time.Since(t.began)
	text := fmt.Sprintf(" (%s in %v", size(t.size), short(took))
	if o.resumed > 0 {
		text = fmt.Sprintf(" (%s, of which %s now, from %s on, in %v", size(t.size), size(o.moved), size(o.resumed), short(took))
	}
	if o.moved > 0 && took >= leastRated {
		text += fmt.Sprintf(", %s/s", size(int64(float64(o.moved)/took.Seconds())))
	}
	return text + ")"
}
