package routing

import (
	"fmt"
	"strconv"

	"github.com/paymux/paymux"
)

// routing is the explanation of a decision.
func (c *considered) routing() paymux.Routing {
	set := c.v.program.Set
	out := paymux.Routing{
		RuleSet: set.Name, Version: set.Version, Rule: c.pick.rule, Reason: c.reason(),
		Kind: c.pick.kind, By: c.pick.by, Turn: c.turn, At: c.r.At, BIN: c.r.BIN,
		Draw: strconv.FormatUint(c.r.Draw, 16), Payer: c.r.Payer, Network: c.r.Network, Card: c.card(),
	}
	if c.object != Unknown {
		out.Object = c.object
	}
	if c.pick.by == paymux.OrderedSplit {
		out.Payer = c.payer()
	}
	if d := c.pick.ranker; d != nil {
		out.Explore = d.Explore
		if c.pick.kind == paymux.RoutedStatic {
			out.Ranker = d.Name
		}
	}
	if c.nextProbing(0) >= 0 {
		out.Probe = c.v.program.Health.Probe
	}
	out.Candidates = make([]paymux.Candidate, 0, len(c.kept)+len(c.lost))
	for _, list := range [][]candidate{c.kept, c.lost} {
		for i := range list {
			out.Candidates = append(out.Candidates, list[i].explained())
		}
	}
	return out
}

// card is what the request came with.
func (c *considered) card() string {
	switch {
	case c.r.CardNumber:
		return paymux.RoutedCardNumber
	case c.r.CardToken:
		return paymux.RoutedCardToken
	}
	return ""
}

func (one *candidate) explained() paymux.Candidate {
	e := paymux.Candidate{Account: one.name, Place: one.place, Fallback: one.spare}
	if one.account != nil {
		e.Channel, e.Priority = one.account.Channel, one.account.rule.Priority
	}
	if one.why.code != "" {
		e.Dropped, e.Code, e.Detail = one.why.said(), one.why.code, one.why.detail
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
func (c *considered) reason() string {
	switch len(c.kept) {
	case 0:
		return fmt.Sprintf("no account takes %s in %s", c.r.Method, c.r.Money.Currency)
	case 1:
		return "method=" + string(c.r.Method) + "; only one account takes it"
	}
	return "method=" + string(c.r.Method) + "; first of " + strconv.Itoa(len(c.kept)) + " by " + c.pick.by
}
