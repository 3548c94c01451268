package paymux

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Currency is an ISO 4217 code in upper case.
type Currency string

// Money is an amount in the currency's minor unit: 1250 CNY is 12.50 yuan,
// 1250 JPY is 1250 yen, 1250 KWD is 1.250 dinar.
type Money struct {
	Amount   int64    `json:"amount"`
	Currency Currency `json:"currency"`
}

// MaxAmount is the largest amount of one payment, in minor units. It leaves
// room for sums of a billion payments in an int64.
const MaxAmount int64 = 999_999_999_999

// Validate reports whether m can be paid: a known currency, more than nothing, and at most MaxAmount.
func (m Money) Validate() error {
	if !m.Currency.Valid() {
		return Errorf(InvalidRequest, "%q is not an ISO 4217 currency code that can be paid in, such as CNY, USD or EUR (three capital letters).", string(m.Currency)).At("currency")
	}
	if m.Amount <= 0 || m.Amount > MaxAmount {
		return Errorf(InvalidRequest, "amount must be between 1 and %d minor units; it is %d.", MaxAmount, m.Amount).At("amount")
	}
	return nil
}

// Valid reports whether c is a currency people pay in today.
func (c Currency) Valid() bool {
	_, ok := exponents[c]
	return ok
}

// Exponent is the number of decimals of the minor unit by ISO 4217, and 2 for
// an unknown code. Institutions deviate: each channel has a map of its own.
func (c Currency) Exponent() int {
	if e, ok := exponents[c]; ok {
		return int(e)
	}
	return 2
}

// Decimal is the amount in major units with the currency's decimals, without separators: "12.50".
func (m Money) Decimal() string {
	exp := m.Currency.Exponent()
	digits := strconv.FormatUint(magnitude(m.Amount), 10)
	if exp > 0 {
		if len(digits) <= exp {
			digits = strings.Repeat("0", exp-len(digits)+1) + digits
		}
		digits = digits[:len(digits)-exp] + "." + digits[len(digits)-exp:]
	}
	if m.Amount < 0 {
		return "-" + digits
	}
	return digits
}

func (m Money) String() string { return string(m.Currency) + " " + m.Decimal() }

// ParseMoney reads major units: "12.5" CNY is 1250. Too many decimals are an error, never rounded.
func ParseMoney(decimal string, currency Currency) (Money, error) {
	if !currency.Valid() {
		return Money{}, Errorf(InvalidRequest, "%q is not a currency code Paymux knows.", string(currency)).At("currency")
	}
	whole, frac, _ := strings.Cut(decimal, ".")
	exp := currency.Exponent()
	if len(frac) > exp {
		return Money{}, Errorf(InvalidRequest, "%s has %d decimals; %q has %d.", currency, exp, decimal, len(frac)).At("amount")
	}
	digits := whole + frac + strings.Repeat("0", exp-len(frac))
	amount, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || amount > math.MaxInt64 || whole == "" {
		return Money{}, Errorf(InvalidRequest, "%q is not an amount such as 12.50.", decimal).At("amount")
	}
	return Money{Amount: int64(amount), Currency: currency}, nil
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return uint64(-(n + 1)) + 1
	}
	return uint64(n)
}

var _ fmt.Stringer = Money{}
