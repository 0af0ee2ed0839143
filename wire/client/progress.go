package client

import "time"

// Progress tells how far a file has come.
type Progress struct {
	// Offset is up to where the receiving side has it: of a put, the server or,
	// in a relay, the recipient; of a get, this side. Size is the whole.
	Offset, Size int64
	// Rate is about how many bytes a second came during the last seconds. Zero:
	// not known yet.
	Rate float64
}

const (
	progressPeriod = 100 * time.Millisecond // progress is told no more often
	rateMemory     = 2 * time.Second        // about how far back a rate looks
)

// meter turns offsets into progress. A plain value; now is a time since any
// origin.
type meter struct {
	size   int64
	offset int64 // at the latest progress that was told
	told   time.Duration
	rate   float64
	begun  bool
}

// at takes an offset, and reports whether its progress is to be told: the first,
// the last, and what is progressPeriod apart.
func (m *meter) at(now time.Duration, offset int64) (Progress, bool) {
	switch since := now - m.told; {
	case !m.begun:
		m.begun = true
	case offset <= m.offset && offset < m.size:
		return Progress{}, false // another attempt, behind what was told
	case since < progressPeriod && offset < m.size:
		return Progress{}, false
	case since > 0:
		latest := float64(offset-m.offset) / since.Seconds()
		if m.rate == 0 {
			m.rate = latest
		} else {
			m.rate += (latest - m.rate) * min(1, since.Seconds()/rateMemory.Seconds())
		}
	}
	m.offset, m.told = offset, now
	return Progress{Offset: offset, Size: m.size, Rate: m.rate}, true
}
