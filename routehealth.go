package paymux

import "time"

// RouteState is how an account does, or a merchant at an account.
type RouteState string

const (
	RouteNormal   RouteState = "normal"
	RouteAbnormal RouteState = "abnormal" // comes after all that are better
	RouteProbing  RouteState = "probing"  // was abnormal, and is tried with few payments
)

// RouteStates lists them.
func RouteStates() []RouteState { return []RouteState{RouteNormal, RouteAbnormal, RouteProbing} }

// RouteHealth is how an account does, and merchants there that do not do as it does.
type RouteHealth struct {
	Account   string           `json:"account" example:"cards-main"`
	State     RouteState       `json:"state"`
	Since     time.Time        `json:"since,omitzero" doc:"when it came into this state"`
	Why       string           `json:"why,omitempty" example:"3 of 20 succeeded in 2m0s"`
	Node      string           `json:"node,omitempty" doc:"the process that has seen it" example:"node-1-4c2f9a"`
	Success   float64          `json:"success" doc:"share of its payments that succeed, as the answering node has learnt it" example:"0.94"`
	Trials    float64          `json:"trials" doc:"how many payments that weighs; 0: nobody has tried" example:"412"`
	LatencyMS int64            `json:"latency_ms,omitempty" doc:"of its calls" example:"310"`
	Pin       *RoutePin        `json:"pin,omitempty" doc:"an operator's word, which stands above what was seen"`
	Merchants []MerchantHealth `json:"merchants,omitempty" doc:"merchants that do otherwise there"`
}

// MerchantHealth is how one merchant does at an account.
type MerchantHealth struct {
	Merchant MerchantID `json:"merchant" example:"mer_01KAN7PQ3Z8T5V6W7X8Y9ZABCD"`
	State    RouteState `json:"state"`
	Since    time.Time  `json:"since,omitzero" doc:"when it came into this state"`
	Why      string     `json:"why,omitempty"`
	Node     string     `json:"node,omitempty" doc:"the process that has seen it"`
	Pin      *RoutePin  `json:"pin,omitempty" doc:"an operator's word, which stands above what was seen"`
}

// RoutePin is an operator's word about an account, or about a merchant there, that holds until it is taken back.
type RoutePin struct {
	Account  string     `json:"account" example:"cards-main"`
	Merchant MerchantID `json:"merchant,omitempty" doc:"only for this merchant; for all if not given"`
	State    RouteState `json:"state,omitempty" doc:"that it is to have; none: what is seen decides again"`
	Who      string     `json:"who" example:"operator"`
	Why      string     `json:"why" example:"maintenance at the institution"`
	At       time.Time  `json:"at"`
}
