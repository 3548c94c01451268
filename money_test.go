package paymux_test

import (
	"errors"
	"math"
	"testing"

	"github.com/Rhymond/go-money"
	"github.com/paymux/paymux"
)

func TestMoneyDecimal(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		money paymux.Money
		want  string
	}{
		{paymux.Money{Amount: 1250, Currency: "CNY"}, "12.50"},
		{paymux.Money{Amount: 5, Currency: "USD"}, "0.05"},
		{paymux.Money{Amount: 0, Currency: "USD"}, "0.00"},
		{paymux.Money{Amount: -5, Currency: "USD"}, "-0.05"},
		{paymux.Money{Amount: 1250, Currency: "JPY"}, "1250"},
		{paymux.Money{Amount: 1250, Currency: "KWD"}, "1.250"},
		{paymux.Money{Amount: 1, Currency: "CLF"}, "0.0001"},
		{paymux.Money{Amount: math.MinInt64, Currency: "JPY"}, "-9223372036854775808"},
	} {
		if got := c.money.Decimal(); got != c.want {
			t.Errorf("%d %s = %s, want %s", c.money.Amount, c.money.Currency, got, c.want)
		}
	}
}

func TestParseMoneyNeverRounds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text     string
		currency paymux.Currency
		want     int64 // -1: refused
	}{
		{"12.50", "CNY", 1250}, {"12.5", "CNY", 1250}, {"12", "CNY", 1200}, {"0.01", "CNY", 1}, {"12.505", "CNY", -1},
		{"12", "JPY", 12}, {"12.5", "JPY", -1}, {"1.234", "KWD", 1234}, {"", "CNY", -1}, {".5", "CNY", -1}, {"-1", "CNY", -1},
		{"+1", "CNY", -1}, {"1e3", "CNY", -1}, {"1,000", "CNY", -1}, {"99999999999999999999", "CNY", -1}, {"1", "XXX", -1}, {"1", "cny", -1},
	} {
		got, err := paymux.ParseMoney(c.text, c.currency)
		if c.want < 0 {
			if !errors.Is(err, paymux.InvalidRequest) {
				t.Errorf("ParseMoney(%q, %s) = %v, %v; want InvalidRequest", c.text, c.currency, got, err)
			}
			continue
		}
		if err != nil || got.Amount != c.want {
			t.Errorf("ParseMoney(%q, %s) = %v, %v; want %d", c.text, c.currency, got, err, c.want)
		}
	}
}

func FuzzParseMoney(f *testing.F) {
	f.Add("12.50", "CNY")
	f.Add("0.001", "KWD")
	f.Fuzz(func(t *testing.T, text, currency string) {
		m, err := paymux.ParseMoney(text, paymux.Currency(currency))
		if err != nil {
			return
		}
		if again, err := paymux.ParseMoney(m.Decimal(), m.Currency); err != nil || again != m {
			t.Fatalf("%q is %v, which reads back as %v, %v", text, m, again, err)
		}
	})
}

func TestMoneyValidate(t *testing.T) {
	t.Parallel()
	for _, bad := range []paymux.Money{
		{Amount: 0, Currency: "CNY"}, {Amount: -1, Currency: "CNY"}, {Amount: paymux.MaxAmount + 1, Currency: "CNY"},
		{Amount: math.MaxInt64, Currency: "CNY"}, {Amount: 1, Currency: "XXX"}, {Amount: 1, Currency: "XAU"}, {Amount: 1}, {Amount: 1, Currency: "usd"},
	} {
		if err := bad.Validate(); !errors.Is(err, paymux.InvalidRequest) {
			t.Errorf("%+v: %v, want InvalidRequest", bad, err)
		}
	}
	if err := (paymux.Money{Amount: paymux.MaxAmount, Currency: "KWD"}).Validate(); err != nil {
		t.Error(err)
	}
}

// Another table of ISO 4217 has to agree wherever it knows a code. It is behind on the newest codes.
func TestExponentsAgreeWithAnotherTable(t *testing.T) {
	t.Parallel()
	compared := 0
	for code, exponent := range paymux.Currencies() {
		other := money.GetCurrency(string(code))
		if other == nil {
			continue
		}
		compared++
		if other.Fraction != exponent {
			t.Errorf("%s has %d decimals here and %d there", code, exponent, other.Fraction)
		}
	}
	if compared < 150 {
		t.Errorf("only %d currencies compared", compared)
	}
}
