package paypalfake

import (
	"net/http"
	"time"
)

// transaction is an authorization, a capture or a refund.
type transaction struct {
	id, status      string
	reason          string
	amount          amount
	custom, invoice string
	final           bool
	authorization   string // what a capture took from
	capture         string // what a refund gives back
	at              time.Time
}

func (s *Institution) newTransaction(o *order, m amount, invoice string) *transaction {
	return &transaction{id: newID(), amount: m, custom: o.custom, invoice: invoice, at: s.Now()}
}

func bodies(list []*transaction, o *order) []any {
	all := make([]any, len(list))
	for i, t := range list {
		all[i] = t.body(o)
	}
	return all
}

func (t *transaction) body(o *order) any {
	b := object{
		"id": t.id, "status": t.status, "amount": t.amount.body(), "custom_id": t.custom, "invoice_id": t.invoice,
		"create_time": stamp(t.at), "update_time": stamp(t.at),
	}
	if t.reason != "" {
		b["status_details"] = object{"reason": t.reason}
	}
	related := object{"order_id": o.id}
	if t.authorization != "" {
		related["authorization_id"] = t.authorization
	}
	if t.capture != "" {
		b["links"] = []object{link("self", "https://api.example/v2/payments/refunds/"+t.id), link("up", "https://api.example/v2/payments/captures/"+t.capture)}
		return b
	}
	b["supplementary_data"] = object{"related_ids": related}
	b["payee"] = object{"merchant_id": Merchant, "email_address": "merchant@example.com"}
	return b
}

func authorizations(o *order) []*transaction { return o.authorizations }
func captures(o *order) []*transaction       { return o.captures }
func refunds(o *order) []*transaction        { return o.refunds }

func (s *Institution) showAuthorization(r *http.Request) (int, func() any) {
	return s.showOne(r, authorizations)
}
func (s *Institution) showCapture(r *http.Request) (int, func() any) { return s.showOne(r, captures) }
func (s *Institution) showRefund(r *http.Request) (int, func() any)  { return s.showOne(r, refunds) }

func (s *Institution) showOne(r *http.Request, among func(*order) []*transaction) (int, func() any) {
	o, t := s.find(r.PathValue("id"), among)
	if t == nil {
		return notFound().answer()
	}
	return http.StatusOK, func() any { return t.body(o) }
}

// captureAuthorization takes up to 115 % of what was authorized, as PayPal does.
func (s *Institution) captureAuthorization(c *call) (int, func() any) {
	var r struct {
		Amount  wireAmount `json:"amount"`
		Invoice string     `json:"invoice_id"`
		Final   bool       `json:"final_capture"`
	}
	o, held := s.find(c.id, authorizations)
	if held == nil {
		return notFound().answer()
	}
	if !decode(c.body, &r) || r.Invoice == "" || c.key == "" {
		return malformed()
	}
	if f, ok := s.refuses("capture", c.key); ok {
		return f.answer()
	}
	m, issue := readAmount(r.Amount)
	var taken int64
	for _, t := range o.captures {
		taken += t.amount.Minor
	}
	switch {
	case issue != "":
	case held.status == "VOIDED":
		issue = "AUTHORIZATION_VOIDED"
	case held.status == "CAPTURED":
		issue = "AUTHORIZATION_ALREADY_CAPTURED"
	case m.Currency != held.amount.Currency:
		issue = "AUTH_CAPTURE_CURRENCY_MISMATCH"
	case taken+m.Minor > held.amount.Minor*115/100:
		issue = "MAX_CAPTURE_AMOUNT_EXCEEDED"
	case s.invoiced(r.Invoice):
		issue = "DUPLICATE_INVOICE_ID"
	}
	if issue != "" {
		return unprocessable(issue).answer()
	}
	t := s.newTransaction(o, m, r.Invoice)
	t.status, t.final, t.authorization = "COMPLETED", r.Final, held.id
	o.captures = append(o.captures, t)
	held.status = "PARTIALLY_CAPTURED"
	if r.Final {
		held.status = "CAPTURED"
	}
	s.effects[r.Invoice]++
	s.book(o, t, "T0006", t.amount.Minor)
	return http.StatusCreated, func() any { return t.body(o) }
}

func (s *Institution) invoiced(number string) bool {
	for _, o := range s.listed {
		for _, t := range o.captures {
			if t.invoice == number {
				return true
			}
		}
	}
	return false
}

func (s *Institution) void(c *call) (int, func() any) {
	o, held := s.find(c.id, authorizations)
	switch {
	case held == nil:
		return notFound().answer()
	case len(c.body) != 0:
		return malformed()
	case held.status == "VOIDED":
		return unprocessable("PREVIOUSLY_VOIDED").answer()
	case held.status == "CAPTURED":
		return unprocessable("PREVIOUSLY_CAPTURED").answer()
	}
	if f, ok := s.refuses("void", c.key); ok {
		return f.answer()
	}
	held.status = "VOIDED"
	s.effects[c.key]++
	return http.StatusOK, func() any { return held.body(o) }
}

func (s *Institution) refund(c *call) (int, func() any) {
	var r struct {
		Amount  wireAmount `json:"amount"`
		Custom  string     `json:"custom_id"`
		Invoice string     `json:"invoice_id"`
	}
	o, from := s.find(c.id, captures)
	if from == nil {
		return notFound().answer()
	}
	if !decode(c.body, &r) || r.Custom == "" || r.Invoice == "" || c.key == "" {
		return malformed()
	}
	if f, ok := s.refuses("refund", c.key); ok {
		return f.answer()
	}
	m, issue := readAmount(r.Amount)
	left := from.amount.Minor
	for _, t := range o.refunds {
		if t.capture == from.id {
			left -= t.amount.Minor
		}
	}
	switch {
	case issue != "":
	case m.Currency != from.amount.Currency:
		issue = "REFUND_CAPTURE_CURRENCY_MISMATCH"
	case from.status == "PENDING":
		issue = "PENDING_CAPTURE"
	case left == 0:
		issue = "CAPTURE_FULLY_REFUNDED"
	case m.Minor > left:
		issue = "REFUND_AMOUNT_EXCEEDED"
	}
	if issue != "" {
		return unprocessable(issue).answer()
	}
	t := s.giveBack(o, from, m)
	t.custom, t.invoice = r.Custom, r.Invoice
	s.effects[r.Invoice]++
	s.book(o, t, "T1107", -t.amount.Minor)
	return http.StatusCreated, func() any { return t.body(o) }
}

// giveBack makes a refund, which repeats the capture's own numbers until it is given others.
func (s *Institution) giveBack(o *order, from *transaction, m amount) *transaction {
	t := s.newTransaction(o, m, from.invoice)
	t.status, t.capture = "COMPLETED", from.id
	o.refunds = append(o.refunds, t)
	var back int64
	for _, r := range o.refunds {
		if r.capture == from.id {
			back += r.amount.Minor
		}
	}
	from.status = "PARTIALLY_REFUNDED"
	if back >= from.amount.Minor {
		from.status = "REFUNDED"
	}
	return t
}
