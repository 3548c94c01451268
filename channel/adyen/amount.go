package adyen

import (
	"math"
	"strings"

	"github.com/paymux/paymux"
)

// Currencies by Adyen's page of currency codes. Amounts are minor units, with Adyen's
// own decimals for four currencies: the page calls them leading where ISO 4217 differs.
const offered = `AED ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BMD BND BOB BRL BSD BWP BYN BZD CAD CHF CLP CNY COP CRC CUP CVE CZK
DJF DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD ISK JMD JOD JPY KES KGS KHR KMF
KRW KWD KYD KZT LAK LBP LKR LYD MAD MDL MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR
PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SEK SGD SHP SLE SOS SRD STN SVC SZL THB TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VND VUV
WST XAF XCD XOF XPF YER ZAR ZMW`

func currencies() []paymux.Currency {
	var list []paymux.Currency
	for _, code := range strings.Fields(offered) {
		list = append(list, paymux.Currency(code))
	}
	return list
}

func exponents() map[paymux.Currency]int {
	return map[paymux.Currency]int{"CLP": 2, "CVE": 0, "IDR": 0, "ISK": 2}
}

// exponent is Adyen's number of decimals.
func exponent(c paymux.Currency) int {
	if e, ok := exponents()[c]; ok {
		return e
	}
	return c.Exponent()
}

// amount is Adyen's form of money.
type amount struct {
	Currency string `json:"currency"`
	Value    int64  `json:"value"`
}

// toAdyen converts an amount. ok is false where Adyen cannot express it.
func toAdyen(m paymux.Money) (a amount, ok bool) {
	value, ok := shift(m.Amount, exponent(m.Currency)-m.Currency.Exponent())
	return amount{Currency: string(m.Currency), Value: value}, ok && value > 0
}

// fromAdyen converts back. What is no whole number of our minor units, or too large
// to be one, comes out as an amount that equals no amount of ours, so that it is never believed.
func fromAdyen(a amount) paymux.Money {
	c := paymux.Currency(a.Currency)
	value, ok := shift(a.Value, c.Exponent()-exponent(c))
	if !ok {
		value = -1
	}
	return paymux.Money{Amount: value, Currency: c}
}

// shift multiplies n by ten to the power of digits, and reports whether that is exact.
func shift(n int64, digits int) (int64, bool) {
	for ; digits > 0; digits-- {
		if n > math.MaxInt64/10 || n < math.MinInt64/10 {
			return 0, false
		}
		n *= 10
	}
	for ; digits < 0; digits++ {
		if n%10 != 0 {
			return 0, false
		}
		n /= 10
	}
	return n, true
}
