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
	epoch := t.ledger.era()
	d, proven, err := t.allowed(ctx, t.decidePresent(ctx))
	if err != nil {
		return err
	}
	to := t.s.byName[d.To]
	if to == nil {
		return t.unknown(ctx, d)
	}
	var was uint64 // what is in the journal and counts for nothing
	for began := t.conf.Now(); ; {
		if !proven && t.withoutJournal(to) {
			return nil
		}
		if err := t.ledger.hopeless(); err != nil {
			return journalAway(err)
		}
		rev, err := t.ledger.put(ctx, t.claim.name, encode(entry{Region: to.Number, Name: to.Name}), was)
		switch {
		case err == nil:
			return t.made(ctx, to, rev, epoch, proven)
		case errors.Is(err, ErrRewritten):
			if was, err = t.join(ctx, proven); was == 0 {
				return err
			}
		case proven || t.ledger.strict || !t.patient(ctx, began):
			return journalAway(err)
		default:
			pause(ctx, retryJournal)
		}
	}
}

// made takes an entry that was just written. Where that is what proves the key new, the journal must be the one that
// knew of its first sending, if there was one: had it been lost meanwhile, the entry would prove nothing.
func (t *trip) made(ctx context.Context, to *place, rev uint64, epoch int, proven bool) error {
	if proven {
		if err := t.ledger.confirm(ctx, epoch); err != nil {
			_, _ = t.ledger.put(ctx, t.claim.name, encode(entry{Void: true}), rev) // if that fails, too, nobody joins it before the journal is settled
			return journalAway(err)
		}
	}
	t.claim.known, t.claim.region, t.claim.rev = true, to.Number, rev
	t.claim.fresh, t.claim.used, t.claim.epoch = true, false, epoch
	return nil
}

// allowed is what of a decision may be done: a key goes where it may not have gone before only
// while the journal is sound. What only should not stay at home, stays then. proven: the journal's silence is the only
// proof that the key is new.
func (t *trip) allowed(ctx context.Context, d Decision) (is Decision, proven bool, err error) {
	if d.To == "" {
		return d, false, nil
	}
	if d.To != d.Home {
		err := t.ledger.leave(ctx, d.Home)
		switch {
		case err == nil:
			return d, true, nil
		case d.Outage:
			return d, true, journalAway(err)
		}
		d.To, d.Why = d.Home, "to region "+d.Home+": no other may be chosen before the journal of keys is sound"
		t.explain(d)
	}
	if t.s.stable(&t.ask, t.conf.Now(), t.ledger.Horizon) && !t.ledger.left(d.Home) {
		return d, false, nil
	}
	if err := t.ledger.await(ctx, false); err != nil {
		return d, true, journalAway(err)
	}
	return d, true, nil
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
	if !t.ledger.bare(to.Name) || !t.ledger.claims.lay(t.claim) {
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
		if void, err := t.join(ctx, true); void == 0 {
			return err
		}
		return t.nowhere(d)
	case errors.Is(err, ErrNotWritten):
		return t.nowhere(d)
	}
	return journalAway(err)
}

// join reads where a key went, and writes down that somebody else than who made the entry goes there, too: from then on the
// maker does not move it. Where the entry had to prove the key new, who made it may be finding out that it proves
// nothing. void is the revision of an entry that counts for nothing, 0 otherwise.
func (t *trip) join(ctx context.Context, proven bool) (void uint64, err error) {
	for epoch := t.ledger.era(); ; {
		body, rev, err := t.ledger.get(ctx, t.claim.name)
		if err != nil {
			return 0, journalAway(err)
		}
		is, err := readEntry(body)
		if err != nil {
			return 0, journalAway(err)
		}
		if is.Void {
			return rev, nil
		}
		if p := t.s.byNumber[is.Region]; proven || p == nil || p.Name != t.home {
			if err := t.ledger.confirm(ctx, epoch); err != nil {
				return 0, journalAway(err)
			}
		}
		if !is.Used {
			is.Used = true
			_, err = t.ledger.put(ctx, t.claim.name, encode(is), rev)
			if errors.Is(err, ErrRewritten) && ctx.Err() == nil {
				continue
			}
			if err != nil {
				return 0, journalAway(err)
			}
		}
		t.claim.known, t.claim.region, t.claim.fresh, t.claim.used, t.claim.epoch = true, is.Region, false, true, epoch
		t.why, t.moved = "", false
		return 0, nil
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
	if err := t.ledger.confirm(ctx, c.epoch); err != nil { // in a new journal the revision would have proved nothing
		c.known, c.fresh = false, false
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
