package replay

import (
	"github.com/paymux/paymux"
	"github.com/paymux/paymux/routing"
	"github.com/paymux/paymux/routing/learn"
)

// least is how many payments of a kind say enough about it; where there are fewer, those of more kinds are asked.
const least = 30

// cell is what trials are of: payments of a kind at an account. Members are left out where several kinds are pooled.
type cell struct {
	account string
	routing.Kind
}

// move is what would happen alike to several payments.
type move struct {
	from, to string
	routing.Kind
}

// bill is what payments of a currency cost if they succeed.
type bill struct {
	fees, squares, amount float64
	unpriced              int64
}

func (b *bill) add(fee, amount int64, priced bool) {
	b.fees += float64(fee)
	b.squares += float64(fee) * float64(fee)
	b.amount += float64(amount)
	if !priced {
		b.unpriced++
	}
}

// done is what came of the payments that went to an account first.
type done struct {
	payments int64
	judged   count
	all      map[paymux.Currency]*bill // of those judged
	paid     map[paymux.Currency]*bill // of those that succeeded
}

// wished is payments that would move alike.
type wished struct {
	payments int64
	bill     bill
}

// sums are what a report is made of.
type sums struct {
	program  *routing.Program
	unrouted int64
	now      map[string]*done // by account
	stay     map[string]*done // of these: payments that do not move
	moves    map[move]*wished
	first    map[cell]*count // first attempts, by kind and pooled
	any      map[cell]*count // all attempts, by method
}

func newSums(p *routing.Program) *sums {
	return &sums{
		program: p, now: map[string]*done{}, stay: map[string]*done{}, moves: map[move]*wished{}, first: map[cell]*count{}, any: map[cell]*count{},
	}
}

// at returns what a map has for a key, made where there is nothing.
func at[K comparable, V any](m map[K]*V, key K) *V {
	v := m[key]
	if v == nil {
		v = new(V)
		m[key] = v
	}
	return v
}

// pools are a kind at an account, and what is asked where that is scarce.
func pools(account string, k routing.Kind) [3]cell {
	return [3]cell{
		{account, k},
		{account, routing.Kind{Method: k.Method, Currency: k.Currency}},
		{account, routing.Kind{Method: k.Method}},
	}
}

// add counts a payment: what came of it, and where it would go.
func (s *sums) add(p *past, attempts []attempt, to string, r *routing.Request) {
	kind := p.kind()
	for i, a := range attempts {
		if a.result == 0 {
			continue
		}
		paid := a.result == learn.Succeeded
		at(s.any, cell{a.account, routing.Kind{Method: kind.Method}}).add(paid)
		if i == 0 {
			for _, c := range pools(a.account, kind) {
				at(s.first, c).add(paid)
			}
		}
	}
	fee, priced := s.fee(p.first, r)
	at(s.now, p.first).add(attempts[0].result, p.Money(), fee, priced)
	if to == p.first {
		at(s.stay, p.first).add(attempts[0].result, p.Money(), fee, priced)
		return
	}
	w := at(s.moves, move{p.first, to, kind})
	w.payments++
	fee, priced = s.fee(to, r)
	w.bill.add(fee, p.Amount, priced)
}

func (s *sums) fee(account string, r *routing.Request) (fee int64, priced bool) {
	fee = s.program.Fee(account, r)
	return fee, fee != 0 || s.program.Priced(account, r)
}

func (d *done) add(result learn.Result, m paymux.Money, fee int64, priced bool) {
	d.payments++
	if result == 0 {
		return
	}
	if d.all == nil {
		d.all, d.paid = map[paymux.Currency]*bill{}, map[paymux.Currency]*bill{}
	}
	paid := result == learn.Succeeded
	d.judged.add(paid)
	at(d.all, m.Currency).add(fee, m.Amount, priced)
	if paid {
		at(d.paid, m.Currency).add(fee, m.Amount, priced)
	}
}

// expected are the trials by which a kind at an account is judged; nil: there are none. pooled: others than its own are among them.
func (s *sums) expected(account string, k routing.Kind) (of cell, trials *count, pooled bool) {
	all := pools(account, k)
	for i, c := range all {
		if n := s.first[c]; n != nil && n.n >= least {
			return c, n, i > 0
		}
	}
	widest := all[len(all)-1]
	if n := s.first[widest]; n != nil {
		return widest, n, true
	}
	if n := s.any[widest]; n != nil {
		return widest, n, true
	}
	return cell{}, nil, false
}
