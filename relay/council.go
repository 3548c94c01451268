package relay

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// Council is how the frontends of a deployment agree, while the journal is away, that for a while none of them lets a
// key leave its home: what one of them sends home without the journal could otherwise be sent elsewhere by another one, which
// can reach the journal and not that home. NATSCouncil is one.
type Council interface {
	// Others are the IDs of all other frontends that may be there. known is false where that cannot be told.
	Others() (ids []string, known bool)
	// Ask asks all others, and returns the answers that came before ctx ended, by ID.
	Ask(ctx context.Context, question []byte) map[string][]byte
	// Serve has answer called for others' questions until stop. from is the ID of who asks.
	Serve(answer func(from string, question []byte) []byte) (stop func(), err error)
}

// plea is the question: let no key leave its home, or, once the journal knows all that its asker did without it, that this is over.
type plea struct {
	Over bool `json:"over"`
}

// promise is the answer: for a Settle from now on, no key leaves its home here, nor until the asker says that it is over, for a while.
type promise struct {
	Left map[string]time.Time `json:"left"` // when keys last left a home, as far as this frontend knows
}

// pendingFor is for how many Settles a frontend is waited for that never says that it has told the journal everything.
const pendingFor = 12

// promise keeps keys at home, and says which homes keys have left before.
func (l *ledger) promise(from string, question []byte) []byte {
	var p plea
	if json.Unmarshal(question, &p) != nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if p.Over {
		delete(l.pending, from)
	} else {
		l.settleUntil(l.now().Add(l.Settle))
		l.pending[from] = l.now().Add(pendingFor * l.Settle)
	}
	body, _ := json.Marshal(promise{Left: l.marks.Left}) // there is nothing in it that could not be written
	return body
}

// awaited reports whether a frontend that was promised something has not told the journal everything yet. mu is held.
func (l *ledger) awaited() bool {
	for id, until := range l.pending {
		if l.now().After(until) {
			delete(l.pending, id)
		}
	}
	return len(l.pending) > 0
}

// convene asks the others, where the journal is away for so long that keys may have to go home without it, and until it has
// been told of all that did. What is shorter asks nobody: whoever was asked and hears nothing more waits for a minute.
func (l *ledger) convene(ctx context.Context) {
	if l.council == nil || l.strict {
		return
	}
	l.mu.Lock()
	wanted := l.seen && !l.away.IsZero() && l.now().Sub(l.away) >= l.Patience-l.Probe || l.claims.owing()
	asking := l.asking
	l.asking = wanted || asking
	l.mu.Unlock()
	if !wanted && !asking {
		return
	}
	question, _ := json.Marshal(plea{Over: !wanted}) // as with the answer
	ctx, cancel := context.WithTimeout(ctx, l.Probe)
	defer cancel()
	asked := l.now()
	answers := l.council.Ask(ctx, question)
	others, known := l.council.Others()
	silent := slices.DeleteFunc(slices.Clone(others), func(id string) bool { return answers[id] != nil })
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, body := range answers {
		var p promise
		if json.Unmarshal(body, &p) != nil {
			silent = append(silent, id)
			continue
		}
		l.hearLeft(p.Left)
	}
	switch all := known && len(silent) == 0; {
	case !all && wanted && l.now().After(l.agreed):
		l.log.Debug("not all frontends agree that keys stay at home", "silent", silent, "known", known)
	case all && wanted:
		l.agreed = asked.Add(l.Settle - l.Settle/4) // theirs began later, and clocks run differently fast
	case all:
		l.asking, l.agreed = false, time.Time{}
	}
}

// hearLeft takes from another frontend what the journal would say if it were there. mu is held.
func (l *ledger) hearLeft(left map[string]time.Time) {
	for home, at := range left {
		if !l.marks.Left[home].Before(at) {
			continue
		}
		if l.marks.Left = maps.Clone(l.marks.Left); l.marks.Left == nil {
			l.marks.Left = map[string]time.Time{}
		}
		l.marks.Left[home] = at
	}
}

// agrees reports whether no other frontend lets keys leave their homes just now. mu is held.
func (l *ledger) agrees() bool { return l.council == nil || l.now().Before(l.agreed) }
