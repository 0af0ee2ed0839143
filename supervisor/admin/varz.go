package admin

import (
	"net/http"
	"runtime"
	"runtime/metrics"
	"time"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// Vars is what /varz answers.
type Vars struct {
	Release  string    `json:"release"`
	Protocol int       `json:"protocol"` // the version on the wire
	Epoch    uint64    `json:"epoch"`    // this life of the server
	Started  time.Time `json:"started"`
	Uptime   float64   `json:"uptime_s"`
	Ready    bool      `json:"ready"`

	Counts   supervisor.Counts   `json:"counts"`
	Counters supervisor.Counters `json:"counters"`
	Files    *Files              `json:"files,omitempty"` // nil: a server without files
	Process  Process             `json:"process"`
}

// Process is what /varz tells of the Go process. Sizes are in bytes.
type Process struct {
	Go         string `json:"go"` // version
	Platform   string `json:"platform"`
	CPUs       int    `json:"cpus"` // that Go uses
	Goroutines int    `json:"goroutines"`
	Heap       uint64 `json:"heap_bytes"`  // live and not yet swept objects
	Memory     uint64 `json:"total_bytes"` // all that Go has from the system
	GCs        uint64 `json:"gc_cycles"`
}

func (a *api) varz(r *http.Request) (any, error) {
	if _, err := parse(r); err != nil {
		return nil, err
	}
	counts, err := a.supervisor.Counts(r.Context())
	if err != nil {
		return nil, err
	}
	return Vars{
		Release: a.options.Release, Protocol: wire.Version, Epoch: a.supervisor.Epoch(),
		Started: a.options.Started, Uptime: time.Since(a.options.Started).Seconds(),
		Ready: a.supervisor.Ready(), Counts: counts, Counters: a.supervisor.Counters(),
		Files: usage(a.options.Store), Process: process(),
	}, nil
}

// process reads what does not stop the world.
func process() Process {
	samples := []metrics.Sample{
		{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/total:bytes"},
		{Name: "/gc/cycles/total:gc-cycles"},
	}
	metrics.Read(samples)
	read := func(i int) uint64 {
		if v := samples[i].Value; v.Kind() == metrics.KindUint64 {
			return v.Uint64()
		}
		return 0 // this runtime does not have it
	}
	return Process{
		Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
		CPUs: runtime.GOMAXPROCS(0), Goroutines: runtime.NumGoroutine(),
		Heap: read(0), Memory: read(1), GCs: read(2),
	}
}
