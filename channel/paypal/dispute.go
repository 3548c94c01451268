package paypal

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// dispute is the part of PayPal's case that matters here.
type dispute struct {
	ID      string `json:"dispute_id"`
	Status  string `json:"status"`
	Reason  string `json:"reason"`
	Amount  money  `json:"dispute_amount"`
	Outcome struct {
		Code string `json:"outcome_code"`
	} `json:"dispute_outcome"`
	Transactions []struct {
		ID     string `json:"seller_transaction_id"`
		Custom string `json:"custom"`
		Seller payee  `json:"seller"`
	} `json:"disputed_transactions"`
}

// disputeNews reads a case. Which operation it disputes is the word of the capture it names, which is asked for: reading
// cases takes a permission that not every app has.
func (a *account) disputeNews(ctx context.Context, e event) (channel.Callback, error) {
	var d dispute
	if json.Unmarshal(e.Resource, &d) != nil || d.ID == "" || len(d.Transactions) == 0 {
		return channel.Callback{}, fmt.Errorf("%w: the resource is not a dispute", channel.ErrMalformed)
	}
	amount, ok := d.Amount.read()
	if !ok {
		return channel.Callback{}, fmt.Errorf("%w: the dispute's amount cannot be read", channel.ErrMalformed)
	}
	of := d.Transactions[0]
	if of.Custom != "" && !ours(of.Custom) {
		return channel.Callback{}, nil
	}
	if err := a.paidTo(of.Seller); err != nil {
		return channel.Callback{}, err
	}
	status, known := d.status()
	if !known {
		a.log.WarnContext(ctx, "paypal dispute ended in a way nobody knows", "dispute", d.ID, "status", d.Status, "outcome", d.Outcome.Code)
		return channel.Callback{}, nil
	}
	t, err := a.lookUp(ctx, "captures", of.ID)
	switch {
	case gone(err) && of.Custom == "":
		return channel.Callback{}, nil // not made by this interface, so not by us
	case gone(err) || err == nil && of.Custom != "" && of.Custom != t.Custom:
		return channel.Callback{}, fmt.Errorf("%w: it disputes what PayPal does not have", channel.ErrForged)
	case err != nil:
		return channel.Callback{}, err
	}
	if !ours(t.Custom) {
		return channel.Callback{}, nil
	}
	return channel.Callback{Dispute: &channel.Dispute{
		ChannelID: d.ID, Operation: paymux.OperationID(t.Custom), Status: status, Money: amount, Reason: d.Reason,
	}}, nil
}

// status: RESOLVED_WITH_PAYOUT means that PayPal paid the payer from its own pocket.
func (d *dispute) status() (status paymux.DisputeStatus, known bool) {
	if d.Status != "RESOLVED" {
		return paymux.DisputeOpened, true
	}
	switch d.Outcome.Code {
	case "RESOLVED_BUYER_FAVOUR", "ACCEPTED":
		return paymux.DisputeLost, true
	case "RESOLVED_SELLER_FAVOUR", "RESOLVED_WITH_PAYOUT", "CANCELED_BY_BUYER", "DENIED":
		return paymux.DisputeWon, true
	}
	return "", false
}
