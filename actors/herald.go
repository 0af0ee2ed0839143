package actors

// herald is the actor that hands events to the embedding program, so that no
// other actor runs code that is not ours. Its inbox grows while OnEvent is slow:
// OnEvent must not block, and the supervisor's does not.
type herald struct {
	guard
	sys *System
}

func (h *herald) receive(msg any) {
	switch m := msg.(type) {
	case Event:
		if h.sys.set.OnEvent != nil {
			h.sys.set.OnEvent(m)
		}
	case quit:
		h.stop()
	}
}

func (h *herald) turn() {}

func (h *herald) recovered(_, _ any, _ []byte) { h.sys.count.panics.Add(1) }

func (h *herald) abandoned() bool { return false }

func (h *herald) gone() { h.sys.actorStopped() }
