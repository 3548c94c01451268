package relay

import (
	"context"
	"errors"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/rpc"
	"github.com/paymux/paymux/internal/wire"
)

// of finds the region an ID was issued in.
func (s *snapshot) of(id string) (*place, error) {
	number, ok := paymux.RegionOf(id)
	if !ok {
		return nil, paymux.Errorf(paymux.InvalidID, "%q is not an ID.", id)
	}
	p, ok := s.byNumber[number]
	switch {
	case ok:
	case s.partial:
		return nil, unread()
	default:
		return nil, paymux.Errorf(paymux.NotFound, "There is nothing of ID %s here: no region %d is configured.", id, number).Because(paymux.ErrNoRegion)
	}
	return p, nil
}

// byID asks the region an ID was issued in.
func byID[R any](r *Relay, ctx context.Context, id string, ask func(Node) (R, error)) (R, error) {
	var none R
	s := r.shown.Load()
	p, err := s.of(id)
	if err != nil {
		return none, err
	}
	if p.Node == nil {
		p.tally.spared.Add(1)
		return none, away(p, r.conf.Now())
	}
	reply, err := through(r, ctx, s, p, p.heard, func() (R, error) { return ask(p.Node) })
	if errors.Is(err, errSpared) {
		p.tally.spared.Add(1)
	}
	return reply, err
}

// through asks a region if its circuit lets the question through. A region that is alone has no circuit: there is
// nobody who could do its work.
func through[R any](r *Relay, ctx context.Context, s *snapshot, p *place, judge func(error) result, ask func() (R, error)) (reply R, err error) {
	if len(s.places) == 1 {
		return ask()
	}
	probe, ok := p.circuit.enter(r.conf.Now())
	if !ok {
		return reply, away(p, r.conf.Now())
	}
	judged := nothing // also where ask panics
	unsuspected := r.suspicion(p)
	defer func() {
		unsuspected()
		if p.circuit.leave(probe, judged, r.conf.Now()) {
			r.spare(p)
		}
	}()
	reply, err = ask()
	if judged = judge(err); ctx.Err() != nil && judged == missed {
		judged = nothing // whoever asked has gone: nobody waited for the answer
	}
	return reply, err
}

// heard judges an error about something that exists: only what was not answered counts against the region.
func (p *place) heard(err error) result {
	if err != nil && !p.Here && (errors.Is(err, rpc.ErrNotTaken) || errors.Is(err, wire.ErrLost)) {
		return missed
	}
	return answered
}

// OfOneMerchant is the Param of a node's Unavailable that is about the merchant who asks and no other: what it says of its region is nothing.
const OfOneMerchant = "merchant"

// taken judges an error about something new: a region that says that it cannot just now is as good as away.
func (p *place) taken(err error) result {
	var e *paymux.Error
	if errors.As(err, &e) && e.Code == paymux.Unavailable && e.Param != OfOneMerchant {
		return missed
	}
	return p.heard(err)
}

// unbegun reports whether a change that failed was certainly not begun. A node's own Unavailable is no such
// proof: its store may have taken the change without saying so.
func (p *place) unbegun(err error) bool {
	return errors.Is(err, paymux.Unavailable) && (errors.Is(err, errSpared) || !p.Here && errors.Is(err, rpc.ErrNotTaken))
}

// errSpared is the cause of an answer that a region was not asked for.
var errSpared = errors.New("relay: the region does not answer and was not asked")

// unread is the answer while a region may have to answer that is not known yet.
func unread() error {
	e := paymux.Errorf(paymux.Unavailable, "It is not known yet which regions there are, so it cannot be told which one has to answer. Nothing was done. Repeat the request with the same Idempotency-Key.").Because(errSpared)
	e.RetryAfter = 1
	return e
}

// away is the answer in the place of a region that is not asked.
func away(p *place, now time.Time) error {
	e := paymux.Errorf(paymux.Unavailable, "The region that has to answer does not just now, and no other may. Nothing was done. Repeat the request with the same Idempotency-Key.").Because(errSpared)
	e.RetryAfter = max(1, int((p.circuit.left(now)+time.Second-1)/time.Second))
	return e
}
