package learn

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/routing"
)

// State is how an account, or a merchant at one, does: small, and understood alike by every node. What is abnormal is
// probing from Probe on.
type State struct {
	Account  string            `json:"account"`
	Merchant paymux.MerchantID `json:"merchant,omitempty"` // empty: the account for all of them
	Abnormal bool              `json:"abnormal,omitempty"`
	Why      string            `json:"why,omitempty"`     // for people
	Since    time.Time         `json:"since"`             // when it became so
	Node     string            `json:"node"`              // that found it
	Broke    time.Time         `json:"broke,omitzero"`    // when it last left normal
	Probe    time.Time         `json:"probe,omitzero"`    // from when on it may be probed
	Strikes  int               `json:"strikes,omitempty"` // how often in succession it has failed: pauses grow by it
}

// Health at a time.
func (s *State) Health(now time.Time) routing.Health {
	switch {
	case !s.Abnormal:
		return routing.Normal
	case now.Before(s.Probe):
		return routing.Abnormal
	}
	return routing.Probing
}

// After is the order of what is said of one account or merchant: the last word is the truth. Words of the same moment go
// by their node, and those of one node by what they say, so that all who have heard the same believe the same.
func (s *State) After(other *State) bool {
	if c := s.Since.Compare(other.Since); c != 0 {
		return c > 0
	}
	if c := strings.Compare(s.Node, other.Node); c != 0 {
		return c > 0
	}
	if s.Abnormal != other.Abnormal {
		return s.Abnormal
	}
	if c := cmp.Compare(s.Strikes, other.Strikes); c != 0 {
		return c > 0
	}
	return s.Probe.After(other.Probe)
}

// statesAtMost bounds what States tells of one account.
const statesAtMost = 1000

// Changed is told, at least once after every change of a state by this node's own outcomes, that there is something to
// tell the others. One reader.
func (b *Book) Changed() <-chan struct{} { return b.changed }

// States are what there is to tell of an account, its own first, then its merchants', the newest first: all that are
// abnormal, and those that are normal again while failing again would be the same trouble. Of very many merchants, the
// newest thousand.
func (b *Book) States(account string) []State {
	a := b.find(account)
	if a == nil {
		return nil
	}
	now := b.now()
	var all []State
	add := func(s *standing) {
		if m := s.mark.Load(); m != nil && (m.Abnormal || b.strikes(&m.State, now) > 0) {
			all = append(all, m.State)
		}
	}
	a.merchants.each(func(_ paymux.MerchantID, s *standing) { add(s) })
	slices.SortFunc(all, func(x, y State) int {
		return cmp.Or(y.Since.Compare(x.Since), strings.Compare(string(x.Merchant), string(y.Merchant)))
	})
	own := len(all)
	add(&a.standing)
	if own < len(all) {
		all = slices.Insert(all[:own], 0, all[own])
	}
	return all[:min(len(all), statesAtMost)]
}

// aheadAtMost is how far another node's clock may be ahead. What is from later would outlive everything that is said truly.
const aheadAtMost = 10 * time.Minute

// Adopt believes what another node has found, if it is after what is known, and reports whether it was. Outcomes of
// before, and of calls under way, say nothing against it: an adopted state is changed only by what this node sees from
// now on, like its own. Nodes that see different things unsay each other, at most once a pause, and pauses grow.
func (b *Book) Adopt(s State) bool {
	now := b.now()
	a := b.account(s.Account)
	if a == nil || s.Since.After(now.Add(aheadAtMost)) {
		return false
	}
	s.Strikes = min(max(s.Strikes, 0), strikesAtMost)
	if most := now.Add(pause(b.policy.Load(), s.Strikes)); s.Probe.After(most) {
		s.Probe = most
	}
	at := &a.standing
	if s.Merchant != "" {
		at = a.merchants.use(s.Merchant, now.UnixNano(), nil)
	}
	for {
		was := at.mark.Load()
		if was != nil && !s.After(&was.State) || was == nil && !s.Abnormal && b.strikes(&s, now) == 0 {
			return false
		}
		if b.swap(a, at, was, s) {
			return true
		}
	}
}
