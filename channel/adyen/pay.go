package adyen

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// payByToken pays with a stored card or with what Adyen's Component has encrypted.
func (a *account) payByToken(ctx context.Context, op channel.Operation, sum amount) (channel.Result, error) {
	t, err := readToken(op.Card.Token)
	switch {
	case errors.Is(err, channel.ErrUnsupported):
		return channel.Result{}, err
	case err != nil:
		return channel.Result{
			State: paymux.OpDeclined, Code: "token_malformed", Message: err.Error(),
			DeclineCode: paymux.DeclineProcessing, Advice: paymux.TryOtherMethod,
		}, nil
	}
	back, err := a.returnURL(ctx, op)
	if err != nil {
		return channel.Result{}, told(op, fmt.Errorf("%w: the return URL: %w", channel.ErrNotSent, err))
	}
	var answer paymentAnswer
	if err := a.call(ctx, http.MethodPost, "/payments", string(op.ID), a.payment(op, sum, t, back), &answer); err != nil {
		return failure(op, err)
	}
	ref := referenceOf(op, false)
	if answer.MerchantReference != "" && answer.MerchantReference != ref.String() {
		return channel.Result{}, told(op, fmt.Errorf("%w: it is of another payment", errAnswer))
	}
	r := a.payOutcome(ref, &answer)
	if r.NextAction != nil && r.NextAction.InvokeSDK != nil {
		r.NextAction.InvokeSDK.Params["details_url"] = back
	}
	return r, nil
}

func (a *account) payment(op channel.Operation, sum amount, t token, back string) paymentRequest {
	r := paymentRequest{
		MerchantAccount: a.merchant, Reference: referenceOf(op, false).String(), Amount: sum,
		PaymentMethod: t.Method, ReturnURL: back, Channel: "Web", FromIssuer: http.MethodGet,
		ShopperReference: t.Shopper, ShopperIP: op.Client.IP, CountryCode: country(op),
		Origin: t.Origin, BrowserInfo: t.Browser, Metadata: metadata(op),
		AuthenticationData: &authentication{},
	}
	r.AuthenticationData.Request.Native = "disabled"
	if a.native {
		r.AuthenticationData.Request.Native = "preferred"
	}
	if t.stored() {
		r.ShopperInteraction, r.ProcessingModel = "ContAuth", "CardOnFile"
	}
	// The account's own setting is not relied on, either way.
	if op.Manual {
		r.AdditionalData = map[string]string{"manualCapture": "true"}
	} else {
		r.CaptureDelayHours = new(int)
	}
	return r
}
