package paypal_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/test/paypalfake"
)

// What each event means, about what the institution really has.
func TestEvents(t *testing.T) {
	t.Parallel()
	institution, config := fake(t)
	ch := open(t, config)
	sold, held, lost := paid(t, institution, ch, false), paid(t, institution, ch, true), paid(t, institution, ch, false)
	part := follow(paymux.Capture, held, 400)
	do(t, ch, part, paymux.OpSucceeded)
	back := follow(paymux.Refunds, sold, 500)
	do(t, ch, back, paymux.OpSucceeded)
	institution.SetStatus(string(lost.ID), "capture", "DECLINED", "")
	freed := paid(t, institution, ch, true)
	do(t, ch, follow(paymux.Cancel, freed, 1250), paymux.OpSucceeded)
	gift := paid(t, institution, ch, false)
	institution.RefundByHand(string(gift.ID))
	for name, c := range map[string]struct {
		kind     string
		resource []byte
		op       paymux.OperationID // empty: of no interest
		want     paymux.OperationState
		money    paymux.Money
	}{
		"paid":           {"PAYMENT.CAPTURE.COMPLETED", institution.Resource(string(sold.ID), "capture"), sold.ID, paymux.OpSucceeded, sold.Money},
		"captured":       {"PAYMENT.CAPTURE.COMPLETED", institution.Resource(string(held.ID), "capture"), part.ID, paymux.OpSucceeded, part.Money},
		"denied":         {"PAYMENT.CAPTURE.DENIED", institution.Resource(string(lost.ID), "capture"), lost.ID, paymux.OpDeclined, paymux.Money{}},
		"refunded":       {"PAYMENT.CAPTURE.REFUNDED", institution.Resource(string(sold.ID), "refund"), back.ID, paymux.OpSucceeded, back.Money},
		"refund by hand": {"PAYMENT.CAPTURE.REFUNDED", institution.Resource(string(gift.ID), "refund"), "", "", paymux.Money{}},
		"reserved":       {"PAYMENT.AUTHORIZATION.CREATED", institution.Resource(string(held.ID), "authorization"), held.ID, paymux.OpAuthorized, held.Money},
		"released":       {"PAYMENT.AUTHORIZATION.VOIDED", institution.Resource(string(freed.ID), "authorization"), freed.ID, paymux.OpCanceled, paymux.Money{}},
		"order":          {"CHECKOUT.ORDER.COMPLETED", institution.Resource(string(sold.ID), "order"), sold.ID, paymux.OpSucceeded, sold.Money},
		"not ours":       {"PAYMENT.CAPTURE.COMPLETED", []byte(`{"id":"1","status":"COMPLETED","custom_id":"A-1"}`), "", "", paymux.Money{}},
		"not our order":  {"CHECKOUT.ORDER.APPROVED", []byte(`{"id":"1","status":"APPROVED","purchase_units":[{"custom_id":"A-1"}]}`), "", "", paymux.Money{}},
		"another type":   {"BILLING.PLAN.CREATED", []byte(`{"id":"P-1"}`), "", "", paymux.Money{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			news, err := ch.Callback(t.Context(), signed(institution, config, c.kind, c.resource))
			if err != nil || news.ID == "" || news.Dispute != nil {
				t.Fatalf("%+v, %v", news, err)
			}
			if news.Operation != c.op || c.op != "" && news.Result.State != c.want || news.Result.Money != c.money {
				t.Errorf("%+v; want %s of %q with %s", news, c.want, c.op, c.money)
			}
			if c.op != "" && news.Result.ChannelID == "" {
				t.Error("without the institution's ID")
			}
		})
	}
}

func signed(institution *paypalfake.Institution, config channel.Config, kind string, resource []byte) channel.CallbackRequest {
	return signedAs(institution, config, kind, resource, paypalfake.Signing{})
}

func signedAs(institution *paypalfake.Institution, config channel.Config, kind string, resource []byte, how paypalfake.Signing) channel.CallbackRequest {
	if how.At.IsZero() {
		how.At = later()
	}
	body := paypalfake.Event(kind, resource)
	return delivered(institution.Sign(config.Options["base_url"], body, how), body)
}

func TestDisputes(t *testing.T) {
	t.Parallel()
	institution, config := fake(t)
	ch := open(t, config)
	op := paid(t, institution, ch, false)
	var capture struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(institution.Resource(string(op.ID), "capture"), &capture); err != nil {
		t.Fatal(err)
	}
	dispute := func(status, outcome, custom, seller string) []byte {
		text, _ := json.Marshal(map[string]any{
			"dispute_id": "PP-D-1", "status": status, "reason": "UNAUTHORISED", "dispute_amount": map[string]string{"currency_code": "EUR", "value": "12.50"},
			"dispute_outcome":       map[string]string{"outcome_code": outcome},
			"disputed_transactions": []any{map[string]any{"seller_transaction_id": capture.ID, "custom": custom, "seller": map[string]string{"merchant_id": seller}}},
		})
		return text
	}
	for name, c := range map[string]struct {
		resource []byte
		want     paymux.DisputeStatus // empty: of no interest
	}{
		"opened":         {dispute("OPEN", "", string(op.ID), paypalfake.Merchant), paymux.DisputeOpened},
		"without custom": {dispute("UNDER_REVIEW", "", "", ""), paymux.DisputeOpened},
		"lost":           {dispute("RESOLVED", "RESOLVED_BUYER_FAVOUR", string(op.ID), ""), paymux.DisputeLost},
		"accepted":       {dispute("RESOLVED", "ACCEPTED", string(op.ID), ""), paymux.DisputeLost},
		"won":            {dispute("RESOLVED", "RESOLVED_SELLER_FAVOUR", string(op.ID), ""), paymux.DisputeWon},
		"withdrawn":      {dispute("RESOLVED", "CANCELED_BY_BUYER", string(op.ID), ""), paymux.DisputeWon},
		"of tomorrow":    {dispute("RESOLVED", "DRAWN_BY_LOT", string(op.ID), ""), ""},
		"not ours":       {dispute("OPEN", "", "A-1", ""), ""},
	} {
		news, err := ch.Callback(t.Context(), signed(institution, config, "CUSTOMER.DISPUTE.CREATED", c.resource))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if c.want == "" {
			if news.Dispute != nil {
				t.Errorf("%s: %+v, want nothing of interest", name, news.Dispute)
			}
			continue
		}
		if d := news.Dispute; d == nil || d.Operation != op.ID || d.Status != c.want || d.Money != op.Money || d.ChannelID != "PP-D-1" || d.Reason == "" {
			t.Errorf("%s: %+v", name, d)
		}
	}
	other := dispute("OPEN", "", mint.New(paymux.PrefixOperation), "")
	if _, err := ch.Callback(t.Context(), signed(institution, config, "CUSTOMER.DISPUTE.CREATED", other)); !errors.Is(err, channel.ErrForged) {
		t.Errorf("a dispute that names another's capture: %v, want ErrForged", err)
	}
	if _, err := ch.Callback(t.Context(), signed(institution, config, "CUSTOMER.DISPUTE.CREATED", dispute("OPEN", "", "", "OTHER"))); !errors.Is(err, channel.ErrForged) {
		t.Errorf("another merchant's dispute: %v, want ErrForged", err)
	}
}

// Nothing but PayPal's own word is believed, and what is refused names its operation.
func TestAttacks(t *testing.T) {
	t.Parallel()
	institution, config := fake(t)
	_, stranger := fake(t)
	l, watched := over(config)
	l.before = func(r *http.Request) (*http.Response, error) {
		if at := r.URL.Scheme + "://" + r.URL.Host; at != config.Options["base_url"] {
			t.Errorf("a callback made us call %s", at)
		}
		return nil, nil
	}
	ch := open(t, watched)
	op := paid(t, institution, ch, false)
	unpaid := ordered(t, ch, false)
	resource := institution.Resource(string(op.ID), "capture")
	base := config.Options["base_url"]
	with := func(how paypalfake.Signing) channel.CallbackRequest {
		return signedAs(institution, config, "PAYMENT.CAPTURE.COMPLETED", resource, how)
	}
	spoiled := func(change func(*channel.CallbackRequest)) channel.CallbackRequest {
		r := with(paypalfake.Signing{})
		change(&r)
		return r
	}
	replaced := func(old, new string) []byte { return []byte(strings.ReplaceAll(string(resource), old, new)) }
	about := func(resource []byte) channel.CallbackRequest {
		return signed(institution, config, "PAYMENT.CAPTURE.COMPLETED", resource)
	}
	order := string(institution.Resource(string(op.ID), "order"))
	approval := func(order string) channel.CallbackRequest {
		return signed(institution, config, "CHECKOUT.ORDER.APPROVED", []byte(order))
	}
	claimed := replaced(string(op.ID), string(unpaid.ID))
	claimed = []byte(strings.ReplaceAll(string(claimed), paymux.OrderNumber(string(op.ID)), paymux.OrderNumber(string(unpaid.ID))))
	for name, c := range map[string]struct {
		req  channel.CallbackRequest
		want error
	}{
		"genuine":                {with(paypalfake.Signing{}), nil},
		"three days old":         {with(paypalfake.Signing{At: later().Add(-72 * time.Hour)}), nil},
		"four days old":          {with(paypalfake.Signing{At: later().Add(-96 * time.Hour)}), channel.ErrStale},
		"from the future":        {with(paypalfake.Signing{At: later().Add(96 * time.Hour)}), channel.ErrStale},
		"for another webhook":    {with(paypalfake.Signing{WebhookID: "1JE4291016473214C"}), channel.ErrForged},
		"expired certificate":    {with(paypalfake.Signing{Certificate: paypalfake.Expired}), channel.ErrForged},
		"certificate of another": {with(paypalfake.Signing{Certificate: paypalfake.OtherName}), channel.ErrForged},
		"strange authority":      {with(paypalfake.Signing{Certificate: paypalfake.Strange}), channel.ErrForged},
		"no certificate":         {with(paypalfake.Signing{Certificate: paypalfake.NoText}), channel.ErrForged},
		"certificate not there":  {with(paypalfake.Signing{Certificate: "none"}), channel.ErrForged},
		"another host":           {with(paypalfake.Signing{CertURL: stranger.Options["base_url"] + paypalfake.CertificatePath + paypalfake.Genuine}), channel.ErrForged},
		"host in the user part":  {with(paypalfake.Signing{CertURL: strings.Replace(base, "https://", "https://"+config.Options["certificate_host"]+"@evil.example/", 1)}), channel.ErrForged},
		"not https":              {with(paypalfake.Signing{CertURL: strings.Replace(base, "https", "http", 1) + paypalfake.CertificatePath + paypalfake.Genuine}), channel.ErrForged},
		"another path":           {with(paypalfake.Signing{CertURL: base + "/uploads/" + paypalfake.Genuine}), channel.ErrForged},
		"no header":              {spoiled(func(r *channel.CallbackRequest) { r.Header = nil }), channel.ErrForged},
		"algorithm none":         {spoiled(func(r *channel.CallbackRequest) { r.Header["Paypal-Auth-Algo"] = []string{"none"} }), channel.ErrForged},
		"time replaced": {spoiled(func(r *channel.CallbackRequest) {
			r.Header["Paypal-Transmission-Time"] = []string{later().Add(time.Second).Format(time.RFC3339)}
		}), channel.ErrForged},
		"body replaced":      {spoiled(func(r *channel.CallbackRequest) { r.Body = paypalfake.Event("PAYMENT.CAPTURE.COMPLETED", claimed) }), channel.ErrForged},
		"another merchant":   {about(replaced(paypalfake.Merchant, "OTHERMERCHANT")), channel.ErrForged},
		"another's capture":  {about(claimed), channel.ErrForged},
		"capture of nothing": {about(replaced(`"id":"`, `"id":"0`)), channel.ErrForged},
		"another's order":    {approval(strings.ReplaceAll(order, string(op.ID), string(unpaid.ID))), channel.ErrForged},
		"order of nothing":   {approval(strings.Replace(order, `"id":"`, `"id":"0`, 1)), channel.ErrForged},
		"not an event":       {signed(institution, config, "", resource), channel.ErrMalformed},
		"amount":             {about(replaced("12.50", "much")), channel.ErrMalformed},
	} {
		news, err := ch.Callback(t.Context(), c.req)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if news.Operation != op.ID && news.Operation != unpaid.ID {
			t.Errorf("%s: names operation %q", name, news.Operation)
		}
	}
	// The amount, too, is the institution's answer and not the body's.
	if news, err := ch.Callback(t.Context(), about(replaced("12.50", "99.00"))); err != nil || news.Result.Money != op.Money {
		t.Errorf("another amount: %+v, %v; want PayPal's own word, %s", news.Result, err, op.Money)
	}
	delete(config.Options, "webhook_id")
	if _, err := open(t, config).Callback(t.Context(), with(paypalfake.Signing{})); !errors.Is(err, channel.ErrForged) {
		t.Errorf("without a webhook ID: %v, want ErrForged", err)
	}
}

// An event that PayPal cannot be asked about just now is no forgery: it must come again.
func TestCallbackWhilePayPalIsSilent(t *testing.T) {
	t.Parallel()
	institution, config := fake(t)
	op := paid(t, institution, open(t, config), false)
	waiting := ordered(t, open(t, config), false)
	institution.Approve(string(waiting.ID))
	for _, path := range []string{"/v1/notifications/certs/", "/v1/oauth2/token", "/v2/payments/captures/", "/v2/checkout/orders/"} {
		l, broken := over(config)
		l.before = func(r *http.Request) (*http.Response, error) {
			if strings.HasPrefix(r.URL.Path, path) {
				return nil, io.ErrUnexpectedEOF
			}
			return nil, nil
		}
		ch := open(t, broken)
		for kind, resource := range map[string][]byte{
			"PAYMENT.CAPTURE.COMPLETED": institution.Resource(string(op.ID), "capture"),
			"CHECKOUT.ORDER.APPROVED":   institution.Resource(string(waiting.ID), "order"),
		} {
			news, err := ch.Callback(t.Context(), signed(institution, config, kind, resource))
			if unaffected := strings.Contains(path, "orders") != (kind == "CHECKOUT.ORDER.APPROVED") && strings.HasPrefix(path, "/v2"); unaffected {
				continue
			}
			if err == nil || errors.Is(err, channel.ErrForged) || errors.Is(err, channel.ErrMalformed) || errors.Is(err, channel.ErrStale) {
				t.Errorf("%s without %s: %+v, %v; want an error that judges nothing", kind, path, news, err)
			}
		}
	}
}

func FuzzCallback(f *testing.F) {
	institution, config := fake(f)
	ch := open(f, config)
	f.Add([]byte(`{"id":"1","status":"COMPLETED","amount":{"currency_code":"EUR","value":"5.00"},"custom_id":"op_1"}`), "PAYMENT.CAPTURE.COMPLETED")
	f.Add([]byte(`{"id":"1","purchase_units":[{"custom_id":"op_1"},null]}`), "CHECKOUT.ORDER.APPROVED")
	f.Add([]byte(`{"dispute_id":"1","disputed_transactions":[null]}`), "CUSTOMER.DISPUTE.RESOLVED")
	f.Add([]byte(`null`), "PAYMENT.REFUND.FAILED")
	f.Add([]byte(`{"id":"../../orders/1?x","status":"VOIDED"}`), "PAYMENT.AUTHORIZATION.VOIDED")
	f.Fuzz(func(t *testing.T, resource []byte, kind string) {
		if !json.Valid(resource) {
			return
		}
		news, err := ch.Callback(t.Context(), signed(institution, config, kind, resource))
		if err == nil && news.Operation != "" && news.Result.State == "" {
			t.Errorf("news of %s without a state", news.Operation)
		}
	})
}
