package admin

import "example.com/rollcall/supervisor"

// Files is what /varz tells of the store. Sizes are in bytes.
type Files struct {
	Files        int   `json:"files"` // visible
	Bytes        int64 `json:"bytes"`
	Partials     int   `json:"partials"`       // arriving, or interrupted
	Reserved     int64 `json:"reserved_bytes"` // their full sizes
	Garbage      int   `json:"garbage"`        // removed from view; the disk refuses to let go of it
	GarbageBytes int64 `json:"garbage_bytes"`
}

// usage is nil when there is no store.
func usage(s supervisor.Store) *Files {
	if s == nil {
		return nil
	}
	u := s.Usage()
	return &Files{
		Files: u.Files, Bytes: u.Bytes, Partials: u.Partials, Reserved: u.Reserved,
		Garbage: u.Garbage, GarbageBytes: u.GarbageBytes,
	}
}
