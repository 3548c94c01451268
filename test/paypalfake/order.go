package paypalfake

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"time"
	"unicode/utf8"
)

// order is one order of one unit.
type order struct {
	id, intent, status   string
	reference, custom    string
	invoice, description string
	amount               amount
	created, updated     time.Time
	authorizations       []*transaction
	captures             []*transaction
	refunds              []*transaction
}

// amount is money in the currency's smallest unit at PayPal.
type amount struct {
	Currency string
	Minor    int64
}

type wireAmount struct {
	Currency string `json:"currency_code"`
	Value    string `json:"value"`
}

type createRequest struct {
	Intent string `json:"intent"`
	Units  []struct {
		Reference   string     `json:"reference_id"`
		Custom      string     `json:"custom_id"`
		Invoice     string     `json:"invoice_id"`
		Description string     `json:"description"`
		Amount      wireAmount `json:"amount"`
	} `json:"purchase_units"`
	Source struct {
		PayPal struct {
			Experience struct {
				BrandName string `json:"brand_name"`
				Action    string `json:"user_action"`
				Shipping  string `json:"shipping_preference"`
				ReturnURL string `json:"return_url"`
				CancelURL string `json:"cancel_url"`
			} `json:"experience_context"`
		} `json:"paypal"`
	} `json:"payment_source"`
}

// decode reads a body strictly: one value, no unknown fields.
func decode(body []byte, into any) bool {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if d.Decode(into) != nil {
		return false
	}
	_, err := d.Token()
	return err == io.EOF
}

func malformed() (int, func() any) {
	return refused(http.StatusBadRequest, "INVALID_REQUEST", "MALFORMED_REQUEST_JSON").answer()
}

func (s *Institution) create(c *call) (int, func() any) {
	var r createRequest
	if !decode(c.body, &r) || len(r.Units) != 1 {
		return malformed()
	}
	u := r.Units[0]
	e := r.Source.PayPal.Experience
	switch {
	case c.key == "":
		return refused(http.StatusBadRequest, "INVALID_REQUEST", "PAYPAL_REQUEST_ID_REQUIRED").answer()
	case len(c.key) > 108, utf8.RuneCountInString(u.Description) > 127, u.Custom == "", u.Invoice == "", u.Reference == "",
		r.Intent != "CAPTURE" && r.Intent != "AUTHORIZE", e.Action != "PAY_NOW", e.Shipping != "NO_SHIPPING", e.ReturnURL == "" || e.CancelURL == "":
		return refused(http.StatusBadRequest, "INVALID_REQUEST", "INVALID_PARAMETER_VALUE").answer()
	}
	if f, ok := s.refuses("create", u.Custom); ok {
		return f.answer()
	}
	m, issue := readAmount(u.Amount)
	if issue != "" {
		return unprocessable(issue).answer()
	}
	o := &order{
		id: newID(), intent: r.Intent, status: "PAYER_ACTION_REQUIRED", reference: u.Reference, custom: u.Custom, invoice: u.Invoice,
		description: u.Description, amount: m, created: s.Now(), updated: s.Now(),
	}
	s.orders[o.id] = o
	s.listed = append(s.listed, o)
	return http.StatusCreated, o.body
}

func (s *Institution) show(r *http.Request) (int, func() any) {
	o, ok := s.orders[r.PathValue("id")]
	if !ok {
		return notFound().answer()
	}
	return http.StatusOK, o.body
}

// patch knows one change: of the intent.
func (s *Institution) patch(c *call) (int, func() any) {
	var changes []struct{ Op, Path, Value string }
	o, ok := s.orders[c.id]
	switch {
	case !ok:
		return notFound().answer()
	case !decode(c.body, &changes) || len(changes) != 1:
		return malformed()
	}
	if f, ok := s.refuses("patch", o.custom); ok {
		return f.answer()
	}
	change := changes[0]
	switch {
	case change.Path != "/intent" || change.Op != "replace":
		return unprocessable("NOT_PATCHABLE").answer()
	case change.Value != "CAPTURE" && change.Value != "AUTHORIZE":
		return unprocessable("UNSUPPORTED_PATCH_PARAMETER_VALUE").answer()
	case o.status == "COMPLETED" || o.status == "VOIDED":
		return unprocessable("ORDER_ALREADY_COMPLETED").answer()
	case s.Unpatchable && o.status != "APPROVED":
		return unprocessable("NOT_PATCHABLE").answer()
	}
	if o.intent != change.Value {
		o.intent, o.updated = change.Value, s.Now()
		s.effects[c.key]++
	}
	return http.StatusNoContent, func() any { return nil }
}

// complete captures or authorizes an approved order, once.
func (s *Institution) complete(intent string) func(*call) (int, func() any) {
	return func(c *call) (int, func() any) {
		var nothing struct{}
		o, ok := s.orders[c.id]
		switch {
		case !ok:
			return notFound().answer()
		case !decode(c.body, &nothing):
			return malformed()
		case o.intent != intent:
			return unprocessable("ACTION_DOES_NOT_MATCH_INTENT").answer()
		case len(o.captures) > 0 && intent == "CAPTURE" && o.status == "COMPLETED":
			return unprocessable("ORDER_ALREADY_CAPTURED").answer()
		case len(o.authorizations) > 0:
			return unprocessable("ORDER_ALREADY_AUTHORIZED").answer()
		case o.status != "APPROVED":
			return unprocessable("ORDER_NOT_APPROVED").answer()
		}
		if f, ok := s.refuses("complete", o.custom); ok {
			return f.answer()
		}
		t := s.newTransaction(o, o.amount, o.invoice)
		o.status, o.updated = "COMPLETED", s.Now()
		s.effects[o.invoice]++
		if intent == "CAPTURE" {
			t.status = "COMPLETED"
			o.captures = append(o.captures, t)
			s.book(o, t, "T0006", t.amount.Minor)
		} else {
			t.status = "CREATED"
			o.authorizations = append(o.authorizations, t)
		}
		return http.StatusCreated, o.body
	}
}

func link(rel, href string) object { return object{"rel": rel, "href": href, "method": "GET"} }

func (o *order) body() any {
	unit := object{
		"reference_id": o.reference, "custom_id": o.custom, "invoice_id": o.invoice, "amount": o.amount.body(),
		"payee": object{"merchant_id": Merchant, "email_address": "merchant@example.com"},
	}
	if o.description != "" {
		unit["description"] = o.description
	}
	payments := object{}
	for name, list := range map[string][]*transaction{"authorizations": o.authorizations, "captures": o.captures, "refunds": o.refunds} {
		if len(list) > 0 {
			payments[name] = bodies(list, o)
		}
	}
	if len(payments) > 0 {
		unit["payments"] = payments
	}
	links := []object{link("self", "https://api.example/v2/checkout/orders/"+o.id)}
	if o.status == "PAYER_ACTION_REQUIRED" || o.status == "CREATED" {
		links = append(links, link("payer-action", "https://pay.example/checkoutnow?token="+o.id))
	}
	return object{
		"id": o.id, "intent": o.intent, "status": o.status, "purchase_units": []object{unit}, "links": links,
		"create_time": stamp(o.created), "update_time": stamp(o.updated),
	}
}

var value = regexp.MustCompile(`^[0-9]+(\.[0-9]{2})?$`)
