package paymux

import "time"

// MethodType is how a payer pays. Brands that behave alike share the rest of the interface.
type MethodType string

const (
	Card         MethodType = "card"
	WeChatPay    MethodType = "wechat_pay"
	Alipay       MethodType = "alipay"
	PayPal       MethodType = "paypal"
	BankTransfer MethodType = "bank_transfer"
)

// MethodTypes lists every method.
func MethodTypes() []MethodType {
	return []MethodType{Card, WeChatPay, Alipay, PayPal, BankTransfer}
}

// Method is the payer's choice. Card data that must not be kept is in
// [CardDetails], which is handed to the channel and never stored.
type Method struct {
	Type MethodType   `json:"type,omitempty"` // empty until the payer or the merchant has chosen
	Card *CardSummary `json:"card,omitempty"`
	// Flow is where the payer acts, for methods that have several ways; empty: the channel's usual one.
	Flow MethodFlow `json:"flow,omitempty"`
	// PayerID is the institution's own ID of the payer, where a flow needs it, such
	// as the openid of a page or mini program inside the brand's app.
	PayerID string `json:"payer_id,omitempty"`
}

// MethodFlow is where the payer acts.
type MethodFlow string

const (
	FlowQR        MethodFlow = "qr"         // scans a code shown on another screen
	FlowWeb       MethodFlow = "web"        // is sent to a page, on a desktop
	FlowMobileWeb MethodFlow = "mobile_web" // is sent to a page that opens the brand's app
	FlowInApp     MethodFlow = "in_app"     // is on a page or mini program inside the brand's app
	FlowApp       MethodFlow = "app"        // is in the merchant's app, which calls the brand's SDK
)

// MethodFlows lists every flow.
func MethodFlows() []MethodFlow {
	return []MethodFlow{FlowQR, FlowWeb, FlowMobileWeb, FlowInApp, FlowApp}
}

// CardSummary is what may be kept and shown of a card.
type CardSummary struct {
	Brand    string `json:"brand,omitempty"`
	Last4    string `json:"last4,omitempty"`
	ExpMonth int    `json:"exp_month,omitempty"`
	ExpYear  int    `json:"exp_year,omitempty"`
}

// CardDetails identify a card for one request: an institution's token, or a
// number where the account may take numbers (test institutions). They redact
// themselves in logs and JSON.
type CardDetails struct {
	Token    Secret
	Number   Secret
	CVC      Secret
	ExpMonth int
	ExpYear  int
}

// Empty reports whether neither token nor number was given.
func (c *CardDetails) Empty() bool { return c == nil || c.Token == "" && c.Number == "" }

// NextAction is what the payer has to do. Type names the one member that is set.
type NextAction struct {
	Type         NextActionType `json:"type"`
	Redirect     *Redirect      `json:"redirect,omitempty"`
	DisplayQR    *DisplayQR     `json:"display_qr,omitempty"`
	InvokeSDK    *InvokeSDK     `json:"invoke_sdk,omitempty"`
	Instructions *Instructions  `json:"display_instructions,omitempty"`
	Wait         *Wait          `json:"wait,omitempty"`
}

// NextActionType names the member of NextAction that is set.
type NextActionType string

const (
	ActionRedirect     NextActionType = "redirect"
	ActionDisplayQR    NextActionType = "display_qr"
	ActionInvokeSDK    NextActionType = "invoke_sdk"
	ActionInstructions NextActionType = "display_instructions"
	ActionWait         NextActionType = "wait"
)

// Redirect sends the payer's browser to a URL, by GET or by posting a form.
type Redirect struct {
	URL        string            `json:"url"`
	Method     string            `json:"method"` // GET or POST
	FormFields map[string]string `json:"form_fields,omitempty"`
}

// DisplayQR is a code to scan with the brand's app.
type DisplayQR struct {
	Brand     MethodType `json:"brand"`
	Data      string     `json:"data"`      // what the code says
	ImageURL  string     `json:"image_url"` // an SVG of it, served by Paymux
	ExpiresAt time.Time  `json:"expires_at"`
}

// InvokeSDK are parameters for the institution's own SDK in a page or an app.
type InvokeSDK struct {
	SDK    string            `json:"sdk"`
	Params map[string]string `json:"params"`
}

// Instructions are what to show the payer, such as the account for a bank transfer.
type Instructions struct {
	Lines []Instruction `json:"lines"`
	URL   string        `json:"url,omitempty"` // where they can be read again
}

// Instruction is one labelled line.
type Instruction struct {
	Label string `json:"label"`
	Value string `json:"value"`
}

// Wait asks the client to look again.
type Wait struct {
	PollAfterMS int `json:"poll_after_ms"`
}
