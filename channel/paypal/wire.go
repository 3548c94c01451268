package paypal

import (
	"slices"
	"strings"

	"github.com/paymux/paymux"
)

// PayPal's words for what an order is to do, and for where it stands.
const (
	intentCapture   = "CAPTURE"
	intentAuthorize = "AUTHORIZE"

	orderCreated   = "CREATED"
	orderSaved     = "SAVED"
	orderPayerActs = "PAYER_ACTION_REQUIRED"
	orderApproved  = "APPROVED"
	orderVoided    = "VOIDED"
	orderCompleted = "COMPLETED"
)

// order is the part of PayPal's order that matters here. We make orders of one unit.
type order struct {
	ID         string `json:"id"`
	Status     string `json:"status"`
	Intent     string `json:"intent"`
	UpdateTime string `json:"update_time"`
	Units      []unit `json:"purchase_units"`
	Links      []link `json:"links"`
}

type unit struct {
	Reference string `json:"reference_id"` // the intent it was made with
	Custom    string `json:"custom_id"`    // the pay operation
	Amount    money  `json:"amount"`
	Payments  struct {
		Authorizations []transaction `json:"authorizations"`
		Captures       []transaction `json:"captures"`
		Refunds        []transaction `json:"refunds"`
	} `json:"payments"`
}

// transaction is an authorization, a capture or a refund: they have in common what matters here.
type transaction struct {
	ID            string `json:"id"`
	Status        string `json:"status"`
	StatusDetails struct {
		Reason string `json:"reason"`
	} `json:"status_details"`
	Amount    money  `json:"amount"`
	Custom    string `json:"custom_id"`
	Invoice   string `json:"invoice_id"`
	Payee     payee  `json:"payee"`
	Processor struct {
		Code string `json:"response_code"`
	} `json:"processor_response"`
	Supplementary struct {
		Related struct {
			Order         string `json:"order_id"`
			Authorization string `json:"authorization_id"`
			Capture       string `json:"capture_id"`
		} `json:"related_ids"`
	} `json:"supplementary_data"`
	Links []link `json:"links"`
}

type payee struct {
	Merchant string `json:"merchant_id"`
}

type link struct {
	Href string `json:"href"`
	Rel  string `json:"rel"`
}

// refundMark precedes the operation in a refund's custom_id: refunds that others make, on PayPal's own
// pages, repeat the payment's custom_id and invoice_id, and must not be taken for ours.
const refundMark = "refund:"

func (o *order) unit() *unit {
	if len(o.Units) == 0 {
		return &unit{}
	}
	return &o.Units[0]
}

// closed reports whether the order was closed by us: its intent is no longer the one it was made with.
func (o *order) closed() bool {
	made := o.unit().Reference
	return made != "" && o.Intent != "" && o.Intent != made
}

// awaitsUs reports whether the payer has done his part and we have not done ours.
func (o *order) awaitsUs() bool {
	p := &o.unit().Payments
	return o.Status == orderApproved && !o.closed() && len(p.Authorizations) == 0 && len(p.Captures) == 0
}

// payerLink is where the payer approves.
func payerLink(links []link) string {
	for _, rel := range []string{"payer-action", "approve"} {
		if i := slices.IndexFunc(links, func(l link) bool { return l.Rel == rel }); i >= 0 {
			return links[i].Href
		}
	}
	return ""
}

// captureOf is the capture that a capture operation made, nil where there is none.
func (u *unit) captureOf(op paymux.OperationID) *transaction {
	return find(u.Payments.Captures, func(t *transaction) bool { return t.Invoice == paymux.OrderNumber(string(op)) })
}

// refundOf is the refund that a refund operation made, nil where there is none.
func (u *unit) refundOf(op paymux.OperationID) *transaction {
	return find(u.Payments.Refunds, func(t *transaction) bool { return t.Custom == refundMark+string(op) })
}

func find(list []transaction, match func(*transaction) bool) *transaction {
	for i := range list {
		if match(&list[i]) {
			return &list[i]
		}
	}
	return nil
}

// took reports whether a capture brought money, whatever became of it later.
func (t *transaction) took() bool {
	switch t.Status {
	case "COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED":
		return true
	}
	return false
}

func (t *transaction) failed() bool { return t.Status == "DECLINED" || t.Status == "FAILED" }

// of reports whether a refund is of a capture.
func (t *transaction) of(capture string) bool {
	return t.Supplementary.Related.Capture == capture || slices.ContainsFunc(t.Links, func(l link) bool {
		return l.Rel == "up" && strings.HasSuffix(l.Href, "/captures/"+capture)
	})
}

// ours reports whether text is one of our operations' IDs.
func ours(text string) bool {
	_, ok := paymux.TimeOf(text)
	return ok && strings.HasPrefix(text, paymux.PrefixOperation)
}
