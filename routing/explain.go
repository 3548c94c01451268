package routing

import (
	"strconv"

	"github.com/paymux/paymux"
)

// routing is the explanation of a decision.
func (d *deciding) routing() paymux.Routing {
	set, r := d.v.program.Set, d.in.r
	out := paymux.Routing{
		RuleSet: set.Name, Version: set.Version, Rule: d.rule, Reason: d.reason(),
		Kind: d.kind, By: d.by, Turn: d.turn, At: r.At, BIN: r.BIN, Network: r.Network, Payer: r.Payer, Card: cardOf(r),
	}
	if d.object != Unknown {
		out.Object = d.object
	}
	if d.by == paymux.OrderedSplit {
		out.Payer = d.payer()
	}
	if d.ranker != nil && d.kind == paymux.RoutedStatic {
		out.Ranker = d.ranker.Name
	}
	if d.kept > 1 {
		d.turns(&out)
	}
	out.Candidates = make([]paymux.Candidate, 0, d.n)
	for n := range d.kept {
		out.Candidates = append(out.Candidates, d.explained(d.place(n)))
	}
	for i := range d.n {
		if d.at(i).drop != 0 {
			out.Candidates = append(out.Candidates, d.explained(i))
		}
	}
	return out
}

// turns notes what decides turns, where the draw could have changed the order.
func (d *deciding) turns(out *paymux.Routing) {
	if d.ranker != nil {
		out.Explore = d.ranker.Explore
	}
	probing := false
	for i := range d.n {
		probing = probing || d.at(i).health == Probing
	}
	if probing {
		out.Probe = d.v.program.Health.Probe
	}
	if out.Explore > 0 || probing {
		out.Draw = strconv.FormatUint(d.in.r.Draw, 16)
	}
}

// cardOf is what the request came with.
func cardOf(r *Request) string {
	switch {
	case r.CardNumber:
		return paymux.RoutedCardNumber
	case r.CardToken:
		return paymux.RoutedCardToken
	}
	return ""
}

func (d *deciding) explained(i int) paymux.Candidate {
	one := d.at(i)
	e := paymux.Candidate{Account: one.name, Place: i + 1, Fallback: one.spare}
	if one.account != nobody {
		a := &d.v.accounts[one.account]
		e.Channel, e.Priority = a.Channel, a.rule.Priority
	}
	if one.drop != 0 {
		e.Dropped, e.Code, e.Detail = d.said(one)
		return e
	}
	if one.health != Normal {
		e.Health = one.health.String()
	}
	e.Share, e.Score, e.Cost = one.share, one.score, one.fee
	e.Success, e.Trials, e.LatencyMS = one.figures.Success, one.figures.Trials, one.figures.Latency.Milliseconds()
	return e
}

// reason is the decision in a line.
func (d *deciding) reason() string {
	method := string(d.in.r.Method)
	switch d.kept {
	case 0:
		return "no account takes " + method + " in " + string(d.in.r.Money.Currency)
	case 1:
		return "method=" + method + "; only one account takes it"
	}
	return "method=" + method + "; first of " + strconv.Itoa(d.kept) + " by " + d.by
}
