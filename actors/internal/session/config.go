package session

import (
	"errors"
	"fmt"
	"time"
)

// Policy says what a login does when its user has a session already.
type Policy uint8

const (
	// Many lets every login add a session, up to Config.MaxPerUser.
	Many Policy = iota
	// Replace lets the newer connection's login end the older sessions. Newer
	// means accepted later (S3).
	Replace
	// Refuse keeps the session that is there, and refuses the login unless it
	// proves by its token that it is the same session.
	Refuse

	policyCount = 3
)

// String returns "many", "replace" or "refuse".
func (p Policy) String() string {
	switch p {
	case Many:
		return "many"
	case Replace:
		return "replace"
	case Refuse:
		return "refuse"
	default:
		return fmt.Sprintf("policy_%d", uint8(p))
	}
}

// Defaults of a Config whose fields are zero.
const (
	DefaultMaxPerUser = 64
	DefaultMaxHeld    = 1_000_000
)

// Config is what a book is told once. The zero value is usable: many sessions a
// user, no grace.
type Config struct {
	Policy Policy
	// Grace is how long 'offline' is held back after the last session of a user
	// was lost for an involuntary reason (wire.Reason.Involuntary). Zero: not
	// at all.
	Grace time.Duration
	// MaxPerUser bounds the sessions of one user, DefaultMaxPerUser when zero.
	MaxPerUser int
	// MaxHeld bounds the users that are held at one time, DefaultMaxHeld when
	// zero. Past it a lost user goes offline at once.
	MaxHeld int
}

// ErrConfig is wrapped by every error of Config.Validate.
var ErrConfig = errors.New("session: bad config")

// Validate reports every field that makes no sense, joined. Each error wraps
// [ErrConfig].
func (c Config) Validate() error {
	var all []error
	bad := func(format string, args ...any) {
		all = append(all, fmt.Errorf("%w: "+format, append([]any{ErrConfig}, args...)...))
	}
	if c.Policy >= policyCount {
		bad("unknown policy %d", uint8(c.Policy))
	}
	if c.Grace < 0 {
		bad("the grace is negative: %v", c.Grace)
	}
	if c.MaxPerUser < 0 {
		bad("the most sessions a user are negative: %d", c.MaxPerUser)
	}
	if c.MaxHeld < 0 {
		bad("the most held users are negative: %d", c.MaxHeld)
	}
	return errors.Join(all...)
}

// withDefaults fills the zero fields. What Validate would refuse is read as
// zero: a book is built in any case.
func (c Config) withDefaults() Config {
	c.Grace = max(c.Grace, 0)
	if c.MaxPerUser <= 0 {
		c.MaxPerUser = DefaultMaxPerUser
	}
	if c.MaxHeld <= 0 {
		c.MaxHeld = DefaultMaxHeld
	}
	return c
}
