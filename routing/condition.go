package routing

import "github.com/paymux/paymux"

// Condition is met when everything that is given holds; an empty one is met by every payment.
type Condition struct {
	Merchants  []paymux.MerchantID       `yaml:"merchants,omitempty" json:"merchants,omitempty"`
	Groups     []string                  `yaml:"groups,omitempty" json:"groups,omitempty"`
	Methods    []paymux.MethodType       `yaml:"methods,omitempty" json:"methods,omitempty"`
	Currencies []paymux.Currency         `yaml:"currencies,omitempty" json:"currencies,omitempty"`
	Amounts    map[paymux.Currency]Range `yaml:"amounts,omitempty" json:"amounts,omitempty"`   // a currency that is not listed does not match
	Client     []string                  `yaml:"client,omitempty" json:"client,omitempty"`     // countries, ZZ where unknown, and areas
	Object     []string                  `yaml:"object,omitempty" json:"object,omitempty"`     // the same of the transaction object
	Networks   []string                  `yaml:"networks,omitempty" json:"networks,omitempty"` // of cards, lower case
	BINs       []BINRange                `yaml:"bins,omitempty" json:"bins,omitempty"`
	Hours      []Window                  `yaml:"hours,omitempty" json:"hours,omitempty"`
	Metadata   map[string][]string       `yaml:"metadata,omitempty" json:"metadata,omitempty"` // each key has one of the values; "*": any value
	Manual     *bool                     `yaml:"manual,omitempty" json:"manual,omitempty"`     // needs a later capture
	Any        []Condition               `yaml:"any,omitempty" json:"any,omitempty"`           // one of these, too
	Not        *Condition                `yaml:"not,omitempty" json:"not,omitempty"`           // and not this
}

// Range is of amounts in minor units, inclusive.
type Range struct {
	Min int64 `yaml:"min,omitempty" json:"min,omitempty"`
	Max int64 `yaml:"max,omitempty" json:"max,omitempty"` // 0: none
}

// Has reports whether an amount is in the range.
func (r Range) Has(amount int64) bool { return amount >= r.Min && (r.Max == 0 || amount <= r.Max) }

// BINRange is the first six to eight digits of card numbers, "424242", or a range of them, "400000-499999".
type BINRange string

// Window is a time of day in the rule set's time zone, from From until just before To.
type Window struct {
	From string   `yaml:"from,omitempty" json:"from,omitempty"` // "08:00"; empty: 00:00
	To   string   `yaml:"to,omitempty" json:"to,omitempty"`     // "22:00"; empty: 24:00; before From: the next day's
	Days []string `yaml:"days,omitempty" json:"days,omitempty"` // mon to sun, when it begins; empty: every day
}

// Weekdays lists the words for days, Sunday first as in package time.
func Weekdays() []string { return []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} }
