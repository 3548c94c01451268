package main

import (
	"cmp"
	"encoding/json"
	"html/template"
	"net/http"
	"slices"
	"sync"

	"github.com/paymux/paymux"
)

// shop is a sample merchant: it remembers what verified notifications told it,
// as a merchant's database would. A notification may come twice or out of order:
// the object's sequence decides, and what is older than what is known is passed over.
type shop struct {
	mu      sync.Mutex
	orders  map[paymux.PaymentID]order
	refunds map[paymux.RefundID]bool // counted already
}

type order struct {
	ID       string // the merchant's
	Payment  paymux.PaymentID
	Money    paymux.Money
	Status   paymux.PaymentStatus
	Refunded paymux.Money
	sequence int64
}

func newShop(wanted bool) *shop {
	if !wanted {
		return nil
	}
	return &shop{orders: map[paymux.PaymentID]order{}, refunds: map[paymux.RefundID]bool{}}
}

// learn takes in an authentic event about a payment or a refund; others are of no interest here.
func (s *shop) learn(e paymux.Event) {
	var kind struct {
		Object string `json:"object"`
	}
	if err := json.Unmarshal(e.Data.Object, &kind); err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch kind.Object {
	case "payment":
		s.learnPayment(e)
	case "refund":
		s.learnRefund(e)
	}
}

func (s *shop) learnPayment(e paymux.Event) {
	var p paymux.Payment
	if err := json.Unmarshal(e.Data.Object, &p); err != nil {
		return
	}
	o := s.orders[p.ID]
	if e.Data.Sequence < o.sequence {
		return
	}
	o.ID, o.Payment, o.Money, o.Status, o.sequence = p.MerchantOrderID, p.ID, p.Money(), p.Status, e.Data.Sequence
	s.orders[p.ID] = o
}

func (s *shop) learnRefund(e paymux.Event) {
	var r paymux.Refund
	if err := json.Unmarshal(e.Data.Object, &r); err != nil || r.Status != paymux.RefundSucceeded || s.refunds[r.ID] {
		return
	}
	s.refunds[r.ID] = true
	o := s.orders[r.Payment]
	o.Payment, o.Refunded = r.Payment, paymux.Money{Amount: o.Refunded.Amount + r.Amount, Currency: r.Currency}
	s.orders[r.Payment] = o
}

var shopPage = template.Must(template.New("shop").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta http-equiv="refresh" content="3">
<title>Sample shop</title>
<h1>Sample shop</h1>
<p>What verified notifications said so far.</p>
<table><tr><th>Order<th>Amount<th>Status<th>Refunded<th>Payment</tr>
{{range .}}<tr><td>{{.ID}}<td>{{.Money}}<td>{{.Status}}<td>{{if .Refunded.Amount}}{{.Refunded}}{{end}}<td><code>{{.Payment}}</code></tr>
{{else}}<tr><td colspan="5">Nothing yet.</tr>
{{end}}</table></html>
`))

func (s *shop) page(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	list := make([]order, 0, len(s.orders))
	for _, o := range s.orders {
		list = append(list, o)
	}
	s.mu.Unlock()
	slices.SortFunc(list, func(a, b order) int { return cmp.Compare(b.Payment, a.Payment) })
	w.Header().Set("Content-Security-Policy", "default-src 'none'")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	// A page that breaks off is the browser's to notice.
	_ = shopPage.Execute(w, list)
}
