package routing

import "github.com/paymux/paymux"

// AccountRule is what the rules say of an account. Everything it lists restricts: what is not given does not.
type AccountRule struct {
	Name             string                    `yaml:"name,omitempty" json:"name,omitempty"`
	Country          string                    `yaml:"country,omitempty" json:"country,omitempty"`   // of the transaction object
	Priority         int                       `yaml:"priority,omitempty" json:"priority,omitempty"` // the lower is preferred; 0: 100
	Disabled         bool                      `yaml:"disabled,omitempty" json:"disabled,omitempty"`
	Methods          []paymux.MethodType       `yaml:"methods,omitempty" json:"methods,omitempty"`
	Currencies       []paymux.Currency         `yaml:"currencies,omitempty" json:"currencies,omitempty"`
	Client           []string                  `yaml:"client,omitempty" json:"client,omitempty"`   // countries and areas
	Amounts          map[paymux.Currency]Range `yaml:"amounts,omitempty" json:"amounts,omitempty"` // a currency that is not listed has no limit
	Hours            []Window                  `yaml:"hours,omitempty" json:"hours,omitempty"`
	BlockedMerchants []paymux.MerchantID       `yaml:"blocked_merchants,omitempty" json:"blocked_merchants,omitempty"`
	BlockedGroups    []string                  `yaml:"blocked_groups,omitempty" json:"blocked_groups,omitempty"`
	Quotas           []Quota                   `yaml:"quotas,omitempty" json:"quotas,omitempty"`
	Fees             []Fee                     `yaml:"fees,omitempty" json:"fees,omitempty"` // the first that matches
}

// Quota is what an account takes in a day of the rule set's time zone: a count of payments, an amount of a currency, or both.
type Quota struct {
	Name     string          `yaml:"name,omitempty" json:"name,omitempty"`
	Count    int64           `yaml:"count,omitempty" json:"count,omitempty"`
	Currency paymux.Currency `yaml:"currency,omitempty" json:"currency,omitempty"`
	Amount   int64           `yaml:"amount,omitempty" json:"amount,omitempty"` // minor units
}

// Room reports whether a payment fits beside the payments, and the amount in minor units of the quota's currency, that are taken already.
func (q *Quota) Room(m paymux.Money, payments, amount int64) bool {
	counted := q.Count == 0 || payments < q.Count
	weighed := q.Amount == 0 || q.Currency != m.Currency || amount <= q.Amount-m.Amount
	return counted && weighed
}

// Fee is what an institution takes of a payment that matches: Percent of it and Fixed, not below Min and not above Max.
type Fee struct {
	Methods    []paymux.MethodType `yaml:"methods,omitempty" json:"methods,omitempty"`
	Currencies []paymux.Currency   `yaml:"currencies,omitempty" json:"currencies,omitempty"`
	Networks   []string            `yaml:"networks,omitempty" json:"networks,omitempty"`
	Client     []string            `yaml:"client,omitempty" json:"client,omitempty"` // countries and areas
	Percent    float64             `yaml:"percent,omitempty" json:"percent,omitempty"`
	Fixed      int64               `yaml:"fixed,omitempty" json:"fixed,omitempty"` // minor units of the payment's currency, as Min and Max
	Min        int64               `yaml:"min,omitempty" json:"min,omitempty"`
	Max        int64               `yaml:"max,omitempty" json:"max,omitempty"` // 0: none
}

// Account is what routing knows of an open account.
type Account struct {
	Name    string
	Channel string
	// Takes reports whether the account handles a method in a currency.
	Takes    func(paymux.MethodType, paymux.Currency) bool
	Features Features
	Down     string // why it takes nothing just now; empty: it does
}

// Feature is something an institution can do, as rules call it.
type Feature string

const (
	ManualCapture  Feature = "manual_capture"
	PartialCapture Feature = "partial_capture"
	MultiCapture   Feature = "multi_capture"
	Cancel         Feature = "cancel"
	Refund         Feature = "refund"
	PartialRefund  Feature = "partial_refund"
	Query          Feature = "query"
	Callbacks      Feature = "callbacks"
	CardNumbers    Feature = "card_numbers"
	CardTokens     Feature = "card_tokens"
)

// AllFeatures lists every feature.
func AllFeatures() []Feature {
	return []Feature{ManualCapture, PartialCapture, MultiCapture, Cancel, Refund, PartialRefund, Query, Callbacks, CardNumbers, CardTokens}
}

// Features is a set of them.
type Features uint16

// FeaturesOf is the set of a list. What is none is left out.
func FeaturesOf(list ...Feature) (set Features) {
	for _, f := range list {
		set |= f.bit()
	}
	return set
}

// Has reports whether f is in the set.
func (s Features) Has(f Feature) bool { return s&f.bit() != 0 }

func (f Feature) bit() Features {
	switch f {
	case ManualCapture:
		return 1 << 0
	case PartialCapture:
		return 1 << 1
	case MultiCapture:
		return 1 << 2
	case Cancel:
		return 1 << 3
	case Refund:
		return 1 << 4
	case PartialRefund:
		return 1 << 5
	case Query:
		return 1 << 6
	case Callbacks:
		return 1 << 7
	case CardNumbers:
		return 1 << 8
	case CardTokens:
		return 1 << 9
	}
	return 0
}
