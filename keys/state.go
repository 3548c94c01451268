package keys

import (
	"fmt"
	"slices"
)

// State is where a version is in its life.
type State string

const (
	Pending   State = "pending"   // made and not used yet: its public half is being handed to the institution
	Active    State = "active"    // signs and encrypts; at most one of a key
	Retiring  State = "retiring"  // verifies and decrypts what comes late; signs only where named by its KeyID
	Destroyed State = "destroyed" // its material is gone
)

// States lists every state.
func States() []State { return []State{Pending, Active, Retiring, Destroyed} }

// follows says what may come after what. Back from retiring to active is a rotation taken back.
// An active version is retired before it is destroyed, so that no single word can stop payments.
var follows = map[State][]State{
	Pending:  {Active, Destroyed},
	Active:   {Retiring},
	Retiring: {Active, Destroyed},
}

// CanBecome reports whether a version in s may go over to next.
func (s State) CanBecome(next State) bool { return slices.Contains(follows[s], next) }

// Live reports whether a version may be used at all.
func (s State) Live() bool { return s == Active || s == Retiring }

func (s State) become(next State) error {
	if !s.CanBecome(next) {
		return fmt.Errorf("%w: a version that is %s cannot become %s", ErrState, s, next)
	}
	return nil
}
