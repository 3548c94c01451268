package paypal

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/paymux/paymux"
)

func TestAmounts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		money paymux.Money
		value string
		ok    bool
	}{
		{paymux.Money{Amount: 1250, Currency: "EUR"}, "12.50", true},
		{paymux.Money{Amount: 5, Currency: "USD"}, "0.05", true},
		{paymux.Money{Amount: 1250, Currency: "JPY"}, "1250", true},
		{paymux.Money{Amount: 125000, Currency: "HUF"}, "1250", true},
		{paymux.Money{Amount: 125050, Currency: "HUF"}, "", false},
		{paymux.Money{Amount: 100, Currency: "TWD"}, "1", true},
		{paymux.Money{Amount: 99, Currency: "TWD"}, "", false},
		{paymux.Money{Amount: 0, Currency: "EUR"}, "", false},
		{paymux.Money{Amount: paymux.MaxAmount, Currency: "EUR"}, "9999999999.99", true},
	} {
		got, ok := toPayPal(c.money)
		if ok != c.ok || ok && got != (money{string(c.money.Currency), c.value}) {
			t.Errorf("toPayPal(%s) = %v, %t; want %q, %t", c.money, got, ok, c.value, c.ok)
		}
	}
	for text, want := range map[string]int64{"12.5": 1250, "12.50": 1250, "12": 1200, "12.500": 1250, "0.01": 1} {
		if got := (money{"EUR", text}).stated(); got != (paymux.Money{Amount: want, Currency: "EUR"}) {
			t.Errorf("%q is read as %s", text, got)
		}
	}
	if got := (money{"HUF", "1250.00"}).stated(); got.Amount != 125000 {
		t.Errorf("HUF 1250.00 is read as %s", got)
	}
	for _, bad := range []money{{"EUR", "12.505"}, {"EUR", "much"}, {"EUR", ""}, {"EUR", "-1.00"}, {"EUR", "1e3"}, {"ZZZ", "1.00"}, {"", "1.00"}, {"JPY", "1.5"}} {
		if got := bad.stated(); got.Amount != -1 {
			t.Errorf("%v is believed: %s", bad, got)
		}
	}
}

// Every currency offered survives the way there and back, and the driver's exponents say what toPayPal does.
func TestCurrenciesConvert(t *testing.T) {
	t.Parallel()
	d := Driver()
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom(d.Currencies).Draw(t, "currency")
		m := paymux.Money{Amount: rapid.Int64Range(1, paymux.MaxAmount).Draw(t, "amount"), Currency: c}
		step := int64(1)
		for range c.Exponent() - d.Exponent(c) {
			step *= 10
		}
		got, ok := toPayPal(m)
		if ok != (m.Amount%step == 0) {
			t.Fatalf("%s can be sent: %t", m, ok)
		}
		if ok && got.stated() != m {
			t.Fatalf("%s goes out as %v and comes back as %s", m, got, got.stated())
		}
	})
}

func TestIssuesAreInTheVocabulary(t *testing.T) {
	t.Parallel()
	for issue, want := range map[string]paymux.DeclineCode{
		"INSTRUMENT_DECLINED": paymux.DeclineGeneric, "PAYEE_BLOCKED_TRANSACTION": paymux.DeclineFraud, "PAYER_ACCOUNT_RESTRICTED": paymux.DeclineInvalidAccount,
		"TRANSACTION_LIMIT_EXCEEDED": paymux.DeclineLimit, "INVALID_CURRENCY_CODE": paymux.DeclineNotSupported, "PAYEE_ACCOUNT_RESTRICTED": paymux.DeclineProcessing,
		"AUTHORIZATION_VOIDED": paymux.DeclineProcessing, "CAPTURE_FULLY_REFUNDED": paymux.DeclineRefundRefused, "REFUND_FAILED_INSUFFICIENT_FUNDS": paymux.DeclineRefundRefused,
	} {
		if got, known := reasonOf(issue); !known || got.code != want || got.advice == "" {
			t.Errorf("%q is %+v, want %s with advice", issue, got, want)
		}
	}
	for _, issue := range []string{
		"DUPLICATE_INVOICE_ID", "DUPLICATE_REQUEST_ID", "ORDER_ALREADY_CAPTURED", "ORDER_ALREADY_AUTHORIZED", "ORDER_COMPLETED_OR_VOIDED",
		"ORDER_COMPLETION_IN_PROGRESS", "ACTION_DOES_NOT_MATCH_INTENT", "PAYER_ACTION_REQUIRED", "AN_ISSUE_OF_TOMORROW", "",
	} {
		if got, known := reasonOf(issue); known {
			t.Errorf("%q proves nothing, and is taken for a refusal: %+v", issue, got)
		}
	}
}
