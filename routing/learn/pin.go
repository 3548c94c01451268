package learn

import (
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/routing"
)

// Pin is an operator's word on an account, or on a merchant at one, which goes before all that is learnt.
// What is learnt meanwhile holds when it ends.
type Pin struct {
	Account  string            `json:"account"`
	Merchant paymux.MerchantID `json:"merchant,omitempty"` // empty: the account for all merchants
	Abnormal bool              `json:"abnormal,omitempty"` // otherwise normal
	Reason   string            `json:"reason"`
	Who      string            `json:"who"`
	At       time.Time         `json:"at"`
	Until    time.Time         `json:"until,omitzero"` // zero: until it is taken away
}

// SetPins replaces all pins. A merchant's goes before its account's; of several on one, the last. An account that is
// pinned normal is so itself: a merchant that is abnormal there by what was learnt stays it.
func (b *Book) SetPins(pins []Pin) {
	own := append([]Pin(nil), pins...)
	b.pins.Store(&own)
}

// Pins are those that hold.
func (b *Book) Pins() (hold []Pin) {
	now := b.now()
	for _, p := range *b.pins.Load() {
		if p.holds(now) {
			hold = append(hold, p)
		}
	}
	return hold
}

func (p *Pin) holds(now time.Time) bool { return p.Until.IsZero() || now.Before(p.Until) }

// pinned finds the pin of an account, or of a merchant at it, and says the health.
func pinned(pins []Pin, merchant paymux.MerchantID, account string, now time.Time) (h routing.Health, ok bool) {
	for i := len(pins) - 1; i >= 0; i-- {
		if p := &pins[i]; p.Account == account && p.Merchant == merchant && p.holds(now) {
			if p.Abnormal {
				h = routing.Abnormal
			}
			return h, true
		}
	}
	return routing.Normal, false
}
