package replay

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/routing"
)

// assumed is what a report goes by, as words (docs/routing.md).
var assumed = []string{
	"first_attempts",     // failovers are left out on both sides
	"same_success",       // who moves succeeds as often as its kind did at the new account
	"replayed_fees",      // fees of the replayed set, on both sides
	"accounts_of_today",  // with what they take and merchants may use today
	"unpaid_is_no_money", // expired and canceled payments count as not paid
}

// side is what a part of a report is made of.
type side struct {
	payments int64
	terms    []term
	bills    map[paymux.Currency]*billed
}

// billed is what one currency's payments cost.
type billed struct {
	spends   []spend
	amount   float64
	unpriced int64
}

// report makes the sums known.
func (r *run) report() *paymux.RoutingReplay {
	s := r.sums
	out := &paymux.RoutingReplay{
		Object: "routing_replay", Merchant: r.o.Merchant, From: r.o.From, To: r.o.To, Unrouted: s.unrouted,
		Accounts: []paymux.ReplayAccount{}, Flows: []paymux.ReplayFlow{}, Moves: r.moves, Assumed: assumed,
	}
	if out.Moves == nil {
		out.Moves = []paymux.ReplayMove{}
	}
	if r.more {
		out.Next = r.last
	}
	now, then := map[string]*side{}, map[string]*side{}
	for account, d := range s.now {
		out.Payments += d.payments
		at(now, account).stayed(account, d)
	}
	for account, d := range s.stay {
		at(then, account).stayed(account, d)
	}
	s.moved(out, then)
	out.Now, out.Then = total(now).told(out.Payments), total(then).told(out.Payments)
	names := map[string]bool{}
	for name := range now {
		names[name] = true
	}
	for name := range then {
		names[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		out.Accounts = append(out.Accounts, paymux.ReplayAccount{Account: name, Now: at(now, name).told(out.Payments), Then: at(then, name).told(out.Payments)})
	}
	return out
}

// stayed adds what came of payments.
func (d *side) stayed(account string, of *done) {
	d.payments += of.payments
	if of.judged.n == 0 {
		return
	}
	d.terms = append(d.terms, term{n: of.judged.n, of: of.judged, account: account})
	for currency, all := range of.all {
		paid := of.paid[currency]
		if paid == nil {
			paid = &bill{}
		}
		b := d.bill(currency)
		b.unpriced += all.unpriced
		b.amount += paid.amount
		b.spends = append(b.spends, spend{paid.fees, math.Sqrt(of.judged.variance() * of.judged.n * all.squares), account})
	}
}

func (d *side) bill(c paymux.Currency) *billed {
	if d.bills == nil {
		d.bills = map[paymux.Currency]*billed{}
	}
	return at(d.bills, c)
}

// moved adds what is expected of payments that would move, in an order of their own: the same history has the same report.
func (s *sums) moved(out *paymux.RoutingReplay, then map[string]*side) {
	flows := map[[2]string]int64{}
	for _, m := range slices.SortedFunc(maps.Keys(s.moves), compareMoves) {
		w := s.moves[m]
		out.Moved += w.payments
		flows[[2]string{m.from, m.to}] += w.payments
		d := at(then, m.to)
		d.payments += w.payments
		if m.to == "" { // is not paid, for certain
			out.Refused += w.payments
			d.terms = append(d.terms, term{n: float64(w.payments), of: count{n: math.Inf(1)}})
			continue
		}
		_, trials, pooled := s.expected(m.to, m.Kind)
		if trials == nil {
			out.Unknown += w.payments
			continue
		}
		if pooled {
			out.Pooled += w.payments
		}
		d.terms = append(d.terms, term{n: float64(w.payments), of: *trials, account: m.to})
		b := d.bill(m.Currency)
		b.unpriced += w.bill.unpriced
		b.amount += w.bill.amount * trials.rate()
		b.spends = append(b.spends, spend{w.bill.fees * trials.rate(), w.bill.fees * math.Sqrt(trials.variance()), m.to})
	}
	for flow, n := range flows {
		out.Flows = append(out.Flows, paymux.ReplayFlow{From: flow[0], To: flow[1], Payments: n})
	}
	slices.SortFunc(out.Flows, func(a, b paymux.ReplayFlow) int {
		return cmp.Or(cmp.Compare(b.Payments, a.Payments), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
}

func compareMoves(a, b move) int {
	return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to), cmp.Compare(a.Method, b.Method), cmp.Compare(a.Currency, b.Currency), cmp.Compare(a.Client, b.Client))
}

// total is all sides together.
func total(sides map[string]*side) *side {
	all := &side{}
	for _, account := range slices.Sorted(maps.Keys(sides)) {
		d := sides[account]
		all.payments += d.payments
		all.terms = append(all.terms, d.terms...)
		for _, currency := range slices.Sorted(maps.Keys(d.bills)) {
			b := all.bill(currency)
			b.spends = append(b.spends, d.bills[currency].spends...)
			b.amount += d.bills[currency].amount
			b.unpriced += d.bills[currency].unpriced
		}
	}
	return all
}

func (d *side) told(of int64) paymux.ReplaySide {
	out := paymux.ReplaySide{Payments: d.payments, Success: rate(d.terms)}
	if of > 0 {
		out.Share = rounded(float64(d.payments)/float64(of), 6)
	}
	for _, t := range d.terms {
		out.Judged += int64(t.n)
	}
	for _, currency := range slices.Sorted(maps.Keys(d.bills)) {
		b := d.bills[currency]
		c := paymux.ReplayCost{Currency: currency, Cost: sum(b.spends), Amount: rounded(b.amount, 2), Unpriced: b.unpriced}
		if c.Amount > 0 {
			c.Rate = rounded(c.Cost.Value/c.Amount*10_000, 2)
		}
		out.Costs = append(out.Costs, c)
	}
	return out
}

// move tells why a payment would move.
func (r *run) move(p *past, to string, request *routing.Request) paymux.ReplayMove {
	_, why := r.view.Explain(request)
	m := paymux.ReplayMove{
		Payment: p.ID, Merchant: p.Merchant, Amount: p.Amount, Currency: p.Currency, Method: p.Method.Type,
		From: p.first, To: to, Rule: why.Rule, Kind: why.Kind,
	}
	m.Code, m.Detail = routing.WhyNot(&why, p.first)
	m.Why = routing.Because(m.Code, m.Detail, "en")
	return m
}
