package access

import (
	"time"

	"github.com/paymux/paymux"
)

// maxRuleSet is how long a rule set may be, as it is written; its body has escapes, too.
const (
	maxRuleSet   = 1 << 20
	ruleSetLimit = 2 * maxRuleSet
)

// draftBody is a draft to be kept.
type draftBody struct {
	Document string `json:"document" need:"true" len:"1-1048576" format:"text" doc:"the rule set, in YAML or JSON" example:"fallback: {all: true}"`
	Reason   string `json:"reason" need:"false" len:"1-255" doc:"kept with the draft" example:"the new acquirer opens"`
}

type lintBody struct {
	Document string `json:"document" need:"true" len:"1-1048576" format:"text" doc:"the rule set, in YAML or JSON" example:"fallback: {all: true}"`
}

type activateBody struct {
	Draft   string `json:"draft" need:"false" len:"1-64" doc:"this draft; or" example:"spring"`
	Version int64  `json:"version" need:"false" range:"1-9007199254740991" doc:"what this version said"`
	Reason  string `json:"reason" need:"true" len:"1-255" doc:"kept with the version" example:"the new acquirer opens"`
}

type rollbackBody struct {
	Version int64  `json:"version" need:"true" range:"1-9007199254740991" doc:"what this version said is in force again, as a new version" example:"6"`
	Reason  string `json:"reason" need:"true" len:"1-255" doc:"kept with the version" example:"declines have risen"`
}

type simulateBody struct {
	Document string        `json:"document" need:"false" len:"1-1048576" format:"text" doc:"by this rule set, in YAML or JSON; or"`
	Draft    string        `json:"draft" need:"false" len:"1-64" doc:"by this draft; or"`
	Version  int64         `json:"version" need:"false" range:"1-9007199254740991" doc:"by this version; by what is in force if nothing is given"`
	Payment  simulatedBody `json:"payment" need:"true"`
}

// simulatedBody is paymux.SimulatedPayment with what each member may be.
type simulatedBody struct {
	Merchant   paymux.MerchantID `json:"merchant" need:"false" len:"1-64" doc:"whose policy says which accounts may be used, unless accounts does"`
	Amount     int64             `json:"amount" need:"true" range:"1-99999999999999" doc:"minor units" example:"1250"`
	Currency   paymux.Currency   `json:"currency" need:"true"`
	Method     paymux.MethodType `json:"method" need:"true" example:"card"`
	Manual     bool              `json:"manual_capture" need:"false" doc:"needs a later capture"`
	CardToken  bool              `json:"card_token" need:"false" doc:"comes with an institution's token"`
	CardNumber bool              `json:"card_number" need:"false" doc:"comes with a card number"`
	Network    string            `json:"network" need:"false" len:"1-32" doc:"of the card, lower case" example:"visa"`
	BIN        string            `json:"bin" need:"false" len:"6-8" doc:"first digits of the card number" example:"424242"`
	Account    string            `json:"account" need:"false" len:"1-64" doc:"designated by the application"`
	Accounts   []string          `json:"accounts" need:"false" len:"0-100" doc:"that the merchant may use; all if empty"`
	Client     string            `json:"client_country" need:"false" format:"country" example:"DE"`
	Object     string            `json:"object_country" need:"false" format:"country"`
	Metadata   map[string]string `json:"metadata" need:"false"`
	Payer      string            `json:"payer" need:"false" len:"1-128" doc:"who sticks to what a split drew"`
	Tried      []string          `json:"tried" need:"false" len:"0-100" doc:"accounts that had their turn"`
	At         time.Time         `json:"at" need:"false" doc:"when; now if not given"`
}

// pinned is a state that operators can give.
type pinned paymux.RouteState

type pinBody struct {
	State    pinned            `json:"state" need:"false" doc:"that the account is to have whatever is seen; what is seen decides again if not given" example:"abnormal"`
	Merchant paymux.MerchantID `json:"merchant" need:"false" len:"1-64" doc:"only for this merchant"`
	Reason   string            `json:"reason" need:"true" len:"1-255" doc:"kept with the pin" example:"maintenance at the institution"`
}
