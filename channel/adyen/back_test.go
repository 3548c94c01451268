package adyen_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/test/adyenfake"
)

// waiting is a payment whose payer is at the bank.
func waiting(t *testing.T, ch channel.Channel) (channel.Operation, channel.Result) {
	t.Helper()
	op := payment(adyenfake.Authenticate)
	r, err := ch.Do(t.Context(), op)
	if err != nil || r.State != paymux.OpPending || r.NextAction == nil || r.ChannelID != string(op.ID)+"-pay" {
		t.Fatalf("%+v, %v", r, err)
	}
	return op, r
}

// The payer comes back twice, as browsers do: nothing happens a second time.
func TestReturn(t *testing.T) {
	t.Parallel()
	institution, config := fake(t)
	ch := open(t, config)
	op, _ := waiting(t, ch)
	to := institution.Authenticate(string(op.ID), true)
	for range 2 {
		news, err := ch.Callback(t.Context(), browser(to))
		r := news.Result
		if err != nil || news.Operation != op.ID || news.ID == "" || r.State != paymux.OpSucceeded || r.Money != op.Money || r.ChannelID == "" {
			t.Fatalf("%+v, %v", news, err)
		}
		if page := string(news.Ack.Body); !strings.Contains(page, `url=https://pay.example/pay/pay_1"`) || !strings.HasPrefix(news.Ack.ContentType, "text/html") {
			t.Errorf("the payer is sent on by %s", page)
		}
		if r.Card == nil || r.Card.Last4 != "1111" || r.Card.ExpYear != 2030 {
			t.Errorf("card %+v", r.Card)
		}
	}
	if n := institution.Effects(string(op.ID)); n != 1 {
		t.Errorf("took effect %d times", n)
	}
}

// Adyen's Component posts what it has, on a page that runs 3-D Secure itself.
func TestNativeReturn(t *testing.T) {
	t.Parallel()
	institution, config := fake(t)
	config.Options["three_ds"] = "native"
	ch := open(t, config)
	op, r := waiting(t, ch)
	sdk := r.NextAction.InvokeSDK
	if r.NextAction.Type != paymux.ActionInvokeSDK || sdk.SDK != "adyen_checkout" || sdk.Params["environment"] != "test" || !strings.Contains(sdk.Params["action"], `"threeDS2"`) {
		t.Fatalf("%+v", r.NextAction)
	}
	institution.Authenticate(string(op.ID), true)
	req := channel.CallbackRequest{
		Method: http.MethodPost, URL: sdk.Params["details_url"],
		Body: []byte(url.Values{"threeDSResult": {adyenfake.Token(sdk.Params["action"])}}.Encode()),
	}
	news, err := ch.Callback(t.Context(), req)
	if err != nil || news.Operation != op.ID || news.Result.State != paymux.OpSucceeded {
		t.Fatalf("%+v, %v", news, err)
	}
}

// A return URL is good for one payment, one way on, and its time; nothing else reaches Adyen.
func TestReturnsThatAreRefused(t *testing.T) {
	t.Parallel()
	institution, config := fake(t)
	ch := open(t, config)
	op, _ := waiting(t, ch)
	to := institution.Authenticate(string(op.ID), true)
	other, _ := waiting(t, ch)
	changed := func(change func(url.Values)) string {
		u, err := url.Parse(to)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		change(q)
		u.RawQuery = q.Encode()
		return u.String()
	}
	late := config
	late.Now = func() time.Time { return op.ExpiresAt.Add(time.Second) }
	elsewhere := config
	_, elsewhere = fake(t)
	for name, c := range map[string]struct {
		config channel.Config
		url    string
		is     error
	}{
		"another operation": {config, changed(func(q url.Values) { q.Set("operation", string(other.ID)+"-pay") }), channel.ErrForged},
		"another way on":    {config, changed(func(q url.Values) { q.Set("back", "https://phishing.example/") }), channel.ErrForged},
		"more time":         {config, changed(func(q url.Values) { q.Set("until", "99999999999") }), channel.ErrForged},
		"without its time":  {config, changed(func(q url.Values) { q.Del("until") }), channel.ErrForged},
		"no seal":           {config, changed(func(q url.Values) { q.Set("seal", "") }), channel.ErrForged},
		"a broken seal":     {config, changed(func(q url.Values) { q.Set("seal", "%%") }), channel.ErrForged},
		"another key":       {elsewhere, to, channel.ErrForged},
		"nothing brought":   {config, changed(func(q url.Values) { q.Del("redirectResult") }), channel.ErrMalformed},
		"too much brought":  {config, changed(func(q url.Values) { q.Set("redirectResult", strings.Repeat("X", 20001)) }), channel.ErrMalformed},
		"two things":        {config, changed(func(q url.Values) { q.Set("threeDSResult", "X") }), channel.ErrMalformed},
		"too late":          {late, to, channel.ErrStale},
	} {
		if _, err := open(t, c.config).Callback(t.Context(), browser(c.url)); !errors.Is(err, c.is) {
			t.Errorf("%s: %v, want %v", name, err, c.is)
		}
	}
	if s := institution.State(string(op.ID)); s != "waiting" {
		t.Fatalf("the payment is %s", s)
	}
	// What the payer of another payment brought, on this payment's URL.
	brought, _ := url.Parse(institution.Authenticate(string(other.ID), true))
	mixed := changed(func(q url.Values) { q.Set("redirectResult", brought.Query().Get("redirectResult")) })
	if news, err := ch.Callback(t.Context(), browser(mixed)); !errors.Is(err, channel.ErrForged) {
		t.Errorf("another payment's result: %+v, %v", news, err)
	}
}

// What Adyen does not take is no news of the payment: only the webhook is.
func TestReturnThatAdyenDoesNotTake(t *testing.T) {
	t.Parallel()
	institution, config := fake(t)
	ch := open(t, config)
	op, _ := waiting(t, ch)
	to := institution.Authenticate(string(op.ID), true)
	news, err := ch.Callback(t.Context(), browser(to+"garbage"))
	if err != nil || news.Operation != "" || news.Ack.Status != http.StatusOK {
		t.Errorf("refused by Adyen: %+v, %v", news, err)
	}
	broken := config
	broken.Client = &http.Client{Transport: failing{}}
	news, err = open(t, broken).Callback(t.Context(), browser(to))
	if err != nil || news.Operation != "" || news.Ack.Status != http.StatusServiceUnavailable || strings.Contains(string(news.Ack.Body), "refresh") {
		t.Errorf("Adyen not reached: %+v, %v", news, err)
	}
}

type failing struct{}

func (failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, errors.New("broken") }

// A page canceled before the payer came back takes no money afterwards.
func TestCanceledWhileAtTheBank(t *testing.T) {
	t.Parallel()
	institution, config := fake(t)
	ch := open(t, config)
	op, r := waiting(t, ch)
	to := institution.Authenticate(string(op.ID), true)
	cancel := following(paymux.Cancel, r.ChannelID)
	if r, err := ch.Do(t.Context(), cancel); err != nil || r.State != paymux.OpPending {
		t.Fatalf("%+v, %v", r, err)
	}
	news, err := ch.Callback(t.Context(), browser(to))
	if err != nil || news.Result.State != paymux.OpDeclined || news.Result.DeclineCode != paymux.DeclineCanceledByPayer {
		t.Errorf("%+v, %v", news, err)
	}
	if n := institution.Effects(string(op.ID)); n != 0 {
		t.Errorf("took effect %d times", n)
	}
}
