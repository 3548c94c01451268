package replay

import (
	"strconv"
	"strings"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/routing"
	"github.com/paymux/paymux/routing/learn"
)

// past is a payment that was routed, as it is to be routed again.
type past struct {
	*paymux.Payment
	at    time.Time
	first string // account it was sent to first
}

// pastOf is false for a payment that was never sent to an institution.
func pastOf(p *paymux.Payment) (past, bool) {
	r := p.Routing
	if r == nil || p.Account == "" {
		return past{}, false
	}
	one := past{Payment: p, at: r.At, first: p.Account}
	if one.at.IsZero() {
		one.at = p.CreatedAt
	}
	if kept := r.Candidates; len(kept) > 0 && kept[0].Dropped == "" {
		one.first = kept[0].Account
	}
	if len(r.Failovers) > 0 {
		one.first = r.Failovers[0].From
	}
	return one, true
}

func (p *past) kind() routing.Kind {
	client := p.Client.Country
	if client == "" {
		client = routing.Unknown
	}
	return routing.Kind{Method: p.Method.Type, Currency: p.Currency, Client: client}
}

// candidate is what was recorded of an account; nil: it was not considered. Of one that was considered again, as the
// fallback's, it is what was found then.
func (p *past) candidate(account string) (found *paymux.Candidate) {
	for i := range p.Routing.Candidates {
		if c := &p.Routing.Candidates[i]; c.Account == account && (found == nil || c.Fallback) {
			found = c
		}
	}
	return found
}

// request is what its route depended on.
func (p *past) request(allowed []string) routing.Request {
	r := p.Routing
	draw, err := strconv.ParseUint(r.Draw, 16, 64)
	if err != nil { // of before draws were recorded
		draw = routing.DrawOf(p.ID, 0)
	}
	request := routing.Request{
		ID: p.ID, At: p.at, Merchant: p.Merchant, Money: p.Money(), Method: p.Method.Type, Manual: p.CaptureMethod == paymux.CaptureManual,
		Allowed: p.allowed(allowed), Client: p.Client.Country, Object: r.Object, Network: p.network(), BIN: r.BIN, Metadata: p.Metadata,
		Payer: r.Payer, Draw: draw, Tried: p.down(),
		CardNumber: r.Card == paymux.RoutedCardNumber, CardToken: r.Card == paymux.RoutedCardToken,
	}
	if r.Kind == paymux.RoutedDesignated && r.Rule == routing.DesignatedByRequest && len(r.Candidates) > 0 {
		request.Designated = r.Candidates[0].Account
	}
	return request
}

func (p *past) network() string {
	if p.Routing.Network == "" && p.Routing.Kind == "" && p.Method.Card != nil { // of before it was recorded
		return strings.ToLower(p.Method.Card.Brand)
	}
	return p.Routing.Network
}

// allowed are the accounts the merchant may use today, but for what is on record of then.
func (p *past) allowed(today []string) []string {
	if len(today) == 0 {
		return nil
	}
	all := make([]string, 0, len(today)+len(p.Routing.Candidates))
	for _, account := range today {
		if c := p.candidate(account); c == nil || c.Code != routing.DropNotAllowed {
			all = append(all, account)
		}
	}
	for i := range p.Routing.Candidates {
		if c := &p.Routing.Candidates[i]; c.Code != routing.DropNotAllowed && c.Code != routing.DropUnknown {
			all = append(all, c.Account)
		}
	}
	return all
}

// down are the accounts that took nothing at that moment.
func (p *past) down() (accounts []string) {
	for i := range p.Routing.Candidates {
		if c := &p.Routing.Candidates[i]; c.Code == routing.DropDown || c.Code == routing.DropTried {
			accounts = append(accounts, c.Account)
		}
	}
	return accounts
}

// attempt is one sending of a payment to an account, and what it came to; zero: nothing yet.
type attempt struct {
	account string
	result  learn.Result
	retried bool
}

// attempts are those of the payment, the first one first.
func (p *past) attempts() []attempt {
	var list []attempt
	for i, f := range p.Routing.Failovers {
		result := learn.ChannelDeclined
		if strings.HasPrefix(f.Why, string(paymux.OpNotSent)) {
			result = learn.NotSent
		}
		list = append(list, attempt{f.From, result, i > 0})
	}
	if len(list) == 0 && p.first != p.Account { // of before failovers were recorded
		list = append(list, attempt{p.first, learn.ChannelDeclined, false})
	}
	return append(list, attempt{p.Account, p.result(), len(list) > 0})
}

// result is what the last attempt came to. Who does not pay is none who paid, whoever is to blame (docs/routing-learning.md).
func (p *past) result() learn.Result {
	switch p.Status {
	case paymux.Authorized, paymux.PartiallyCaptured, paymux.Succeeded:
		return learn.Succeeded
	case paymux.Canceled, paymux.Expired:
		if p.ChannelTransactionID != "" { // a reservation that was released
			return learn.Succeeded
		}
		return learn.PayerDeclined
	case paymux.Failed:
		return p.failed()
	}
	return 0
}

func (p *past) failed() learn.Result {
	f := p.LastError
	if f == nil {
		return learn.PayerDeclined
	}
	if f.Code == paymux.NotSent {
		return learn.NotSent
	}
	return learn.ResultOf(paymux.OpDeclined, f.DeclineCode, false)
}
