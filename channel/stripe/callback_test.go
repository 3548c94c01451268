package stripe_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/test/stripefake"
)

// What each event means, with the object as Stripe would send it.
func TestEvents(t *testing.T) {
	t.Parallel()
	_, config := fake(t)
	ch := open(t, config)
	const op = `"metadata":{"paymux_operation":"op_1"}`
	for name, c := range map[string]struct {
		kind, object string
		want         paymux.OperationState // empty: of no interest
		decline      paymux.DeclineCode
	}{
		"reserved":       {"payment_intent.amount_capturable_updated", `{"id":"pi_1","status":"requires_capture","amount":5,"currency":"eur",` + op + `}`, paymux.OpAuthorized, ""},
		"failed":         {"payment_intent.payment_failed", `{"id":"pi_1","status":"requires_payment_method","last_payment_error":{"type":"card_error","code":"expired_card"},` + op + `}`, paymux.OpDeclined, paymux.DeclineExpiredCard},
		"failed on page": {"payment_intent.payment_failed", `{"id":"pi_1","status":"requires_payment_method","last_payment_error":{"code":"expired_card"},"metadata":{"paymux_operation":"op_1","paymux_page":"checkout"}}`, "", ""},
		"canceled":       {"payment_intent.canceled", `{"id":"pi_1","status":"canceled",` + op + `}`, paymux.OpCanceled, ""},
		"processing":     {"payment_intent.processing", `{"id":"pi_1","status":"processing",` + op + `}`, paymux.OpPending, ""},
		"3-D Secure":     {"payment_intent.requires_action", `{"id":"pi_1","status":"requires_action",` + op + `}`, paymux.OpPending, ""},
		"captured":       {"payment_intent.succeeded", `{"id":"pi_1","status":"succeeded","amount":5,"amount_received":5,"currency":"eur","metadata":{"paymux_operation":"op_0","paymux_capture":"op_1"}}`, paymux.OpSucceeded, ""},
		"page paid":      {"checkout.session.completed", `{"id":"cs_1","status":"complete","payment_status":"paid","amount_total":5,"currency":"eur","payment_intent":"pi_1",` + op + `}`, paymux.OpSucceeded, ""},
		"page pending":   {"checkout.session.completed", `{"id":"cs_1","status":"complete","payment_status":"unpaid","payment_intent":"pi_1",` + op + `}`, paymux.OpPending, ""},
		"page later":     {"checkout.session.async_payment_succeeded", `{"id":"cs_1","status":"complete","payment_status":"paid","amount_total":5,"currency":"eur","payment_intent":"pi_1",` + op + `}`, paymux.OpSucceeded, ""},
		"page failed":    {"checkout.session.async_payment_failed", `{"id":"cs_1","status":"complete","payment_status":"unpaid",` + op + `}`, paymux.OpDeclined, paymux.DeclineGeneric},
		"page closed":    {"checkout.session.expired", `{"id":"cs_1","status":"expired",` + op + `}`, paymux.OpCanceled, ""},
		"refunded":       {"refund.updated", `{"id":"re_1","status":"succeeded","amount":5,"currency":"eur",` + op + `}`, paymux.OpSucceeded, ""},
		"refund bounced": {"refund.failed", `{"id":"re_1","status":"failed","failure_reason":"expired_or_canceled_card",` + op + `}`, paymux.OpDeclined, paymux.DeclineRefundRefused},
		"charge":         {"charge.refunded", `{"id":"ch_1","refunds":{"data":[{"id":"re_1","status":"pending",` + op + `}]}}`, paymux.OpPending, ""},
		"bare charge":    {"charge.refunded", `{"id":"ch_1",` + op + `}`, "", ""},
		"not ours":       {"payment_intent.succeeded", `{"id":"pi_1","status":"succeeded"}`, "", ""},
		"another type":   {"customer.created", `{"id":"cus_1"}`, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			news, err := ch.Callback(t.Context(), signed(t, paymux.Secret(config.Options["webhook_secret"]), c.kind, json.RawMessage(c.object), accountClock()))
			if err != nil || news.ID == "" {
				t.Fatalf("%+v, %v", news, err)
			}
			if c.want == "" {
				if news.Operation != "" || news.Dispute != nil {
					t.Errorf("%+v, want nothing of interest", news)
				}
				return
			}
			r := news.Result
			if news.Operation != "op_1" || r.State != c.want || r.DeclineCode != c.decline || r.ChannelID == "" {
				t.Errorf("operation %q: %+v; want op_1 %s %s", news.Operation, r, c.want, c.decline)
			}
			if r.State == paymux.OpSucceeded && r.Money != (paymux.Money{Amount: 5, Currency: "EUR"}) {
				t.Errorf("states %s, want EUR 0.05", r.Money)
			}
		})
	}
}

func TestDisputes(t *testing.T) {
	t.Parallel()
	_, config := fake(t)
	ch := open(t, config)
	op := payment(stripefake.Visa)
	paid, err := ch.Do(t.Context(), op)
	if err != nil {
		t.Fatal(err)
	}
	for status, want := range map[string]paymux.DisputeStatus{
		"needs_response": paymux.DisputeOpened, "won": paymux.DisputeWon, "lost": paymux.DisputeLost, "a_status_of_tomorrow": "",
	} {
		object := fmt.Sprintf(`{"id":"dp_1","status":%q,"amount":1250,"currency":"eur","reason":"fraudulent","payment_intent":%q}`, status, paid.ChannelID)
		news, err := ch.Callback(t.Context(), signed(t, paymux.Secret(config.Options["webhook_secret"]), "charge.dispute.created", json.RawMessage(object), accountClock()))
		if err != nil {
			t.Fatalf("%s: %v", status, err)
		}
		if want == "" {
			if news.Dispute != nil {
				t.Errorf("%s: %+v, want nothing of interest", status, news.Dispute)
			}
			continue
		}
		if d := news.Dispute; d == nil || d.Operation != op.ID || d.Status != want || d.Money != op.Money || d.ChannelID != "dp_1" {
			t.Errorf("%s: %+v", status, d)
		}
	}
}

func TestSignatures(t *testing.T) {
	t.Parallel()
	_, config := fake(t)
	secret := paymux.Secret(config.Options["webhook_secret"])
	object := json.RawMessage(`{"id":"pi_1","status":"processing","metadata":{"paymux_operation":"op_1"}}`)
	event := func(at time.Time) channel.CallbackRequest {
		return signed(t, secret, "payment_intent.processing", object, at)
	}
	other := signed(t, "whsec_other", "payment_intent.processing", object, accountClock())
	reheaded := event(accountClock().Add(-time.Hour))
	reheaded.Header["Stripe-Signature"][0] += fmt.Sprintf(",t=%d", accountClock().Unix())
	garbage := event(accountClock())
	garbage.Body = []byte("{")
	ch := open(t, config)
	for name, c := range map[string]struct {
		req  channel.CallbackRequest
		want error
	}{
		"fresh":                  {event(accountClock()), nil},
		"four minutes old":       {event(accountClock().Add(-4 * time.Minute)), nil},
		"six minutes old":        {event(accountClock().Add(-6 * time.Minute)), channel.ErrStale},
		"from the future":        {event(accountClock().Add(6 * time.Minute)), channel.ErrStale},
		"other secret":           {other, channel.ErrForged},
		"old, with a new time":   {reheaded, channel.ErrForged},
		"body replaced":          {garbage, channel.ErrForged},
		"no header":              {channel.CallbackRequest{Body: []byte("{}")}, channel.ErrForged},
		"authentic and no event": {signed(t, secret, "", object, accountClock()), channel.ErrMalformed},
	} {
		news, err := ch.Callback(t.Context(), c.req)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if readable := name != "body replaced" && name != "no header"; (news.Operation == "op_1") != readable {
			t.Errorf("%s: names operation %q", name, news.Operation)
		}
		if err != nil && news.Result.State != "" {
			t.Errorf("%s: refused, and says %s", name, news.Result.State)
		}
	}
	delete(config.Options, "webhook_secret")
	if _, err := open(t, config).Callback(t.Context(), event(accountClock())); !errors.Is(err, channel.ErrForged) {
		t.Errorf("without a secret: %v, want ErrForged", err)
	}
}

func FuzzCallback(f *testing.F) {
	secret := paymux.Secret("whsec_fuzz")
	f.Add([]byte(`{"id":"evt_1","type":"payment_intent.succeeded","data":{"object":{"id":"pi_1","amount":5}}}`), "payment_intent.succeeded")
	f.Add([]byte(`{"refunds":{"data":[null]}}`), "charge.refunded")
	f.Add([]byte(`null`), "checkout.session.completed")
	f.Fuzz(func(t *testing.T, object []byte, kind string) {
		config := channel.Config{Client: http.DefaultClient, Options: map[string]string{
			"api_key": "sk_test_fuzz", "webhook_secret": secret.Reveal(), "base_url": "http://127.0.0.1:1",
		}}
		if !json.Valid(object) {
			return
		}
		news, err := open(t, config).Callback(t.Context(), signed(t, secret, kind, object, accountClock()))
		if err == nil && news.Operation != "" && news.Result.State == "" {
			t.Errorf("news of %s without a state", news.Operation)
		}
	})
}
