package actors

import (
	"context"
	"time"

	"example.com/rollcall/actors/record"
	"example.com/rollcall/wire"
)

// A crash is a departure (G7, P2). What the earlier life of the server has left
// on the roll is taken over before anybody can connect: those users are online
// for everybody until their grace is over, and go offline with node_lost if they
// have not come back by then. They stay on the roll meanwhile, with the time when
// they were last known alive, so that a second crash loses and repeats nothing.

// startPatience bounds how long a start waits for its first batch to be on the
// disk, so that a life that has begun is known to the next one. A disk that is
// slower costs no start.
const startPatience = time.Second

// restore takes over what was left. It runs before the user manager does.
func (s *System) restore(left record.Left) {
	if s.recorder == nil {
		return
	}
	now := s.set.Wall()
	left.Damage = record.AllDamage(left, s.set.Journal)
	s.recorder.tell(&record.Life{
		At: now.UnixMilli(), Epoch: s.set.Epoch, Node: s.set.Node, Crashed: left.Epoch != 0 && !left.Clean,
		Before: left.Epoch, LastAlive: left.Alive, Users: len(left.Users), Lost: left.Damage,
	})
	if s.set.Roll == nil {
		return
	}
	if len(left.Users) > 0 || left.Damage != "" {
		s.herald.tell(s.users.restore(left, now))
	}
	written := make(chan error, 1)
	s.recorder.tell(recordSync{written})
	patience := time.NewTimer(startPatience)
	defer patience.Stop()
	select {
	case <-written:
	case <-patience.C:
	}
}

// restore puts those on the roll into the book and onto the board.
func (u *userManager) restore(left record.Left, now time.Time) Restored {
	until := u.sys.now() + u.sys.set.GraceRestart
	e := Restored{
		Epoch: u.sys.set.Epoch, Before: left.Epoch, LastAlive: time.UnixMilli(left.Alive),
		Until: now.Add(u.sys.set.GraceRestart), Damage: left.Damage, At: now,
	}
	for _, x := range left.Users {
		if wire.ValidUser(x.User) != nil {
			continue // nobody can have logged in so
		}
		if x.Lost == 0 {
			x.Lost = left.Alive
		}
		if !u.book.Restore(x.User, x.Since, x.Lost, until) {
			continue // named twice
		}
		u.board.Restore(x.User, x.Since)
		x.Sessions, x.Version = 0, 0
		u.sys.recorder.tell(rollOnline{user: x})
		e.Users = append(e.Users, RestoredUser{
			User: x.User, Since: time.UnixMilli(x.Since), LastAlive: time.UnixMilli(x.Lost),
		})
	}
	u.sys.count.restored.Store(uint64(len(e.Users)))
	u.tell(graceDue{}) // arms the timer
	return e
}

// enrol tells the recorder how many sessions an online user has.
func (u *userManager) enrol(user string, sessions int, came bool) {
	if u.sys.set.Roll == nil {
		return
	}
	since, ok := u.board.Online(user)
	if !ok {
		return
	}
	u.crew.tellLast(&u.sys.recorder.guard, rollOnline{came: came, user: record.RollUser{
		User: user, Sessions: sessions, Since: since, Version: u.board.Version(),
	}})
}

// strike takes a user who has gone offline off the roll.
func (u *userManager) strike(user string) {
	if u.sys.set.Roll != nil {
		u.crew.tellLast(&u.sys.recorder.guard, rollOffline{user: user, version: u.board.Version()})
	}
}

// Sync waits until all that has happened before the call is in the journal and
// on the roll, as far as they can be written. It returns the error of the
// attempt, or ctx's.
func (s *System) Sync(ctx context.Context) error {
	if s.recorder == nil {
		return nil
	}
	done := make(chan error, 1)
	// By way of the two actors whose news the recorder must have had.
	s.registry.tell(registryQuery{func(r *registry) {
		r.sys.users.tell(userQuery{func(u *userManager) { u.sys.recorder.tell(recordSync{done}) }, func() { close(done) }})
	}, func() { close(done) }})
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-s.stopped:
		return ErrShutdown
	}
}

// Forget removes what is kept of a user: the records that name it, in memory and
// in the journal, and its entry in the roll unless it is online or held: that goes
// when the user does. It returns how many records of the journal there were.
func (s *System) Forget(ctx context.Context, user string) (int, error) {
	if _, err := fromRegistry(ctx, s, func(r *registry) bool {
		r.recent.forget(user)
		return true
	}); err != nil || s.recorder == nil {
		return 0, err
	}
	answer := make(chan forgotten, 1)
	if _, err := fromUsers(ctx, s, func(u *userManager) bool {
		_, here := u.book.Of(user)
		// From here, so that a login that follows comes behind it.
		u.sys.recorder.tell(recordForget{user: user, roll: !here, answer: answer})
		return true
	}); err != nil {
		return 0, err
	}
	f, err := await(ctx, s, answer)
	if err != nil {
		return 0, err
	}
	return f.records, f.err
}
