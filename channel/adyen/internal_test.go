package adyen

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

func TestAmounts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		money paymux.Money
		adyen int64
		ok    bool
	}{
		{paymux.Money{Amount: 1250, Currency: "EUR"}, 1250, true},
		{paymux.Money{Amount: 1250, Currency: "JPY"}, 1250, true},
		{paymux.Money{Amount: 5124, Currency: "KWD"}, 5124, true},
		{paymux.Money{Amount: 5, Currency: "ISK"}, 500, true},
		{paymux.Money{Amount: 2790, Currency: "CLP"}, 279000, true},
		{paymux.Money{Amount: 1200, Currency: "CVE"}, 12, true},
		{paymux.Money{Amount: 1250, Currency: "CVE"}, 0, false},
		{paymux.Money{Amount: 500000, Currency: "IDR"}, 5000, true},
		{paymux.Money{Amount: 500001, Currency: "IDR"}, 0, false},
		{paymux.Money{Amount: 0, Currency: "EUR"}, 0, false},
		{paymux.Money{Amount: -5, Currency: "EUR"}, 0, false},
		{paymux.Money{Amount: paymux.MaxAmount, Currency: "ISK"}, paymux.MaxAmount * 100, true},
		{paymux.Money{Amount: math.MaxInt64, Currency: "ISK"}, 0, false},
	} {
		got, ok := toAdyen(c.money)
		if ok != c.ok || ok && got != (amount{string(c.money.Currency), c.adyen}) {
			t.Errorf("toAdyen(%s) = %+v, %t; want %d, %t", c.money, got, ok, c.adyen, c.ok)
		}
		if back := fromAdyen(amount{string(c.money.Currency), c.adyen}); c.ok && back != c.money {
			t.Errorf("fromAdyen(%d) = %s, want %s", c.adyen, back, c.money)
		}
	}
	for _, a := range []amount{{"ISK", 501}, {"CVE", math.MaxInt64}} {
		if m := fromAdyen(a); m.Amount != -1 {
			t.Errorf("%+v is believed: %s", a, m)
		}
	}
}

// Every currency offered survives the way there and back, and the driver's exponents say what toAdyen does.
func TestCurrenciesConvert(t *testing.T) {
	t.Parallel()
	d := Driver()
	for _, c := range d.Currencies {
		one, want := paymux.Money{Amount: 1, Currency: c}, int64(1)
		for range c.Exponent() {
			one.Amount *= 10
		}
		for range d.Exponent(c) {
			want *= 10
		}
		sum, ok := toAdyen(one)
		if !ok || sum.Value != want || fromAdyen(sum) != one {
			t.Errorf("%s goes out as %+v (%t), want %d", one, sum, ok, want)
		}
	}
}

func TestReferencesComeBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		op := channel.Operation{
			ID:     paymux.OperationID("op_" + rapid.StringMatching(`[0-9A-Z]{1,26}`).Draw(t, "id")),
			Kind:   rapid.SampledFrom([]paymux.OperationKind{paymux.Pay, paymux.Capture, paymux.Cancel, paymux.Refunds}).Draw(t, "kind"),
			Manual: rapid.Bool().Draw(t, "manual"),
		}
		page := rapid.Bool().Draw(t, "page")
		made := referenceOf(op, page)
		read, ok := parseReference(made.String())
		if !ok || read != made || len(made.String()) > 80 {
			t.Fatalf("%+v as %s is read as %+v, %t", made, made, read, ok)
		}
		if read.isPayment() != (op.Kind == paymux.Pay) || read.manual && !read.isPayment() {
			t.Fatalf("%s of %+v", made, op)
		}
	})
}

// The token of a decline is in the vocabulary and comes with advice, whatever Adyen says.
func TestDeclines(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]paymux.DeclineCode{
		"2": paymux.DeclineGeneric, "4": paymux.DeclineProcessing, "5": paymux.DeclineInvalidAccount, "6": paymux.DeclineExpiredCard,
		"7": paymux.DeclineNotSupported, "8": paymux.DeclineIncorrectNumber, "11": paymux.DeclineAuthenticationFailed,
		"12": paymux.DeclineInsufficientFunds, "16": paymux.DeclineCanceledByPayer, "20": paymux.DeclineFraud, "24": paymux.DeclineIncorrectCVC,
		"28": paymux.DeclineLimit, "999": paymux.DeclineGeneric, "": paymux.DeclineGeneric,
	} {
		if got := reasonOf(code); got.code != want || got.advice == "" {
			t.Errorf("%q is %+v, want %s with advice", code, got, want)
		}
	}
	for text, code := range codeOf {
		if r := reasonOfText(text); r.retryable || r.code != reasonOf(code).code {
			t.Errorf("%q is %+v; what is not signed makes nothing retryable", text, r)
		}
	}
}
