package supervisor_test

import (
	"fmt"
	"testing"
	"time"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// TestSlowLink: a client whose link carries a few kilobytes a second fetches a
// file and answers its pings; it is never taken for dead, because no write lasts so
// long that a ping waits behind it. Guards G4, N21.
func TestSlowLink(t *testing.T) {
	for _, rate := range []int{2 << 10, 4 << 10, 32 << 10} {
		t.Run(fmt.Sprintf("%d bytes a second", rate), func(t *testing.T) {
			cfg := supervisor.Config{Interval: 6 * time.Second, Timeout: 12 * time.Second, WriteTimeout: time.Minute}
			inDepot(t, cfg, func(d *depot) {
				ann := d.join("ann")
				data := textOf("slow", 4<<20)
				id := ann.upload(putOf("slow", data, "ann"), data)
				slow := d.join("ann")
				slow.link.server.out.change(func(p *pipe) { p.room, p.rate = 2<<10, rate })
				slow.send(&wire.Get{Request: 100, File: id, Limit: wire.MaxFileSize})
				ms := 0 // how long an echo took at most, once the writes have found their size
				for i := range 60 {
					d.after(2 * time.Second)
					if i == 10 || i == 30 || i == 50 {
						start := time.Now()
						r := slow.next()
						slow.send(&wire.Ping{Time: r})
						want[*wire.Pong](slow)
						ms = max(ms, int(time.Since(start).Milliseconds()))
					}
				}
				if fits := 2 + 8<<10/rate; ms > 1000*fits {
					t.Errorf("a pong came %d ms after its ping", ms)
				}
				d.alive(slow)
				if slow.pinged() == 0 && rate < 4<<10 {
					t.Error("the server never asked")
				}
			})
		})
	}
}
