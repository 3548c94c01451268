package learn

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/routing"
)

// standing is how an account does, or a merchant at one.
type standing struct {
	mark     atomic.Pointer[mark] // nil: normal ever since it is known
	evidence evidence             // since the mark
	lost     bool                 // forgotten; guarded by the account's mu
}

// mark is a state with what this node has seen of it since.
type mark struct {
	State
	from time.Time    // when it was set here: calls begun before say nothing of it
	row  atomic.Int32 // probes that succeeded in succession
}

func (s *standing) abnormal() bool {
	m := s.mark.Load()
	return m != nil && m.Abnormal
}

func (b *Book) now() time.Time { return time.Unix(0, b.clock.Load()).UTC() }

// Health is how an account does for a merchant: the worse of its own and of the merchant's there.
func (b *Book) Health(merchant paymux.MerchantID, account string) routing.Health {
	pins := *b.pins.Load()
	if len(pins) == 0 && b.unwell.Load() == 0 {
		return routing.Normal // as most of the time
	}
	a := b.find(account)
	if len(pins) > 0 {
		return b.healthPinned(pins, merchant, account, a)
	}
	if a == nil {
		return routing.Normal
	}
	own := a.standing.mark.Load()
	if own == nil && a.troubled.Load() == 0 {
		return routing.Normal
	}
	return max(own.health(b.now()), b.healthThere(a, own, merchant))
}

// healthThere is how a merchant does at an account, besides the account's own troubles.
func (b *Book) healthThere(a *account, own *mark, merchant paymux.MerchantID) routing.Health {
	if a == nil || a.troubled.Load() == 0 {
		return routing.Normal
	}
	s := a.merchants.get(merchant)
	if s == nil {
		return routing.Normal
	}
	m := s.mark.Load()
	if b.covered(m, own) {
		return routing.Normal
	}
	return m.health(b.now())
}

func (b *Book) healthPinned(pins []Pin, merchant paymux.MerchantID, account string, a *account) routing.Health {
	now := b.now()
	var own *mark
	if a != nil {
		own = a.standing.mark.Load()
	}
	h, ok := pinned(pins, "", account, now)
	if !ok {
		h = own.health(now)
	}
	if there, ok := pinned(pins, merchant, account, now); ok && merchant != "" {
		return there
	}
	return max(h, b.healthThere(a, own, merchant))
}

func (m *mark) health(now time.Time) routing.Health {
	if m == nil {
		return routing.Normal
	}
	return m.Health(now)
}

// covered reports whether a merchant's trouble is its account's: it began with it, or a Window before, and goes with it.
func (b *Book) covered(m, account *mark) bool {
	if account == nil || m == nil || account.Broke.IsZero() || m.Broke.Before(account.Broke.Add(-b.policy.Load().Window)) {
		return false
	}
	return account.Abnormal || !m.Since.After(account.Since)
}

// observeHealth judges the account, and the merchant at it.
//
// Three rules keep one merchant's trouble from being the account's. While an account is normal, it is judged without the
// merchant that has most of its faults, and without merchants that are abnormal themselves. While it is abnormal,
// merchants are not judged: their trouble is its.
func (b *Book) observeHealth(a *account, o *Outcome) {
	p := b.policy.Load()
	slow := o.Latency > p.Latency
	if o.Was != 0 || !o.Result.fault() && !o.Result.works() && !slow {
		return
	}
	fault := o.Result.fault() || slow
	now := b.now()
	merchant := a.merchants.use(o.Merchant, now.UnixNano(), nil)
	own := a.standing.mark.Load()
	if own != nil && own.Abnormal {
		if m := merchant.mark.Load(); m == nil || !m.Abnormal || b.covered(m, own) {
			b.judge(a, &a.standing, nil, o, fault, p)
		}
		return
	}
	apart := a.suspect.is(merchant, fault, p.Least)
	if m := merchant.mark.Load(); m != nil && m.Abnormal && !b.covered(m, own) {
		apart = true
	}
	b.judge(a, merchant, own, o, fault, p)
	if !apart {
		b.judge(a, &a.standing, nil, o, fault, p)
	}
}

// judge moves a standing by an outcome. own is the account's mark: what was called before it says nothing of its
// merchants either.
func (b *Book) judge(a *account, s *standing, own *mark, o *Outcome, fault bool, p *routing.HealthPolicy) {
	m, now := s.mark.Load(), b.now()
	if s != &a.standing && m != nil && m.Abnormal && b.covered(m, own) { // over with the account's
		b.swap(a, s, m, State{Account: a.name, Merchant: o.Merchant, Since: after(now, m), Node: b.Node, Broke: m.Broke})
		m = s.mark.Load()
	}
	from, begun := latest(m.since(), own.since()), o.At.Add(-o.Latency)
	if begun.Before(from) {
		return
	}
	share, n := s.evidence.add(fault, now, from, p)
	enough := n >= float64(p.Least)
	switch m.health(now) {
	case routing.Normal:
		if enough && 1-share <= p.Fail {
			b.fail(a, s, m, o, share)
		}
	case routing.Probing:
		switch {
		case enough && 1-share >= p.Recover:
			b.heal(a, s, m, fmt.Sprintf("%.0f %% of recent calls went well", 100*(1-share)))
		case begun.Before(m.Probe): // in the pause, where nobody else took the payment: no probe
		case fault:
			b.fail(a, s, m, o, share)
		case m.row.Add(1) == int32(p.Successes):
			b.heal(a, s, m, fmt.Sprintf("%d probes in succession went well", p.Successes))
		}
	}
}

func (m *mark) since() time.Time {
	if m == nil {
		return time.Time{}
	}
	return m.from
}

func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// after is now, and later than what m says: what is said knowing m comes after it, whatever the clocks of the nodes.
func after(now time.Time, m *mark) time.Time {
	if m == nil || m.Since.Before(now) {
		return now
	}
	return m.Since.Add(time.Millisecond)
}

// fail makes a standing abnormal, or, where it was probed, abnormal for longer.
func (b *Book) fail(a *account, s *standing, was *mark, o *Outcome, share float64) {
	now := b.now()
	next := State{Account: a.name, Abnormal: true, Since: after(now, was), Node: b.Node, Broke: now, Strikes: 1}
	if s != &a.standing {
		next.Merchant = o.Merchant
	}
	next.Why = fmt.Sprintf("%.0f %% of recent calls failed or were slow", 100*share)
	if was != nil && was.Abnormal {
		next.Broke, next.Why = was.Broke, "a probe failed"
	}
	if was != nil {
		next.Strikes = min(b.strikes(&was.State, now)+1, strikesAtMost)
	}
	next.Probe = now.Add(pause(b.policy.Load(), next.Strikes))
	if b.swap(a, s, was, next) {
		b.tell()
	}
}

func (b *Book) heal(a *account, s *standing, was *mark, why string) {
	next := was.State
	next.Abnormal, next.Why, next.Since, next.Node, next.Probe = false, why, after(b.now(), was), b.Node, time.Time{}
	if b.swap(a, s, was, next) {
		b.tell()
	}
}

// strikesAtMost bounds pauses.
const strikesAtMost = 32

// pause is how long an account that failed so often in succession is left alone: with each time ProbeAfter longer. A
// probe that fails costs a payment its first attempt, an account that is left alone for too long costs more: doubling
// pauses lose more than they spare.
func pause(p *routing.HealthPolicy, strikes int) time.Duration {
	return p.ProbeAfter * time.Duration(min(max(strikes, 1), strikesAtMost))
}

// strikes are what is left at a time of those before: two Windows of doing well halve them. Failing while some are left
// is the same trouble, and pauses go on growing.
func (b *Book) strikes(s *State, now time.Time) int {
	if s.Abnormal {
		return s.Strikes
	}
	return s.Strikes >> max(0, now.Sub(s.Since)/(2*b.policy.Load().Window))
}

// swap sets a state unless another was quicker.
func (b *Book) swap(a *account, s *standing, was *mark, next State) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if s.mark.Load() != was {
		return false
	}
	if !s.lost && next.Abnormal != (was != nil && was.Abnormal) {
		more := map[bool]int64{true: 1, false: -1}[next.Abnormal]
		a.unwell.Add(more)
		if s != &a.standing {
			a.troubled.Add(more)
		}
	}
	s.mark.Store(&mark{State: next, from: b.now()})
	s.evidence.forget()
	return true
}

// tell wakes who tells the others.
func (b *Book) tell() {
	select {
	case b.changed <- struct{}{}:
	default:
	}
}
