package wheel

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

type owner struct {
	link Link[*owner]
	n    int
}

func (o *owner) Link() *Link[*owner] { return &o.link }

// The wheel does what a plain list of deadlines does: nobody is due before the
// time, everybody then, the earliest first; and Next never is too late.
func TestWheelAgainstAList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var w Wheel[*owner]
		all := make([]*owner, 20)
		for i := range all {
			all[i] = &owner{n: i}
		}
		armed := map[*owner]time.Duration{}
		now := time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "begin"))
		who := rapid.SampledFrom(all)
		spans := rapid.OneOf(
			rapid.Int64Range(-int64(time.Second), int64(time.Second)),
			rapid.Int64Range(0, int64(2*time.Minute)),
			rapid.Int64Range(0, int64(60*24*time.Hour)),
			rapid.Map(rapid.Int64Range(0, 1100), func(n int64) int64 { return n << shift }),
		)
		t.Repeat(map[string]func(*rapid.T){
			"set": func(t *rapid.T) {
				x, due := who.Draw(t, "who"), max(now+time.Duration(spans.Draw(t, "span")), 0)
				w.Set(x, due)
				armed[x] = due
				if x.link.Due() != due {
					t.Fatalf("due at %v, armed for %v", x.link.Due(), due)
				}
			},
			"stop": func(t *rapid.T) {
				x := who.Draw(t, "who")
				w.Cancel(x)
				delete(armed, x)
			},
			"pass": func(t *rapid.T) {
				now += max(time.Duration(spans.Draw(t, "span")), 0)
				due(t, &w, armed, now, rapid.IntRange(1, 30).Draw(t, "room"))
			},
			"to the next": func(t *rapid.T) {
				if next, ok := w.Next(); ok {
					now = max(now, next)
					due(t, &w, armed, now, 30)
				}
			},
			"": func(t *rapid.T) {
				next, ok := w.Next()
				if ok != (len(armed) > 0) || w.Len() != len(armed) {
					t.Fatalf("%d of %d are armed; next %v", w.Len(), len(armed), ok)
				}
				for x, at := range armed {
					if at < next {
						t.Fatalf("next at %v, but %d is due at %v", next, x.n, at)
					}
				}
			},
		})
		// Whoever goes from one Next to the other comes to an end.
		for steps := 0; w.Len() > 0; steps++ {
			next, _ := w.Next()
			now = max(now, next)
			due(t, &w, armed, now, 30)
			if steps > 200_000 {
				t.Fatal("it goes on and on")
			}
		}
	})
}

func due(t *rapid.T, w *Wheel[*owner], armed map[*owner]time.Duration, now time.Duration, room int) {
	var want []time.Duration
	for _, at := range armed {
		if at <= now {
			want = append(want, at)
		}
	}
	slices.Sort(want)
	want = want[:min(len(want), room)]
	got := w.Due(now, make([]*owner, 0, room))
	if len(got) != len(want) {
		t.Fatalf("%d are due at %v, want %d", len(got), now, len(want))
	}
	for i, x := range got {
		if armed[x] != want[i] {
			t.Fatalf("number %d was due at %v, want %v", i, armed[x], want[i])
		}
		if x.link.next != nil || x.link.prev != nil || x.link.place != unarmed {
			t.Fatalf("%d is held still", x.n)
		}
		delete(armed, x)
	}
}

// guards G6: whoever was stopped is held by nothing.
func TestWheelLetsGo(t *testing.T) {
	var w Wheel[*owner]
	all := make([]*owner, 10_000)
	for i := range all {
		all[i] = new(owner)
		w.Set(all[i], time.Duration(i)*time.Second/50)
	}
	slices.SortFunc(all, func(a, b *owner) int { return cmp.Compare(a.link.due%7919, b.link.due%7919) })
	for _, x := range all {
		w.Cancel(x)
		w.Cancel(x) // once more does nothing
	}
	if _, ok := w.Next(); ok || w.Len() != 0 || len(w.near) != 0 || len(w.run) != 0 {
		t.Error("something is armed")
	}
	for b, x := range w.far {
		if x != nil {
			t.Errorf("bucket %d holds something", b)
		}
	}
}

// guards G6: whoever was stopped while its bucket is being told of is not told, and
// held by nothing once that is over.
func TestWheelLetsGoOfARun(t *testing.T) {
	var w Wheel[*owner]
	all := make([]*owner, 3*keptNear)
	for i := range all {
		all[i] = &owner{n: i}
		w.Set(all[i], 1<<shift+1+time.Duration(i%7919))
	}
	first := w.Due(2<<shift, make([]*owner, 0, 1))
	if len(first) != 1 || len(w.run) != len(all)-1 {
		t.Fatalf("%d of %d are due, %d wait", len(first), len(all), len(w.run))
	}
	w.Set(first[0], 1<<shift) // behind its time: the next one
	for i, x := range all[1:] {
		if i%3 != 0 {
			w.Cancel(x)
		}
	}
	got := w.Due(2<<shift, make([]*owner, 0, len(all)))
	if want := 1 + (len(all)-1+2)/3; len(got) != want || got[0] != first[0] {
		t.Errorf("%d are due, want %d", len(got), want)
	}
	if w.Len() != 0 || cap(w.run) != 0 {
		t.Errorf("%d are armed, and room for %d is kept", w.Len(), cap(w.run))
	}
}

// BenchmarkDue: a heartbeat each, of very many, as a clock tells of them.
func BenchmarkDue(b *testing.B) {
	var w Wheel[*owner]
	all := make([]owner, 1<<20)
	const every = 30 * time.Second
	for i := range all {
		all[i*7919%len(all)].n = i
		w.Set(&all[i*7919%len(all)], every*time.Duration(i)/time.Duration(len(all)))
	}
	var room [64]*owner
	b.ReportAllocs()
	now, told := time.Duration(0), 0
	for b.Loop() {
		for told == 0 {
			next, _ := w.Next()
			now = max(now, next)
			for _, x := range w.Due(now, room[:0]) {
				w.Set(x, now+every)
				told++
			}
		}
		told--
	}
}

// BenchmarkSet: a deadline that is put off, of many.
func BenchmarkSet(b *testing.B) {
	var w Wheel[*owner]
	all := make([]*owner, 100_000)
	for i := range all {
		all[i] = new(owner)
		w.Set(all[i], time.Duration(i)*time.Millisecond)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		w.Set(all[i%len(all)], time.Duration(i)*time.Millisecond)
		i += 7919
	}
}
