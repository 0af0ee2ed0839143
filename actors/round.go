package actors

// round is what a poller does between two looks at the kernel: it reads what has
// come, runs the connections that it came for, and then, or once roundFrames have come,
// runs those long-lived actors that these have woken, and whom they wake in turn. So a departure goes from the
// socket that ended to the watchers' sockets on one thread: no other has to be woken
// for it, which costs more than all that is done.
//
// The poller's other sockets wait meanwhile. What bounds that: an actor is run for one
// turn, and for more by a goroutine of its own; so are all that are left over after
// roundHops, and all of them while presence is told to many (System.manyTold). What may
// take longer is not told through it, such as a watch, whose answer has all users in it.
//
// Like a crew it changes who runs an actor, and nothing else. It is owned by its
// poller's goroutine.
type round struct {
	sys    *System // static after construction
	crew   crew
	frames int // that have come since it was last ended
}

const (
	// roundHops is how many actors a poller runs at the end of a round, and each time
	// before it.
	roundHops = 32
	// roundFrames is how many frames a round brings before those run whom they woke:
	// else the first answer would wait until the last socket is read.
	roundFrames = 32
	// roundWatchers is how many watchers may be told by one flush on a poller's
	// goroutine. Beyond that several are to write at the same time.
	roundWatchers = 32
)

// wake tells another actor in the name of one that the round runs.
func (r *round) wake(to *guard, msg any) { r.crew.tell(to, msg) }

// end runs those who were woken.
func (r *round) end() {
	r.frames = 0
	all := r.crew.take(nil)
	if len(all) > 0 && r.sys.manyTold.Load() {
		go runAll(all)
		return
	}
	for n := 0; len(all) > 0; n++ {
		if n == roundHops {
			go runAll(all)
			return
		}
		all = all[0].hop(all[1:])
	}
}

// hop runs one turn of the actor, and returns who is to be run then: those whom it
// has woken, and before that rest. What has come meanwhile is for another goroutine.
func (g *guard) hop(rest []*guard) []*guard {
	first, more := g.box.next()
	if first == nil {
		return rest
	}
	g.turnOf(first, more)
	rest = g.takeWoken(rest)
	if more != nil {
		returnQueue(more)
	}
	if !g.box.rest() {
		go g.run()
	}
	return rest
}

// wakes tells a long-lived actor something for which it needs but a moment, on
// whose answer or effect somebody waits. All else is told with tell.
func (c *connection) wakes(to *guard, msg any) {
	if c.box.inRound {
		if park, ok := c.transport.(parked); ok {
			if r := park.inRound(); r != nil {
				r.wake(to, msg)
				return
			}
		}
	}
	to.tell(msg)
}
