package relay

import (
	"context"
	"errors"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/trace"
)

// Create assigns a new payment to a region and has it made there.
//
// The payment of a link is made where the link is, and nowhere else: the link's newest payment is committed with it, so that none is made
// beside it. Otherwise a key goes to one region: the one the journal has, or else the list's, or another if that one cannot take it. It
// is sent to a second one only if the first has certainly not begun anything under it, for this
// request or any other. Errors beside the node's: Unavailable with RetryAfter where the key's region does not
// answer, or no region can be chosen safely; nothing was begun then by this request.
func (r *Relay) Create(ctx context.Context, q paymux.CreatePayment) (paymux.Reply, error) {
	reply, err := r.create(ctx, q)
	if errors.Is(err, errSpared) {
		r.refused.Add(1)
	}
	return reply, err
}

func (r *Relay) create(ctx context.Context, q paymux.CreatePayment) (paymux.Reply, error) {
	s := r.shown.Load()
	t := &trip{Relay: r, s: s, create: &q, ask: Request{
		Merchant: q.Merchant, Service: paymux.ServicePay, Country: q.Client.Country, Account: q.Designated, Method: q.Method.Type,
	}}
	switch {
	case q.Link != "" && len(s.places) > 1:
		return t.atLink(ctx)
	case q.Idempotency == "":
		return t.unkeyed(ctx)
	case !s.shared:
		return t.atHome(ctx)
	}
	t.claim = r.ledger.claims.of(entryName(q.Merchant, q.Idempotency))
	return t.keyed(ctx)
}

// trip is a new payment on its way to a region.
type trip struct {
	*Relay
	s      *snapshot
	create *paymux.CreatePayment
	ask    Request
	claim  *claim
	tried  map[string]bool // regions that have certainly not begun it
	home   string          // of the list
	why    string          // it goes where it goes
	rule   string
	moved  bool // elsewhere than home
}

func (t *trip) decide() Decision {
	d := t.s.plan.decide(&t.ask, t.s.standing(&t.ask, t.tried, t.conf.Now()))
	t.home = d.Home
	t.explain(d)
	return d
}

// decidePresent decides for a region that is there.
func (t *trip) decidePresent(ctx context.Context) Decision {
	for {
		d := t.decide()
		if p := t.s.byName[d.To]; p == nil || len(t.s.places) == 1 || t.present(ctx, p) || ctx.Err() != nil || t.alive.Err() != nil {
			return d
		}
	}
}

func (t *trip) explain(d Decision) { t.why, t.rule, t.moved = d.Why, d.Rule, d.To != d.Home }

// unkeyed sends what nobody can repeat. What a region has not begun, another one may.
func (t *trip) unkeyed(ctx context.Context) (paymux.Reply, error) {
	for {
		d := t.decidePresent(ctx)
		p := t.s.byName[d.To]
		if p == nil {
			return paymux.Reply{}, t.nowhere(d)
		}
		reply, err := t.send(ctx, p)
		if len(t.s.places) == 1 || !p.unbegun(err) {
			return reply, err
		}
		t.try(p)
	}
}

// atHome sends a key where the list puts it, and nowhere else: nobody remembers where keys went.
func (t *trip) atHome(ctx context.Context) (paymux.Reply, error) {
	d := t.s.plan.decide(&t.ask, func(string) Standing { return Standing{} })
	t.explain(d)
	p := t.s.byName[d.To]
	if p == nil || p.Node == nil {
		return paymux.Reply{}, t.nowhere(d)
	}
	return t.send(ctx, p)
}

// atLink sends the payment of a link to the link's region.
func (t *trip) atLink(ctx context.Context) (paymux.Reply, error) {
	p, err := t.s.of(string(t.create.Link))
	if err != nil {
		return paymux.Reply{}, err
	}
	t.why = "to region " + p.Name + ", where the payment link is"
	return t.send(ctx, p)
}

// keyed sends a key where it belongs.
func (t *trip) keyed(ctx context.Context) (paymux.Reply, error) {
	for {
		p, err := t.place(ctx)
		if err != nil {
			return paymux.Reply{}, err
		}
		reply, err := t.deliver(ctx, p)
		if !p.unbegun(err) {
			return reply, err
		}
		t.try(p)
	}
}

// try remembers that a region has certainly not begun the request.
func (t *trip) try(p *place) {
	if t.tried == nil {
		t.tried = map[string]bool{}
	}
	t.tried[p.Name] = true
}

// deliver sends to the claim's region, and tells the claim whether anything may have been begun.
func (t *trip) deliver(ctx context.Context, p *place) (reply paymux.Reply, err error) {
	begun := true // also where send panics
	defer func() { t.claim.done(begun) }()
	reply, err = t.send(ctx, p)
	begun = !p.unbegun(err)
	return reply, err
}

// place finds the region the key belongs to, claiming or moving it where it must. The claim counts one request more.
func (t *trip) place(ctx context.Context) (*place, error) {
	c := t.claim
	if err := c.held.take(ctx); err != nil {
		return nil, givenUp(err)
	}
	defer c.held.release()
	for ctx.Err() == nil {
		if !c.known {
			if err := t.learn(ctx); err != nil {
				return nil, err
			}
			continue
		}
		p := t.s.byNumber[c.region]
		if p != nil && p.Node != nil && !t.tried[p.Name] && p.circuit.ready(t.conf.Now()) {
			if t.why == "" {
				t.why = "to region " + p.Name + ", where requests with this Idempotency-Key go"
			}
			c.under++
			return p, nil
		}
		if moved, err := t.move(ctx); err != nil {
			return nil, err
		} else if !moved {
			return nil, t.closed(p)
		}
	}
	return nil, givenUp(ctx.Err())
}

// givenUp is the answer to who does not wait for one.
func givenUp(cause error) error {
	return paymux.Errorf(paymux.Unavailable, "The request was given up before it was sent. Nothing was done.").Because(errors.Join(errSpared, cause))
}

// closed is the answer where the key's region is not there, and no other may have the key.
func (t *trip) closed(p *place) error {
	if p == nil {
		p = &place{circuit: newCircuit()}
	}
	return away(p, t.conf.Now())
}

// nowhere is the answer where no region can take what is new.
func (t *trip) nowhere(d Decision) error {
	e := paymux.Errorf(paymux.Unavailable, "No region can take new payments like this one just now. Nothing was done. Repeat the request with the same Idempotency-Key.").
		Because(errors.Join(errSpared, errors.New(d.Why)))
	e.RetryAfter = 1
	return e
}

// send carries the request to a region, with the line about it on the timeline.
func (t *trip) send(ctx context.Context, p *place) (paymux.Reply, error) {
	if p.Node == nil {
		return paymux.Reply{}, away(p, t.conf.Now())
	}
	q := *t.create
	if n := len(q.Hops); n > 0 {
		hop := paymux.Hop{At: q.Hops[n-1].At, Kind: paymux.HopRelay, Text: t.why}
		if t.moved {
			hop.Data = map[string]string{"home": t.home, "rule": t.rule}
		}
		q.Hops = append(q.Hops[:n:n], hop)
	}
	ctx, span := trace.Start(ctx, "relay", trace.Internal)
	defer span.End()
	span.Text("paymux.region", p.Name).Text("paymux.rule", t.rule)
	return through(t.Relay, ctx, t.s, p, p.taken, func() (paymux.Reply, error) {
		p.tally.sent(t)
		return p.Node.Create(ctx, q)
	})
}

// pause waits a moment, at most until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
