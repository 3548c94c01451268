package stripe

import (
	"cmp"
	"context"
	"time"

	stripego "github.com/stripe/stripe-go/v85"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// payByToken confirms a new PaymentIntent with the payer's payment method (pm_…).
func (a *account) payByToken(ctx context.Context, op channel.Operation, amount int64) (channel.Result, error) {
	params := &stripego.PaymentIntentCreateParams{
		Params:             key(op),
		Amount:             &amount,
		Currency:           lower(op.Money.Currency),
		PaymentMethod:      stripego.String(op.Card.Token.Reveal()),
		PaymentMethodTypes: stripego.StringSlice([]string{"card"}),
		Confirm:            stripego.Bool(true),
		CaptureMethod:      stripego.String(captureMethod(op)),
		Description:        optional(cut(op.Description, 1000)),
		ReturnURL:          optional(cmp.Or(op.ReturnURL, op.PageURL)),
		Metadata:           metadata(op),
		Expand:             stripego.StringSlice([]string{"latest_charge"}),
	}
	intent, err := a.api.V1PaymentIntents.Create(ctx, params)
	if err != nil {
		return failure(op, err)
	}
	return payOutcome(intent), nil
}

// payOnPage opens a Checkout Session, where the payer chooses a card or opens the wallet.
func (a *account) payOnPage(ctx context.Context, op channel.Operation, amount int64) (channel.Result, error) {
	session, err := a.api.V1CheckoutSessions.Create(ctx, checkout(op, amount))
	if err != nil {
		return failure(op, err)
	}
	return sessionOutcome(session), nil
}

func checkout(op channel.Operation, amount int64) *stripego.CheckoutSessionCreateParams {
	// The session's own PaymentIntent is marked, for its failed attempts are not the end.
	intentMeta := metadata(op)
	intentMeta[metaPage] = "checkout"
	name := cmp.Or(op.Description, op.MerchantOrderID, string(op.Payment))
	params := &stripego.CheckoutSessionCreateParams{
		Params:             key(op),
		Mode:               stripego.String("payment"),
		PaymentMethodTypes: stripego.StringSlice([]string{string(op.Method.Type)}),
		ClientReferenceID:  stripego.String(op.ID),
		SuccessURL:         stripego.String(cmp.Or(op.PageURL, op.ReturnURL)),
		CancelURL:          stripego.String(cmp.Or(op.PageURL, op.ReturnURL)),
		ExpiresAt:          pageExpiry(op),
		Metadata:           metadata(op),
		LineItems: []*stripego.CheckoutSessionCreateLineItemParams{{
			Quantity: stripego.Int64(1),
			PriceData: &stripego.CheckoutSessionCreateLineItemPriceDataParams{
				Currency:    lower(op.Money.Currency),
				UnitAmount:  &amount,
				ProductData: &stripego.CheckoutSessionCreateLineItemPriceDataProductDataParams{Name: stripego.String(cut(name, 250))},
			},
		}},
		PaymentIntentData: &stripego.CheckoutSessionCreatePaymentIntentDataParams{
			Description: optional(cut(op.Description, 1000)),
			Metadata:    intentMeta,
		},
	}
	if op.Method.Type == paymux.Card {
		params.PaymentIntentData.CaptureMethod = stripego.String(captureMethod(op))
	}
	if op.Method.Type == paymux.WeChatPay {
		params.PaymentMethodOptions = &stripego.CheckoutSessionCreatePaymentMethodOptionsParams{
			WeChatPay: &stripego.CheckoutSessionCreatePaymentMethodOptionsWeChatPayParams{Client: stripego.String("web")},
		}
	}
	return params
}

// pageExpiry keeps the payment's expiry within what Stripe takes, 30 minutes to 24
// hours from now, counted from the operation's birth so that a resend is the same
// request to the letter. A payment that expires sooner is closed by a cancel.
func pageExpiry(op channel.Operation) *int64 {
	born, ok := paymux.TimeOf(string(op.ID))
	if !ok || op.ExpiresAt.IsZero() {
		return nil
	}
	at := op.ExpiresAt
	if soonest := born.Add(35 * time.Minute); at.Before(soonest) {
		at = soonest
	}
	if latest := born.Add(24*time.Hour - time.Minute); at.After(latest) {
		at = latest
	}
	return stripego.Int64(at.Unix())
}

func captureMethod(op channel.Operation) string {
	if op.Manual {
		return string(stripego.PaymentIntentCaptureMethodManual)
	}
	return string(stripego.PaymentIntentCaptureMethodAutomatic)
}
