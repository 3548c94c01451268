package rulebook

import (
	"context"
	"slices"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/routing"
)

// Languages that explanations are written in.
func languages() []string { return []string{"en", "zh-CN"} }

// SimulateRouting decides where a payment that nobody makes would go, over the accounts of this node and what it knows of them. Nothing
// comes of it. Errors: NotFound, InvalidRequest with all that is wrong with the rules, Unavailable.
func (b *Book) SimulateRouting(ctx context.Context, s paymux.Simulation) (paymux.SimulationResult, error) {
	program, err := b.tried(ctx, s.Rules)
	if err != nil {
		return paymux.SimulationResult{}, err
	}
	r, err := b.request(ctx, &s.Payment)
	if err != nil {
		return paymux.SimulationResult{}, err
	}
	know, err := b.known(ctx, program, r.At)
	if err != nil {
		return paymux.SimulationResult{}, err
	}
	d, why := program.Bind(b.Accounts(), know).Explain(r)
	out := paymux.SimulationResult{Order: append([]string{}, d.Order...), Routing: why, Text: Texts(&why)}
	return out, nil
}

// Texts are an explanation by language.
func Texts(r *paymux.Routing) map[string]string {
	texts := map[string]string{}
	for _, language := range languages() {
		texts[language] = routing.Text(r, language)
	}
	return texts
}

// Chosen is a rule set to try. Errors: NotFound, InvalidRequest with all that is wrong with it, Unavailable.
func (b *Book) Chosen(ctx context.Context, c paymux.RuleSetChoice) (*routing.RuleSet, error) {
	p, err := b.tried(ctx, c)
	if err != nil {
		return nil, err
	}
	return p.Set, nil
}

// tried is the rule set to try, compiled.
func (b *Book) tried(ctx context.Context, c paymux.RuleSetChoice) (*routing.Program, error) {
	v := paymux.RuleSetVersion{Document: c.Document}
	switch {
	case c.Document != "":
	case c.Draft != "":
		d, err := b.RuleSetDraft(ctx, c.Draft)
		if err != nil {
			return nil, err
		}
		v.Document = d.Document
	case c.Version != 0:
		var err error
		if v, err = b.RuleSetVersion(ctx, c.Version); err != nil {
			return nil, err
		}
	default:
		return b.Program(), nil
	}
	r, err := compile(v)
	if err != nil {
		return nil, refusal(faults(err))
	}
	return r.program, nil
}

// request is a made-up payment as routing sees one.
func (b *Book) request(ctx context.Context, p *paymux.SimulatedPayment) (*routing.Request, error) {
	r := &routing.Request{
		ID: "simulation", At: p.At, Merchant: p.Merchant, Money: paymux.Money{Amount: p.Amount, Currency: p.Currency}, Method: p.Method,
		Manual: p.Manual, CardToken: p.CardToken, CardNumber: p.CardNumber, Designated: p.Account, Allowed: p.Accounts,
		Client: p.Client, Object: p.Object, Network: p.Network, BIN: p.BIN, Metadata: p.Metadata, Payer: p.Payer, Tried: p.Tried,
	}
	if r.At.IsZero() {
		r.At = b.Now()
	}
	r.Draw = routing.DrawOf(r.ID, 0)
	if len(r.Allowed) == 0 && r.Merchant != "" && b.Allowed != nil {
		var err error
		if r.Allowed, err = b.Allowed(ctx, r.Merchant); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// known is what is known of accounts at a time. What is taken of quotas is read only where there are any.
func (b *Book) known(ctx context.Context, program *routing.Program, at time.Time) (routing.Knowledge, error) {
	if b.Learnt == nil {
		return nil, nil
	}
	k := counted{Learnt: b.Learnt, program: program}
	limited := slices.ContainsFunc(b.Accounts(), func(a routing.Account) bool { return len(program.Quotas(a.Name)) > 0 })
	if b.Taken == nil || !limited {
		return k, nil
	}
	list, err := b.Taken(ctx, program.Day(at))
	if err != nil {
		return nil, paymux.Errorf(paymux.Unavailable, "What is taken of quotas cannot be read just now. Try again.").Because(err)
	}
	k.taken = map[paymux.QuotaKey]int64{}
	for _, u := range list {
		k.taken[u.QuotaKey] = u.Used
	}
	return k, nil
}

// counted is what was learnt, and what is taken of quotas.
type counted struct {
	Learnt
	program *routing.Program
	taken   map[paymux.QuotaKey]int64
}

// Full implements routing.Knowledge.
func (c counted) Full(account string, m paymux.Money, day int32) string {
	for _, q := range c.program.Quotas(account) {
		payments := paymux.QuotaKey{Account: account, Quota: q.Name, Day: day}
		amount := payments
		amount.Currency = q.Currency
		if !q.Room(m, c.taken[payments], c.taken[amount]) {
			return q.Name
		}
	}
	return ""
}
