package paymux

import "time"

// Simulation asks how a payment that nobody makes would be routed. Nothing comes of it.
type Simulation struct {
	Rules   RuleSetChoice
	Payment SimulatedPayment
}

// RuleSetChoice names a rule set to try: by its text, a draft or a version. With none of them it is the one in force.
type RuleSetChoice struct {
	Document string
	Draft    string
	Version  int64
}

// SimulatedPayment is what routing looks at of a payment. Only amount, currency and method have to be given.
type SimulatedPayment struct {
	Merchant   MerchantID
	Amount     int64 // minor units
	Currency   Currency
	Method     MethodType
	Manual     bool // needs a later capture
	CardToken  bool
	CardNumber bool
	Network    string // of the card, lower case
	BIN        string
	Account    string   // designated by the application
	Accounts   []string // that the merchant may use; empty: all, or what the merchant's policy says
	Client     string   // countries
	Object     string
	Metadata   map[string]string
	Payer      string   // who sticks to what a split drew
	Tried      []string // accounts that had their turn
	At         time.Time
}

// SimulationResult is where the payment would go, and why.
type SimulationResult struct {
	Order   []string          `json:"order" doc:"accounts that would be tried, best first; empty: the payment would be refused"`
	Routing Routing           `json:"routing" doc:"the explanation a payment would keep"`
	Text    map[string]string `json:"text" doc:"the same for people, by language: en, zh-CN"`
}

// RuleSetReplay asks what a rule set would have done with past payments of one region. Zero members but Rules are left to the replay.
type RuleSetReplay struct {
	Rules    RuleSetChoice
	Region   string // its number; empty: that of After or, without, of the node that is asked
	Merchant MerchantID
	Mode     string    // live or test; empty: both
	From, To time.Time // of the payments' creation; To is exclusive
	After    PaymentID // the last of an earlier replay, which this goes on behind
	Payments int       // at most
	Moves    int       // to list at most
}

// RoutingExplanation is how a payment was routed, and why (X4).
type RoutingExplanation struct {
	Payment  PaymentID         `json:"payment" example:"pay_01KAN7PQ4E9C3H7B1D5F8G2J6K"`
	Merchant MerchantID        `json:"merchant" example:"mer_01KAN7PQ3Z8T5V6W7X8Y9ZABCD"`
	Account  string            `json:"account,omitempty" doc:"that carries it" example:"cards-main"`
	Routing  *Routing          `json:"routing,omitempty" doc:"none where the payment was never routed"`
	Text     map[string]string `json:"text,omitempty" doc:"the same for people, by language: en, zh-CN"`
}
