package stripe

import (
	"math"
	"strings"

	stripego "github.com/stripe/stripe-go/v85"

	"github.com/paymux/paymux"
)

// Amounts at Stripe (docs.stripe.com/currencies) are minor units, with its own
// idea of what a minor unit is. Where that is ISO 4217's it is not repeated here.
//
// UGX is left out: the page lists it both among the currencies without decimals
// and among those sent with two, and a guess could be wrong by a factor of a hundred.
const (
	wholeOnly   = "ISK"                 // sent with two decimals that must be 00
	tenthsOnly  = "BHD JOD KWD OMR TND" // sent with three decimals of which the last must be 0
	noDecimals  = "MGA"                 // two by ISO 4217
	presentable = `USD AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BWP BYN BZD CAD CDF
CHF CLP CNY COP CRC CVE CZK DJF DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS
INR ISK JMD JOD JPY KES KGS KHR KMF KRW KWD KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MUR MVR MWK MXN
MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SEK SGD SHP SLE SOS
SRD SZL THB TJS TND TOP TRY TTD TWD TZS UAH UYU UZS VND VUV WST XAF XCD XOF XPF YER ZAR ZMW`
)

func currencies() []paymux.Currency {
	var list []paymux.Currency
	for _, code := range strings.Fields(presentable) {
		list = append(list, paymux.Currency(code))
	}
	return list
}

func exponents() map[paymux.Currency]int {
	return map[paymux.Currency]int{wholeOnly: 2, noDecimals: 0}
}

// toStripe converts an amount. ok is false where Stripe cannot express it.
func toStripe(m paymux.Money) (amount int64, ok bool) {
	switch m.Currency {
	case wholeOnly:
		return m.Amount * 100, m.Amount <= math.MaxInt64/100
	case noDecimals:
		return m.Amount / 100, m.Amount%100 == 0
	case "BHD", "JOD", "KWD", "OMR", "TND": // three decimals, of which the last must be 0
		return m.Amount, m.Amount%10 == 0
	}
	return m.Amount, m.Amount > 0
}

// fromStripe converts back. What is no whole number of our minor units, or too large
// to be one, comes out as an amount that equals no amount of ours, so that it is never believed.
func fromStripe(amount int64, currency stripego.Currency) paymux.Money {
	m := paymux.Money{Amount: amount, Currency: paymux.Currency(strings.ToUpper(string(currency)))}
	switch m.Currency {
	case wholeOnly:
		if m.Amount /= 100; amount%100 != 0 {
			m.Amount = -1
		}
	case noDecimals:
		if m.Amount *= 100; amount > math.MaxInt64/100 {
			m.Amount = -1
		}
	}
	return m
}

func lower(c paymux.Currency) *string { return stripego.String(strings.ToLower(string(c))) }
