package payment

import (
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/routing"
)

// Routes joins the rules in force with the accounts there are, anew when either has changed. Safe for concurrent use.
type Routes struct {
	Accounts  func() *channel.Accounts
	Program   func() *routing.Program
	Knowledge routing.Knowledge // nil: nothing is known
	joined    atomic.Pointer[joined]
}

type joined struct {
	accounts *channel.Accounts
	program  *routing.Program
	view     *routing.View
}

// View is what to decide by now.
func (r *Routes) View() *routing.View {
	accounts, program := r.Accounts(), r.Program()
	if j := r.joined.Load(); j != nil && j.accounts == accounts && j.program == program {
		return j.view
	}
	j := &joined{accounts, program, program.Bind(Routable(accounts), r.Knowledge)}
	r.joined.Store(j)
	return j.view
}

// Routable are accounts as routing sees them.
func Routable(accounts *channel.Accounts) []routing.Account {
	var list []routing.Account
	for _, a := range accounts.All() {
		list = append(list, routing.Account{Name: a.Name, Channel: a.Driver.Name, Takes: a.Takes, Features: features(&a.Driver.Features), Down: a.Down})
	}
	return list
}

func features(f *channel.Features) (set routing.Features) {
	for _, one := range []struct {
		has  bool
		name routing.Feature
	}{
		{f.ManualCapture, routing.ManualCapture}, {f.PartialCapture, routing.PartialCapture}, {f.MultiCapture, routing.MultiCapture},
		{f.Cancel, routing.Cancel}, {f.Refund, routing.Refund}, {f.PartialRefund, routing.PartialRefund}, {f.Query, routing.Query},
		{f.Callbacks, routing.Callbacks}, {f.CardNumbers, routing.CardNumbers}, {f.CardTokens, routing.CardTokens},
	} {
		if one.has {
			set |= routing.FeaturesOf(one.name)
		}
	}
	return set
}

// wish is what a request says of where its payment shall go, beside the payment itself.
type wish struct {
	card       *paymux.CardDetails
	designated string
	policy     *paymux.Policy
}

// route asks which account shall carry the payment now, of those that have not been tried, and why; nil: nobody takes it.
// The rules are those it was decided by.
func (d *draft) route(w *wish) (a *channel.Account, why *paymux.Routing, rules *routing.Program) {
	d.early = d.s.Gathering() // before the accounts are looked at, which may be all a moment later
	view := d.s.Routes()
	r := d.s.routingRequest(&d.Payment, w.card, w.policy)
	r.At, r.Designated = d.now, w.designated
	for i := range d.ops {
		if op := &d.ops[i]; op.Kind == paymux.Pay {
			r.Tried = append(r.Tried, op.Account)
		}
	}
	r.Draw = routing.DrawOf(d.Payment.ID, len(r.Tried))
	decision, explained := view.Explain(&r)
	d.s.Decided(explained.Kind)
	for _, name := range decision.Order {
		if a = d.s.Accounts().Named(name); a != nil {
			break
		}
	}
	return a, &explained, view.Program()
}

// routingRequest is what routing is told of a payment, now.
func (s *Service) routingRequest(p *paymux.Payment, card *paymux.CardDetails, policy *paymux.Policy) routing.Request {
	return routing.Request{
		ID: p.ID, At: s.now(), Merchant: p.Merchant, Money: p.Money(), Method: p.Method.Type, Manual: p.CaptureMethod == paymux.CaptureManual,
		CardToken: card != nil && card.Token != "", CardNumber: card != nil && card.Number != "",
		Allowed: policy.Accounts, Client: p.Client.Country, Network: network(p, card), BIN: bin(card),
		Metadata: p.Metadata, Payer: s.payer(p, card),
	}
}

// bin is what may be kept of a card number for routing: its first eight digits, or six of a short one.
func bin(card *paymux.CardDetails) string {
	if card == nil || len(card.Number) < 12 {
		return ""
	}
	digits := string(card.Number[:8])
	if len(card.Number) < 16 {
		digits = digits[:6]
	}
	if _, err := strconv.ParseUint(digits, 10, 64); err != nil {
		return ""
	}
	return digits
}

// networks are the first digits of card numbers by network, as ISO/IEC 7812 numbers were given out.
var networks = []struct {
	from, to int // of four digits
	name     string
}{
	{2221, 2720, "mastercard"}, {3000, 3059, "diners"}, {3400, 3499, "amex"}, {3528, 3589, "jcb"}, {3600, 3699, "diners"}, {3700, 3799, "amex"},
	{3800, 3999, "diners"}, {4000, 4999, "visa"}, {5100, 5599, "mastercard"}, {6011, 6011, "discover"}, {6200, 6299, "unionpay"}, {6440, 6599, "discover"},
}

// network is the card's, from its number, or from what is known of it.
func network(p *paymux.Payment, card *paymux.CardDetails) string {
	if digits := bin(card); digits != "" {
		first, _ := strconv.Atoi(digits[:4])
		for _, n := range networks {
			if first >= n.from && first <= n.to {
				return n.name
			}
		}
	}
	if p.Method.Card != nil {
		return strings.ToLower(p.Method.Card.Brand)
	}
	return ""
}

// payer is the most stable identity of the payer there is, hashed with a key so that nobody reads a card out of it:
// the institution's ID of the payer, the card, its token. Addresses are none: a shop's server has one for all. Empty: nothing is known.
func (s *Service) payer(p *paymux.Payment, card *paymux.CardDetails) string {
	switch {
	case p.Method.PayerID != "":
		return s.IDs.Mark(string(p.Merchant), "payer", p.Method.PayerID)
	case card != nil && card.Number != "":
		return s.IDs.Mark(string(p.Merchant), "card", string(card.Number))
	case card != nil && card.Token != "":
		return s.IDs.Mark(string(p.Merchant), "token", string(card.Token))
	}
	return ""
}
