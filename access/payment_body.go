package access

import (
	"time"

	"github.com/paymux/paymux"
)

type createBody struct {
	Amount          int64                `json:"amount" need:"true" range:"1-999999999999" doc:"in minor units of currency: 1250 CNY is 12.50 yuan" example:"1250"`
	Currency        paymux.Currency      `json:"currency" need:"true" doc:"ISO 4217, capital letters" example:"CNY"`
	MerchantOrderID string               `json:"merchant_order_id" need:"true" len:"1-64" doc:"the order's number at the merchant; one live payment each" example:"A-1001"`
	Description     string               `json:"description" need:"false" len:"0-255" doc:"shown to the payer" example:"Tea, 2 packs"`
	Method          *methodBody          `json:"payment_method" need:"false" doc:"how the payer pays; without it the payment waits for confirm"`
	AllowedMethods  []paymux.MethodType  `json:"allowed_methods" need:"false" len:"1-20" doc:"what the payer may choose from"`
	CaptureMethod   paymux.CaptureMethod `json:"capture_method" need:"false" doc:"automatic takes the money with the payment, manual only reserves it" example:"automatic"`
	Confirm         *bool                `json:"confirm" need:"false" doc:"send to a channel at once; true if not given and payment_method is" example:"true"`
	Account         string               `json:"account" need:"false" len:"1-64" doc:"the channel account to use; routing decides if not given"`
	ReturnURL       string               `json:"return_url" need:"false" len:"1-2000" format:"uri" doc:"where the payer's browser goes afterwards" example:"https://shop.example/orders/A-1001"`
	NotifyURL       string               `json:"notify_url" need:"false" len:"1-2000" format:"uri" doc:"also told of every event of this payment; https in live mode; needs an enabled endpoint with per_payment true"`
	Metadata        map[string]string    `json:"metadata" need:"false" doc:"up to 50 entries of the merchant's own, names to 40 and values to 500 characters"`
	ExpiresAt       *time.Time           `json:"expires_at" need:"false" doc:"when the unpaid payment ends"`
	ExpiresIn       int64                `json:"expires_in" need:"false" range:"60-31536000" doc:"the same in seconds from now" example:"900"`
	Client          *clientBody          `json:"client" need:"false" doc:"the payer's device; taken from the request's own address if not given"`
}

type methodBody struct {
	Type    paymux.MethodType `json:"type" need:"true" example:"wechat_pay"`
	Card    *cardBody         `json:"card" need:"false" doc:"with type card: a token, or a number where the account takes numbers"`
	Flow    paymux.MethodFlow `json:"flow" need:"false" doc:"where the payer acts: a code to scan, a page on a desktop or a phone, inside the brand's app, or the merchant's app; the channel's usual one if not given" example:"qr"`
	PayerID string            `json:"payer_id" need:"false" len:"1-128" doc:"the institution's ID of the payer, which flow in_app needs: the openid" example:"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"`
}

type cardBody struct {
	Token    paymux.Secret `json:"token" need:"false" len:"1-255" secret:"true" doc:"the institution's token of the card"`
	Number   paymux.Secret `json:"number" need:"false" len:"1-30" format:"card" secret:"true" doc:"instead of a token, for test accounts" example:"4242424242424242"`
	ExpMonth int           `json:"exp_month" need:"false" range:"1-12" example:"12"`
	ExpYear  int           `json:"exp_year" need:"false" range:"2000-2100" example:"2030"`
	CVC      paymux.Secret `json:"cvc" need:"false" len:"1-10" format:"cvc" secret:"true" example:"123"`
}

type clientBody struct {
	IP      string `json:"ip" need:"false" len:"1-45" format:"ip" example:"203.0.113.7"`
	Country string `json:"country" need:"false" len:"2-2" format:"country" example:"CN"`
}

type confirmBody struct {
	Method    *methodBody `json:"payment_method" need:"false" doc:"how the payer pays; the payment's own if not given"`
	Account   string      `json:"account" need:"false" len:"1-64" doc:"the channel account to use; routing decides if not given"`
	ReturnURL string      `json:"return_url" need:"false" len:"1-2000" format:"uri" doc:"where the payer's browser goes afterwards"`
	Client    *clientBody `json:"client" need:"false" doc:"the payer's device"`
}

type captureBody struct {
	Amount int64 `json:"amount" need:"false" range:"1-999999999999" doc:"all that is reserved if not given" example:"1250"`
	Final  bool  `json:"final" need:"false" doc:"release what is left after this capture; false if not given" example:"true"`
}

type cancelBody struct {
	Reason string `json:"reason" need:"false" len:"0-255" doc:"kept with the payment" example:"requested_by_customer"`
}

// emptyBody is of requests that say everything in their path.
type emptyBody struct{}
