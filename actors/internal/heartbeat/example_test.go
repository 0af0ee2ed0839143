package heartbeat_test

import (
	"fmt"
	"time"

	"example.com/rollcall/actors/internal/heartbeat"
)

// A connection that answers one ping and then falls silent.
func ExampleMonitor() {
	times := heartbeat.Bounds{}.Negotiate(0, 20*time.Second)
	m := heartbeat.New(0, times, 0)
	signs := heartbeat.Signs{}

	for now, action := m.Next(), heartbeat.Wait; action != heartbeat.Expire; {
		at := now
		action, now = m.Check(at, signs, 0)
		fmt.Println(at, action)
		if m.Sent() == 1 && m.Answered() == 0 {
			pong := at + 50*time.Millisecond
			signs.LastHeard = pong
			m.Pong(pong, at)
		}
	}
	fmt.Println("round trip", m.RTT(), "missed", m.Missed())
	// Output:
	// 10s ping
	// 20s wait
	// 20.05s ping
	// 30.05s expire
	// round trip 50ms missed 1
}

// The server stood still for a minute. The check that comes too late expires
// nobody: the peer is asked again.
func ExampleStallMonitor() {
	server := heartbeat.NewStallMonitor(100 * time.Millisecond)
	server.Beat(0)
	m := heartbeat.New(0, heartbeat.Times{Interval: 15 * time.Second, Timeout: 30 * time.Second}, 0)

	now := time.Minute
	fmt.Println("stalled:", server.Beat(now))
	var signs heartbeat.Signs
	server.Stalls().Sign(now, &signs)
	fmt.Println(m.Check(now, signs, 0))
	// Output:
	// stalled: true
	// ping 1m15s
}

func ExampleBounds_Negotiate() {
	b := heartbeat.Bounds{MaxTimeout: time.Minute}
	fmt.Println(b.Negotiate(0, 0))
	fmt.Println(b.Negotiate(20*time.Second, time.Hour))
	fmt.Println(b.Negotiate(20*time.Second, 10*time.Second))
	// Output:
	// {15s 30s}
	// {20s 1m0s}
	// {5s 10s}
}
