package routing

import (
	"time"

	"github.com/paymux/paymux"
)

// Knowledge is what is known at this moment. It is safe for concurrent use and allocates nothing.
type Knowledge interface {
	// Figures are what to expect of an account for a kind of payments.
	Figures(account string, k Kind) Figures
	// Health is how an account does for a merchant: the worse of its own and of the merchant's there.
	Health(merchant paymux.MerchantID, account string) Health
	// Full names a quota of the account that has no room for m on a day; empty: there is room. day is
	// the number of days since 1970 in the rule set's time zone.
	Full(account string, m paymux.Money, day int32) (quota string)
}

// Kind is a kind of payments that does alike at an account.
type Kind struct {
	Method   paymux.MethodType
	Currency paymux.Currency
	Client   string // country; ZZ where unknown
}

// Figures are expectations.
type Figures struct {
	Success float64 // probability, 0 to 1
	Trials  float64 // weight of evidence, in payments; 0: nobody has tried
	Latency time.Duration
}

// Health is how an account does. The lower comes first.
type Health uint8

const (
	Normal   Health = iota
	Probing         // was abnormal, and is tried with few payments
	Abnormal        // is tried last
)

// String is the word for it; that of Normal is empty in explanations.
func (h Health) String() string {
	switch h {
	case Probing:
		return "probing"
	case Abnormal:
		return "abnormal"
	}
	return "normal"
}
