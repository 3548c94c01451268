package relay

import (
	"encoding/json"
	"time"

	"github.com/paymux/paymux"
)

// List is an assignment list (A8 to A11): which regions new requests go to. It is read from a document by
// ParseList, which refuses what could not work, and is not changed afterwards.
type List struct {
	Regions   []ListedRegion      `json:"regions"`
	Areas     map[string][]string `json:"areas,omitempty"`    // names for groups of countries
	Accounts  []ListedAccount     `json:"accounts,omitempty"` // where transaction objects are
	Condition Condition           `json:"condition"`
	Rules     []Rule              `json:"rules"` // the first that matches decides

	Version uint64    `json:"-"` // of the document; 0: none
	Since   time.Time `json:"-"` // when this version came into force
	fixed   bool      // made of the configuration: it was never another one
	own     bool      // made of this frontend's configuration: others may have another one
}

// ListedRegion is a region rules can send to. The number is what its IDs carry, so that what is asked of a region
// that no frontend has seen yet is known to be away, and not to be nothing.
type ListedRegion struct {
	Name      string        `json:"name"`
	Number    paymux.Region `json:"number"`
	Countries []string      `json:"countries,omitempty"` // under its jurisdiction
	Weight    float64       `json:"weight"`              // among regions with the same country
}

// ListedAccount is an account at an institution, as far as assignment asks: the transaction object.
type ListedAccount struct {
	Name    string              `json:"name"`
	Channel string              `json:"channel,omitempty"`
	Country string              `json:"country,omitempty"`
	Methods []paymux.MethodType `json:"methods,omitempty"`
}

// Rule sends what meets all its conditions to regions. An empty condition is met by everything.
type Rule struct {
	Name      string               `json:"name"`
	Merchants []paymux.MerchantID  `json:"merchants,omitempty"`
	Services  []paymux.ServiceType `json:"services,omitempty"`
	Client    []string             `json:"client,omitempty"` // countries and areas the client is in; ZZ is where nobody knows
	Object    []string             `json:"object,omitempty"` // countries and areas the transaction object is in
	Channels  []string             `json:"channels,omitempty"`
	Methods   []paymux.MethodType  `json:"methods,omitempty"`

	By      Location `json:"by,omitempty"` // the regions with jurisdiction over this; where there is none, the rule does not match
	To      []Target `json:"to,omitempty"` // or these
	Rematch Rematch  `json:"rematch,omitempty"`
}

// Target is a region of a rule, with its share of what hashes.
type Target struct {
	Region string  `json:"region"`
	Weight float64 `json:"weight"` // 0 takes no new requests
}

// Location is whose location decides about jurisdiction.
type Location string

const (
	ByClient Location = "client" // A8
	ByObject Location = "object" // A9
)

// Rematch is where a rule's requests may go when their region cannot take them (A13).
type Rematch string

const (
	RematchAny   Rematch = ""      // the rule's other regions, then any that has what the request needs
	RematchRule  Rematch = "rule"  // the rule's other regions
	RematchNever Rematch = "never" // nowhere
)

// Document is the list as JSON, for the registry's settings.
func (l *List) Document() (json.RawMessage, error) { return json.Marshal(l) }

// fixedList hashes over regions by their weights.
func fixedList(regions []Region) *List {
	l := &List{Condition: DefaultCondition(), Rules: []Rule{{}}, fixed: true}
	for _, g := range regions {
		l.Regions = append(l.Regions, ListedRegion{Name: g.Name, Number: g.Number, Weight: g.Weight})
		l.Rules[0].To = append(l.Rules[0].To, Target{Region: g.Name, Weight: g.Weight})
	}
	return l
}
