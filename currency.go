package paymux

import "strings"

// The active currencies of ISO 4217 (list one, with amendments up to 2025), by
// decimals of their minor unit. Metals, testing codes and XXX are left out: nobody pays
// in them. Checked against another table in currency_test.go.
const (
	noDecimals    = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
	twoDecimals   = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG"
	threeDecimals = "BHD IQD JOD KWD LYD OMR TND"
	fourDecimals  = "CLF UYW"
)

var exponents = currencyTable()

func currencyTable() map[Currency]uint8 {
	table := make(map[Currency]uint8, 180)
	for exp, codes := range map[uint8]string{0: noDecimals, 2: twoDecimals, 3: threeDecimals, 4: fourDecimals} {
		for _, code := range strings.Fields(codes) {
			table[Currency(code)] = exp
		}
	}
	return table
}

// Currencies returns every known currency with its exponent. The map is the caller's own.
func Currencies() map[Currency]int {
	all := make(map[Currency]int, len(exponents))
	for c, e := range exponents {
		all[c] = int(e)
	}
	return all
}
