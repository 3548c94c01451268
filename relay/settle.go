package relay

import (
	"context"
	"errors"
	"time"

	"github.com/paymux/paymux"
)

// retryJournal is how often a waiting request asks a journal that is away.
const retryJournal = 100 * time.Millisecond

// learn makes the claim's region known: by writing where the key goes, if it is new, or by reading where it
// went. The claim is held.
func (t *trip) learn(ctx context.Context) error {
	d, err := t.allowed(ctx, t.decide())
	if err != nil {
		return err
	}
	to := t.s.byName[d.To]
	if to == nil {
		return t.unknown(ctx, d)
	}
	for began := t.conf.Now(); ; {
		if d.To == d.Home && t.withoutJournal(to) {
			return nil
		}
		rev, err := t.ledger.put(ctx, t.claim.name, encode(entry{Region: to.Number, Name: to.Name}), 0)
		switch {
		case err == nil:
			t.claim.known, t.claim.region, t.claim.rev = true, to.Number, rev
			t.claim.fresh, t.claim.used, t.claim.epoch = true, false, t.ledger.era()
			return nil
		case errors.Is(err, ErrRewritten):
			return t.join(ctx)
		case d.To != d.Home || t.ledger.strict || !t.patient(ctx, began):
			return journalAway(err)
		}
		pause(ctx, retryJournal)
	}
}

// allowed is what of a decision may be done: a key leaves its home only where the journal is sound. What only should
// not stay, stays then.
func (t *trip) allowed(ctx context.Context, d Decision) (Decision, error) {
	if d.To == "" || d.To == d.Home {
		return d, nil
	}
	err := t.ledger.leave(ctx, d.Home)
	switch {
	case err == nil:
		return d, nil
	case d.Outage:
		return d, journalAway(err)
	}
	d.To, d.Why = d.Home, "to region "+d.Home+": no other may be chosen before the journal of keys is sound"
	t.explain(d)
	return d, nil
}

// patient reports whether a journal that is away is still worth waiting for, by a request that waits since began.
func (t *trip) patient(ctx context.Context, began time.Time) bool {
	l := t.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	return ctx.Err() == nil && l.seen && l.now().Sub(began) < l.Patience+2*l.Answer
}

// withoutJournal sends a key home although the journal does not have it: it is away, and nobody sends such keys elsewhere.
func (t *trip) withoutJournal(to *place) bool {
	if !t.ledger.bare(to.Name) || !t.s.stable(&t.ask, t.conf.Now(), t.ledger.Horizon) || !t.ledger.claims.lay(t.claim) {
		return false
	}
	t.why += "; the journal of keys is away"
	t.claim.known, t.claim.region, t.claim.fresh, t.claim.used = true, to.Number, false, true
	return true
}

// unknown asks where a key went that could go nowhere if it were new: a repeat may find its region.
func (t *trip) unknown(ctx context.Context, d Decision) error {
	_, _, err := t.ledger.get(ctx, t.claim.name)
	switch {
	case err == nil:
		return t.join(ctx)
	case errors.Is(err, ErrNotWritten):
		return t.nowhere(d)
	}
	return journalAway(err)
}

// join reads where a key went, and writes down that somebody else than who made the entry goes there, too: from then on the
// maker does not move it.
func (t *trip) join(ctx context.Context) error {
	for {
		body, rev, err := t.ledger.get(ctx, t.claim.name)
		if err != nil {
			return journalAway(err)
		}
		is, err := readEntry(body)
		if err != nil {
			return journalAway(err)
		}
		if !is.Used {
			is.Used = true
			_, err = t.ledger.put(ctx, t.claim.name, encode(is), rev)
			if errors.Is(err, ErrRewritten) && ctx.Err() == nil {
				continue
			}
			if err != nil {
				return journalAway(err)
			}
		}
		t.claim.known, t.claim.region, t.claim.fresh, t.claim.used, t.claim.epoch = true, is.Region, false, true, t.ledger.era()
		t.why, t.moved = "", false
		return nil
	}
}

// move takes a key to another region, where nothing can have been begun under it. The claim is held.
func (t *trip) move(ctx context.Context) (bool, error) {
	c := t.claim
	if !c.movable(t.ledger.era()) {
		return false, nil
	}
	d := t.decide()
	to := t.s.byName[d.To]
	if to == nil || to.Number == c.region {
		return false, nil
	}
	if d.To != d.Home { // back home needs nobody's leave
		if err := t.ledger.leave(ctx, d.Home); err != nil {
			return false, nil
		}
	}
	rev, err := t.ledger.put(ctx, c.name, encode(entry{Region: to.Number, Name: to.Name}), c.rev)
	if err != nil {
		c.known, c.fresh = false, false // whatever it is now, it has to be read
		if errors.Is(err, ErrRewritten) {
			return true, nil
		}
		return false, journalAway(err)
	}
	c.region, c.rev = to.Number, rev
	return true, nil
}

// era tells the journals apart that there were.
func (l *ledger) era() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.epoch
}

// journalAway is the answer where it cannot be known, or written down, which region a key belongs to.
func journalAway(cause error) error {
	e := paymux.Errorf(paymux.Unavailable, "It cannot be told just now which region has to process this request. Nothing was done. Repeat it with the same Idempotency-Key.").
		Because(errors.Join(errSpared, cause))
	e.RetryAfter = 1
	return e
}
