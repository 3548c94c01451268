package paypal

import (
	"cmp"
	"context"
	"fmt"
	"net/http"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// newOrder is the request that makes an order.
type newOrder struct {
	Intent string    `json:"intent"`
	Units  []newUnit `json:"purchase_units"`
	Source source    `json:"payment_source"`
}

type newUnit struct {
	Reference   string `json:"reference_id"`
	Custom      string `json:"custom_id"`
	Invoice     string `json:"invoice_id"`
	Description string `json:"description,omitempty"`
	Amount      money  `json:"amount"`
}

type source struct {
	PayPal struct {
		Experience experience `json:"experience_context"`
	} `json:"paypal"`
}

// experience is what the payer sees.
type experience struct {
	BrandName  string `json:"brand_name,omitempty"`
	UserAction string `json:"user_action"`
	Shipping   string `json:"shipping_preference"`
	ReturnURL  string `json:"return_url,omitempty"`
	CancelURL  string `json:"cancel_url,omitempty"`
}

// pay makes an order, and sends the payer to approve it. Repeated under the same key it is the
// same order, with its latest status.
func (a *account) pay(ctx context.Context, op channel.Operation) (channel.Result, error) {
	amount, ok := toPayPal(op.Money)
	if !ok {
		return unpayable(op.Money), nil
	}
	var o order
	err := a.call(ctx, request{http.MethodPost, "/v2/checkout/orders", string(op.ID), a.newOrder(op, amount)}, &o)
	if err != nil {
		return a.failure(ctx, op, err)
	}
	if o.ID == "" || o.unit().Custom != string(op.ID) {
		return channel.Result{}, fmt.Errorf("paypal %s %s: %w", op.Kind, op.ID, errForm)
	}
	r, err := a.advance(ctx, &o, op.Money)
	if err != nil {
		return r, fmt.Errorf("paypal %s %s: %w", op.Kind, op.ID, unsure(err)) // the order is there
	}
	return r, nil
}

// newOrder. The invoice number is the operation's: with the account's default settings PayPal
// refuses to be paid twice for one, whatever else might go wrong.
func (a *account) newOrder(op channel.Operation, amount money) newOrder {
	intent := intentCapture
	if op.Manual {
		intent = intentAuthorize
	}
	o := newOrder{Intent: intent, Units: []newUnit{{
		Reference:   intent,
		Custom:      string(op.ID),
		Invoice:     paymux.OrderNumber(string(op.ID)),
		Description: cut(cmp.Or(op.Description, op.MerchantOrderID), 127),
		Amount:      amount,
	}}}
	back := cmp.Or(op.PageURL, op.ReturnURL) // our page asks what became of it before it sends the payer on
	o.Source.PayPal.Experience = experience{
		BrandName: cut(a.brand, 127), UserAction: "PAY_NOW", Shipping: "NO_SHIPPING", ReturnURL: back, CancelURL: back,
	}
	return o
}

// cut shortens text to PayPal's limit, in characters.
func cut(text string, limit int) string {
	if r := []rune(text); len(r) > limit {
		return string(r[:limit])
	}
	return text
}
