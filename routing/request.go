package routing

import (
	"time"

	"github.com/paymux/paymux"
)

// Unknown is the country of what nobody knows the country of.
const Unknown = "ZZ"

// Request is what a decision depends on.
type Request struct {
	ID         paymux.PaymentID
	At         time.Time
	Merchant   paymux.MerchantID
	Money      paymux.Money
	Method     paymux.MethodType
	Manual     bool              // needs a later capture
	CardToken  bool              // comes with an institution's token
	CardNumber bool              // comes with a card number
	Designated string            // account named by the application; empty: rules decide
	Allowed    []string          // accounts the merchant may use; empty: all
	Client     string            // country of the payer; empty: unknown
	Object     string            // country of the transaction object; empty: what the accounts in question have in common
	Network    string            // of the card, lower case; empty: unknown
	BIN        string            // first six to eight digits of the card's number; empty: unknown
	Metadata   map[string]string // the merchant's own
	Payer      string            // who sticks to what a split drew; empty: the payment by itself
	Draw       uint64            // random bits that decide turns, of DrawOf
	Tried      []string          // accounts that had their turn
}

// DrawOf is the Draw of an attempt to route a payment: the same for the same, evenly spread over others.
func DrawOf(id paymux.PaymentID, attempt int) uint64 {
	return mixed(hashed(string(id)) ^ mixed(uint64(attempt)))
}

// hashed is FNV-1a.
func hashed(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

// mixed spreads every bit over all, as splitmix64 does.
func mixed(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// unit is evenly spread between 0 and 1, and neither of them.
func unit(x uint64) float64 { return (float64(x>>11) + 0.5) / (1 << 53) }
