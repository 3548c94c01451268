package stripe

import (
	"testing"

	stripego "github.com/stripe/stripe-go/v85"

	"github.com/paymux/paymux"
)

func TestAmounts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		money  paymux.Money
		stripe int64
		ok     bool
	}{
		{paymux.Money{Amount: 1250, Currency: "USD"}, 1250, true},
		{paymux.Money{Amount: 1250, Currency: "JPY"}, 1250, true},
		{paymux.Money{Amount: 5120, Currency: "KWD"}, 5120, true},
		{paymux.Money{Amount: 5124, Currency: "KWD"}, 0, false},
		{paymux.Money{Amount: 5, Currency: "ISK"}, 500, true},
		{paymux.Money{Amount: 500, Currency: "MGA"}, 5, true},
		{paymux.Money{Amount: 520, Currency: "MGA"}, 0, false},
		{paymux.Money{Amount: 1045, Currency: "HUF"}, 1045, true},
		{paymux.Money{Amount: 1045, Currency: "TWD"}, 1045, true},
		{paymux.Money{Amount: 0, Currency: "USD"}, 0, false},
		{paymux.Money{Amount: paymux.MaxAmount, Currency: "ISK"}, paymux.MaxAmount * 100, true},
	} {
		got, ok := toStripe(c.money)
		if ok != c.ok || ok && got != c.stripe {
			t.Errorf("toStripe(%s) = %d, %t; want %d, %t", c.money, got, ok, c.stripe, c.ok)
		}
		if back := fromStripe(c.stripe, stripego.Currency(c.money.Currency)); c.ok && back != c.money {
			t.Errorf("fromStripe(%d) = %s, want %s", c.stripe, back, c.money)
		}
	}
	if m := fromStripe(501, "isk"); m.Amount != -1 {
		t.Errorf("a fraction of a króna is believed: %s", m)
	}
}

// Every currency offered survives the way there and back, and the driver's exponents say what toStripe does.
func TestCurrenciesConvert(t *testing.T) {
	t.Parallel()
	d := Driver()
	for _, c := range d.Currencies {
		one := paymux.Money{Amount: 1, Currency: c}
		for range c.Exponent() {
			one.Amount *= 10
		}
		amount, ok := toStripe(one)
		want := int64(1)
		for range d.Exponent(c) {
			want *= 10
		}
		if !ok || amount != want || fromStripe(amount, stripego.Currency(c)) != one {
			t.Errorf("%s goes out as %d (%t), want %d", one, amount, ok, want)
		}
	}
}

func TestDeclineCodesAreInTheVocabulary(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]paymux.DeclineCode{
		"insufficient_funds": paymux.DeclineInsufficientFunds, "stolen_card": paymux.DeclineStolenCard, "expired_card": paymux.DeclineExpiredCard,
		"incorrect_cvc": paymux.DeclineIncorrectCVC, "fraudulent": paymux.DeclineFraud, "card_velocity_exceeded": paymux.DeclineLimit,
		"authentication_required": paymux.DeclineAuthenticationFailed, "currency_not_supported": paymux.DeclineNotSupported,
		"try_again_later": paymux.DeclineProcessing, "do_not_honor": paymux.DeclineGeneric, "a_code_of_tomorrow": paymux.DeclineGeneric, "": paymux.DeclineGeneric,
	} {
		if got := reasonOf(code); got.code != want || got.advice == "" {
			t.Errorf("%q is %+v, want %s with advice", code, got, want)
		}
	}
}
