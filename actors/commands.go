package actors

import (
	"context"
	"fmt"

	"example.com/rollcall/wire"
)

// Kick ends a connection with reason kicked; the client is told text. It
// returns ErrNotFound when there is no such connection.
func (s *System) Kick(ctx context.Context, id uint64, text string) error {
	found, err := fromRegistry(ctx, s, func(r *registry) bool {
		c := r.all[id]
		if c != nil {
			c.tell(stopConnection{reason: wire.ReasonKicked, detail: text})
		}
		return c != nil
	})
	if err == nil && !found {
		err = ErrNotFound
	}
	return err
}

// KickUser ends all connections of a user and returns how many. A user who is held
// online by a grace has none, and goes offline now. ErrNotFound when neither is so.
func (s *System) KickUser(ctx context.Context, user, text string) (int, error) {
	held := false
	n, err := fromUsers(ctx, s, func(u *userManager) int {
		if d, ok := u.book.GiveUp(user); ok {
			held = true
			u.depart(d)
		}
		conns := u.book.Connections(user)
		for _, id := range conns {
			if c := u.conns[id]; c != nil {
				c.tell(stopConnection{reason: wire.ReasonKicked, detail: text})
			}
		}
		return len(conns)
	})
	if err == nil && n == 0 && !held {
		err = ErrNotFound
	}
	return n, err
}

// Push sends a one-way application message to every session of a user, and
// returns for how many it was queued; none is no error.
func (s *System) Push(ctx context.Context, user, kind string, body []byte) (int, error) {
	return s.push(ctx, pushUser{user: user}, kind, body)
}

// PushAll sends a one-way application message to every session of every user.
func (s *System) PushAll(ctx context.Context, kind string, body []byte) (int, error) {
	return s.push(ctx, pushUser{everyone: true}, kind, body)
}

func (s *System) push(ctx context.Context, m pushUser, kind string, body []byte) (int, error) {
	frame, err := wire.Append(nil, &wire.App{Kind: kind, Body: body})
	if err != nil {
		return 0, err
	}
	if len(frame)-4 > s.set.MaxFrame {
		return 0, fmt.Errorf("%w: %d bytes", wire.ErrFrameTooLarge, len(frame)-4)
	}
	sessions := make(chan int, 1)
	m.frame, m.sessions = frame, sessions
	s.users.tell(m)
	return await(ctx, s, sessions)
}
