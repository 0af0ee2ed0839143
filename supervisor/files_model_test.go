package supervisor_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// fileDeed is one thing that happens in a run of the model of files.
type fileDeed struct {
	What fileDeedKind
	Who  int // which of the users
	File int // which of its files
	Arg  int
}

type fileDeedKind int

const (
	putFile fileDeedKind = iota // begin it, or go on with it
	feedFile
	finishFile
	abortFile
	pauseFile
	removeFile
	leaveFiles // the user's connection is cut
	passTime
	nextLife // the server is shut down, and begins anew
	fileDeeds
)

func (k fileDeedKind) String() string {
	return [...]string{"put", "feed", "finish", "abort", "pause", "remove", "leave", "pass", "next life"}[k]
}

// modelFile is what the model knows of one file: no more than the protocol says.
type modelFile struct {
	owner int
	name  string
	data  []byte
	held  int // bytes that the server has, while there is a partial
	begun bool
	until time.Time // while it waits for its owner
	waits bool
	run   *sending // while it runs
	id    wire.FileID
	live  []string // what bob is told on its present connection
	kept  []string // what cid, who is away, is told when it comes
}

type filesModel struct {
	d     *depot
	users []*peer
	files [][]*modelFile
	bob   *peer
	grace time.Duration
}

func (m *filesModel) tell(f *modelFile, event string, end bool) {
	f.live = append(f.live, event)
	if end {
		f.kept = append(f.kept, event)
	}
}

// gone removes what the model has of a file.
func (f *modelFile) gone() { f.begun, f.waits, f.held, f.run = false, false, 0, nil }

func (m *filesModel) interrupt(f *modelFile) {
	f.run, f.waits, f.until = nil, true, time.Now().Add(m.grace)
	m.tell(f, "interrupted "+f.name, false)
	m.expire()
}

// expire ends what has waited long enough.
func (m *filesModel) expire() {
	for _, of := range m.files {
		for _, f := range of {
			if f.waits && !time.Now().Before(f.until) {
				m.tell(f, fmt.Sprintf("aborted %s expired user %d", f.name, f.owner), true)
				f.gone()
			}
		}
	}
}

func (m *filesModel) do(x fileDeed) {
	t := m.d.t
	f := m.files[x.Who][x.File]
	p := m.users[x.Who]
	if p == nil && x.What != passTime && x.What != nextLife {
		p = m.d.dial().hello(fmt.Sprint("device ", x.Who)).login(fmt.Sprint("user ", x.Who))
		m.users[x.Who] = p
		p.ids = uint64(1000 * len(m.d.links))
	}
	switch x.What {
	case putFile:
		if f.run != nil || f.id != nil {
			return
		}
		f.run = p.offer(putOf(f.name, f.data, "bob", "cid"), f.data)
		if int(f.run.ok.Offset) != f.held {
			t.Errorf("%s goes on at %d, the model at %d", f.name, f.run.ok.Offset, f.held)
		}
		if f.begun {
			m.tell(f, "resumed "+f.name, false)
		} else {
			m.tell(f, "offered "+f.name, false)
		}
		f.begun, f.waits = true, false
		if len(f.data) == f.held { // nothing is left to send
			m.finish(f)
		}
	case feedFile:
		if f.run != nil {
			n := min(x.Arg*1000, len(f.data)-f.held-1)
			f.run.feed(n)
			f.held += n
		}
	case finishFile:
		if f.run != nil {
			m.finish(f)
		}
	case abortFile:
		if f.run != nil {
			p.send(&wire.Abort{Transfer: f.run.ok.Transfer, Code: wire.CodeCancelled})
			m.tell(f, fmt.Sprintf("aborted %s cancelled user %d", f.name, f.owner), true)
			f.gone()
		}
	case pauseFile:
		if f.run != nil {
			p.send(&wire.Abort{Transfer: f.run.ok.Transfer, Code: wire.CodeInterrupted})
			m.interrupt(f)
		}
	case removeFile:
		if f.id != nil {
			if _, ok := p.ask(&wire.Remove{File: f.id}).(*wire.OK); !ok {
				t.Errorf("%s was not removed", f.name)
			}
			m.tell(f, "removed "+f.name, true)
			f.id = nil
		}
	case leaveFiles:
		p.cut()
		m.users[x.Who] = nil
		for _, f := range m.files[x.Who] {
			if f.run != nil {
				m.interrupt(f)
			}
		}
	case passTime:
		m.d.after(time.Duration(x.Arg) * time.Second)
		m.expire()
	case nextLife:
		m.nextLife()
	}
}

func (m *filesModel) finish(f *modelFile) {
	done, ok := f.run.finish().(*wire.Done)
	if !ok {
		m.d.t.Fatalf("%s was aborted", f.name)
	}
	m.tell(f, "completed "+f.name, true)
	f.gone()
	f.id = done.File
}

// nextLife: what runs is suspended, or aborted where there is no grace; whoever
// is away is told of it in the next life.
func (m *filesModel) nextLife() {
	m.d.settle()
	parts := 0
	for _, of := range m.files {
		for _, f := range of {
			f.live = nil
			switch {
			case !f.begun:
			case m.grace == 0:
				// bob may have heard of it before its connection ended.
				f.kept = append(f.kept, "aborted "+f.name+" shutting_down")
				f.gone()
			default:
				parts++
				f.run, f.waits = nil, true
				f.live = []string{"interrupted " + f.name}
			}
		}
	}
	m.d.parts = parts
	m.d.restart()
	for _, of := range m.files {
		for _, f := range of {
			f.until = m.d.began.Add(m.grace) // what is adopted waits from there on
		}
	}
	m.d.settle()
	m.users = make([]*peer, len(m.users))
	m.bob = m.d.join("bob")
	m.d.settle()
	m.d.parts = 0
	m.compare(true)
	m.expire()
}

// compare wants what bob was told of each file, and what the store holds, to be
// what the model says. Of the last moments of an earlier life bob may be told
// again.
func (m *filesModel) compare(fresh bool) {
	t := m.d.t
	m.d.settle()
	m.expire()
	told := map[string][]string{}
	for i, n := range has[*wire.FileNotice](m.bob) {
		told[n.File.Name] = append(told[n.File.Name], m.bob.notices()[i])
	}
	partials := map[string]int64{}
	for _, p := range m.d.kept.Partials() {
		partials[p.Meta.Name]++
	}
	stored := map[string]int{}
	for _, meta := range m.d.stored() {
		stored[meta.Name]++
	}
	for _, of := range m.files {
		for _, f := range of {
			if got := told[f.name]; fresh && m.grace == 0 {
				f.live = got
			} else if !slices.Equal(got, f.live) {
				t.Errorf("bob was told %q, the model says %q; %v left", got, f.live, time.Until(f.until))
			}
			if (partials[f.name] == 1) != f.begun || partials[f.name] > 1 {
				t.Errorf("%d partials of %s, the model says %t", partials[f.name], f.name, f.begun)
			}
			if (stored[f.name] == 1) != (f.id != nil) {
				t.Errorf("%d files %s, the model says %t", stored[f.name], f.name, f.id != nil)
			}
		}
	}
}

// TestFilesModel plays random scripts of puts that begin, go on, are aborted and
// interrupted, of files that are removed, and of lives of the server; at every
// quiescent moment the store and the recipients know what a model knows that has
// only the rules; and who was away is told the ends, once, in order. Guards G5, P8.
func TestFilesModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		grace := rapid.SampledFrom([]time.Duration{-1, 20 * time.Second}).Draw(rt, "grace")
		script := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) fileDeed {
			return fileDeed{
				What: fileDeedKind(rapid.IntRange(0, int(fileDeeds)-1).Draw(rt, "what")),
				Who:  rapid.IntRange(0, 1).Draw(rt, "who"),
				File: rapid.IntRange(0, 2).Draw(rt, "file"),
				Arg:  rapid.IntRange(1, 15).Draw(rt, "arg"),
			}
		}), 1, 60).Draw(rt, "script")
		played := t.Run("run", func(t *testing.T) {
			inDepot(t, supervisor.Config{FileGrace: grace}, func(d *depot) {
				m := &filesModel{d: d, users: make([]*peer, 2), grace: max(grace, 0), bob: d.join("bob")}
				for who := range 2 {
					m.files = append(m.files, nil)
					for i := range 3 {
						name := fmt.Sprintf("%d/%d", who, i)
						m.files[who] = append(m.files[who], &modelFile{owner: who, name: name, data: textOf(name, i*50_000)})
					}
				}
				for i, x := range script {
					m.do(x)
					m.compare(false)
					if t.Failed() {
						t.Fatalf("at deed %d, %+v", i, x)
					}
				}
				m.end()
			})
		})
		if !played {
			rt.Fatalf("%v", script)
		}
	})
}

// end lets everything come to its end, and cid come.
func (m *filesModel) end() {
	for who, p := range m.users {
		if p != nil {
			m.do(fileDeed{What: leaveFiles, Who: who})
		}
	}
	m.do(fileDeed{What: passTime, Arg: 60})
	m.compare(false)
	cid := m.d.join("cid")
	m.d.settle()
	told := map[string][]string{}
	for i, n := range has[*wire.FileNotice](cid) {
		told[n.File.Name] = append(told[n.File.Name], cid.notices()[i])
	}
	for _, of := range m.files {
		for _, f := range of {
			if !slices.Equal(told[f.name], f.kept) {
				m.d.t.Errorf("cid was told %q, the model says %q", told[f.name], f.kept)
			}
			if f.id != nil && !bytes.Equal(m.d.content([16]byte(f.id)), f.data) {
				m.d.t.Errorf("the content of %s is wrong", f.name)
			}
		}
	}
}
