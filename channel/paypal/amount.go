package paypal

import (
	"strings"

	"github.com/paymux/paymux"
)

// Currencies PayPal accounts are paid in (developer.paypal.com, currency codes). BRL, CNY and MYR
// only where the account is in the country; PayPal refuses the others. The rouble is left out:
// its page lists it, and PayPal has not served it since 2022.
const (
	payable   = "AUD BRL CAD CHF CNY CZK DKK EUR GBP HKD HUF ILS JPY MXN MYR NOK NZD PHP PLN SEK SGD THB TWD USD"
	wholeOnly = "HUF JPY TWD" // sent without decimals, whatever ISO 4217 says
)

func currencies() []paymux.Currency {
	var list []paymux.Currency
	for _, code := range strings.Fields(payable) {
		list = append(list, paymux.Currency(code))
	}
	return list
}

func exponents() map[paymux.Currency]int {
	return map[paymux.Currency]int{"HUF": 0, "TWD": 0}
}

// money is an amount as PayPal writes it: major units, as text.
type money struct {
	Currency string `json:"currency_code"`
	Value    string `json:"value"`
}

// toPayPal converts an amount. ok is false where PayPal cannot express it.
func toPayPal(m paymux.Money) (out money, ok bool) {
	text := m.Decimal()
	if strings.Contains(wholeOnly, string(m.Currency)) {
		whole, fraction, _ := strings.Cut(text, ".")
		if strings.Trim(fraction, "0") != "" {
			return money{}, false
		}
		text = whole
	}
	return money{Currency: string(m.Currency), Value: text}, m.Amount > 0
}

// read converts back; ok is false for what is no amount in whole minor units of a known currency.
func (m money) read() (paymux.Money, bool) {
	text := m.Value
	if whole, fraction, found := strings.Cut(text, "."); found {
		if fraction = strings.TrimRight(fraction, "0"); fraction == "" {
			text = whole
		} else {
			text = whole + "." + fraction
		}
	}
	out, err := paymux.ParseMoney(text, paymux.Currency(m.Currency))
	return out, err == nil
}

// stated is what PayPal states, for comparing: what cannot be read equals no amount of ours and
// is never believed; what is not there is not stated.
func (m money) stated() paymux.Money {
	if m == (money{}) {
		return paymux.Money{}
	}
	out, ok := m.read()
	if !ok {
		return paymux.Money{Amount: -1, Currency: paymux.Currency(m.Currency)}
	}
	return out
}
