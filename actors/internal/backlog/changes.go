package backlog

// changes are what has become of users since the batch before, the last word
// about each, in the order of their first.
type changes[U any] struct {
	index  map[string]int // in list
	list   []change[U]
	struck int // offline in list
	none   int // nothing in list
}

type change[U any] struct {
	user  string
	value U
	state state
	// fresh: the disk does not have the user, whatever became of earlier
	// batches. Then its departure needs no writing.
	fresh bool
}

type state uint8

const (
	nothing state = iota
	online
	offline
)

func (c *changes[U]) online(user string, value U, came bool) {
	i, ok := c.index[user]
	if !ok {
		c.add(change[U]{user: user, value: value, state: online, fresh: came})
		return
	}
	x := &c.list[i]
	switch x.state {
	case offline:
		c.struck--
	case nothing:
		c.none--
	}
	x.value, x.state = value, online
}

// offline reports false when the bound has cost the change.
func (c *changes[U]) offline(user string) bool {
	i, ok := c.index[user]
	switch {
	case !ok:
		if c.struck >= MaxStruck {
			return false
		}
		c.struck++
		c.add(change[U]{user: user, state: offline})
		return true
	case c.list[i].state != online:
		return true
	}
	var none U
	x := &c.list[i]
	x.value = none
	if x.fresh || c.struck >= MaxStruck {
		x.state = nothing
		c.none++
		kept := x.fresh
		c.compact()
		return kept
	}
	x.state = offline
	c.struck++
	return true
}

func (c *changes[U]) add(x change[U]) {
	if c.index == nil {
		c.index = make(map[string]int)
	}
	c.index[x.user] = len(c.list)
	c.list = append(c.list, x)
}

// compact drops what has come to nothing, once that is most of the list.
func (c *changes[U]) compact() {
	if c.none < 1024 || c.none < len(c.list)/2 {
		return
	}
	old := c.list
	c.list, c.index, c.none = make([]change[U], 0, len(old)-c.none), make(map[string]int, len(old)-c.none), 0
	for _, x := range old {
		if x.state != nothing {
			c.add(x)
		}
	}
}

func (c *changes[U]) live() int { return len(c.list) - c.none }

func (c *changes[U]) lists() (on []U, off []string) {
	for i := range c.list {
		switch x := &c.list[i]; x.state {
		case online:
			on = append(on, x.value)
		case offline:
			off = append(off, x.user)
		}
	}
	return on, off
}

// after makes c what has to be written now that sent, which came before it, may
// have been written in part or not at all. It returns how many departures the
// bound has cost.
func (c *changes[U]) after(sent changes[U]) (lost int) {
	newer := *c
	*c = changes[U]{}
	put := func(x change[U]) {
		x.fresh = x.fresh && x.state == online
		if x.state == offline {
			if c.struck >= MaxStruck {
				lost++
				return
			}
			c.struck++
		}
		c.add(x)
	}
	for _, x := range sent.list {
		if x.state == nothing {
			continue
		}
		if i, ok := newer.index[x.user]; ok {
			y := &newer.list[i]
			if x = *y; x.state == nothing { // it came and went after it had left
				x.state = offline
			}
			y.state = nothing
		}
		x.fresh = false
		put(x)
	}
	for _, x := range newer.list {
		if x.state != nothing {
			put(x)
		}
	}
	return lost
}
