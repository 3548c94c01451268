package routing

import "cmp"

// terms are what the rules say of an account, made of numbers.
type terms struct {
	rule       *AccountRule
	priority   int
	disabled   bool
	rationed   bool // has quotas
	methods    some
	currencies some
	clients    some
	amounts    []amounts
	hours      []span
	blocked    few
	classes    few // blocked
	fees       []fee
}

// fee is a Fee made of numbers.
type fee struct {
	*Fee
	methods, currencies, brands, clients some
}

// plain are the terms of an account that the rules say nothing of.
func plain() *terms { return &terms{rule: &AccountRule{}, priority: 100} }

func (p *Program) terms(a *AccountRule) *terms {
	w := p.words
	p.clocked = p.clocked || len(a.Hours)+len(a.Quotas) > 0
	t := &terms{
		rule: a, priority: cmp.Or(a.Priority, 100), disabled: a.Disabled, rationed: len(a.Quotas) > 0,
		methods: someOf(len(a.Methods) > 0, numbers(w.methods, a.Methods)), currencies: someOf(len(a.Currencies) > 0, numbers(w.currencies, a.Currencies)),
		clients: someOf(len(a.Client) > 0, w.places(a.Client)), amounts: w.amounts(a.Amounts), hours: spans(a.Hours),
		blocked: fewOf(true, w.ids(a.BlockedMerchants)), classes: fewOf(true, w.group(a.BlockedGroups)),
	}
	for i := range a.Fees {
		f := &a.Fees[i]
		t.fees = append(t.fees, fee{
			Fee: f, methods: someOf(len(f.Methods) > 0, numbers(w.methods, f.Methods)), currencies: someOf(len(f.Currencies) > 0, numbers(w.currencies, f.Currencies)),
			brands: someOf(len(f.Networks) > 0, numbers(w.networks, f.Networks)), clients: someOf(len(f.Client) > 0, w.places(f.Client)),
		})
	}
	return t
}

// limit is the range of amounts in the request's currency.
func (t *terms) limit(in *inputs) Range {
	for i := range t.amounts {
		if t.amounts[i].currency == in.currency {
			return t.amounts[i].Range
		}
	}
	return Range{}
}

// fee is that of the first of the table that matches.
func (t *terms) fee(in *inputs) int64 {
	if f := t.charge(in); f != nil {
		return f.of(in.amount)
	}
	return 0
}

// charge is the first of the table that matches, nil where none does.
func (t *terms) charge(in *inputs) *fee {
	for i := range t.fees {
		f := &t.fees[i]
		if f.methods.has(in.method) && f.currencies.has(in.currency) && f.brands.has(in.network) && f.clients.has(in.client) {
			return f
		}
	}
	return nil
}

// of is the fee of an amount, rounded to the nearest minor unit.
func (f *Fee) of(amount int64) int64 {
	exact := float64(amount) * f.Percent / 100
	percent := int64(exact)
	if exact-float64(percent) >= 0.5 { // math.Round, which takes longer than all the rest
		percent++
	}
	fee := max(percent+f.Fixed, f.Min)
	if f.Max > 0 {
		fee = min(fee, f.Max)
	}
	return fee
}
