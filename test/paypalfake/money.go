package paypalfake

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

var (
	withDecimals = strings.Fields("AUD BRL CAD CHF CNY CZK DKK EUR GBP HKD ILS MXN MYR NOK NZD PHP PLN SEK SGD THB USD")
	whole        = strings.Fields("HUF JPY TWD")
)

// readAmount reads an amount as PayPal does; issue says what is wrong with it.
func readAmount(w wireAmount) (m amount, issue string) {
	integer, fraction, dotted := strings.Cut(w.Value, ".")
	switch {
	case !slices.Contains(withDecimals, w.Currency) && !slices.Contains(whole, w.Currency):
		return m, "INVALID_CURRENCY_CODE"
	case !value.MatchString(w.Value):
		return m, "DECIMAL_PRECISION"
	case dotted && slices.Contains(whole, w.Currency):
		return m, "DECIMALS_NOT_SUPPORTED"
	}
	if slices.Contains(withDecimals, w.Currency) {
		integer += (fraction + "00")[:2]
	}
	n, err := strconv.ParseInt(integer, 10, 64)
	if err != nil || n <= 0 {
		return m, "CANNOT_BE_ZERO_OR_NEGATIVE"
	}
	return amount{w.Currency, n}, ""
}

func (m amount) body() object {
	text := strconv.FormatInt(m.Minor, 10)
	if slices.Contains(withDecimals, m.Currency) {
		sign := ""
		n := m.Minor
		if n < 0 {
			sign, n = "-", -n
		}
		text = fmt.Sprintf("%s%d.%02d", sign, n/100, n%100)
	}
	return object{"currency_code": m.Currency, "value": text}
}
