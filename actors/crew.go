package actors

// crew are the idle actors that an actor wakes in its turn, with what it tells them
// through its crew. The goroutine that has run the turn runs them next, which saves
// a goroutine and, most often, waking a thread for each. It does so only when it
// has nothing more to do for the actor itself: else, and when there are many, other
// goroutines run them.
//
// It changes who runs an actor, and nothing else: what is told is in the mailbox at
// once, in the order of telling. In a simulation it is not used: the scheduler there
// is asked about each actor by itself.
//
// It is owned by the turn of the actor that has it, who is a crewed; nobody may tell
// through it outside of the turn.
type crew struct {
	next []*guard // fewer than crewSize
	last []*guard // likewise: can wait for the others
}

// crewSize is how many actors one goroutine runs one after the other.
const crewSize = 4

// crewed is an actor that tells others through a crew. It is the only one of its
// family.
type crewed interface{ woken() *crew }

// tell is guard.tell of to.
func (k *crew) tell(to *guard, msg any) { put(&k.next, to, msg) }

// tellLast is the same for what nobody waits for.
func (k *crew) tellLast(to *guard, msg any) { put(&k.last, to, msg) }

func put(list *[]*guard, to *guard, msg any) {
	if to.of.hooks != nil {
		to.tell(msg)
		return
	}
	if !to.box.put(msg) {
		return
	}
	if *list == nil {
		*list = make([]*guard, 0, crewSize)
	}
	*list = append(*list, to)
	if len(*list) == crewSize {
		go runAll(*list)
		*list = nil
	}
}

// take returns those who are to be run before rest, and rest behind them.
func (k *crew) take(rest []*guard) []*guard {
	switch {
	case len(k.next)+len(k.last) == 0:
		return rest
	case len(rest) == 0 && len(k.last) == 0:
		rest = k.next
	case len(rest) == 0 && len(k.next) == 0:
		rest = k.last
	default:
		rest = append(append(k.next, k.last...), rest...)
	}
	k.next, k.last = nil, nil
	return rest
}

// runAll runs actors, one after the other.
func runAll(all []*guard) {
	for len(all) > 0 {
		all = all[0].shift(all[1:])
	}
}
