package adyenfake

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Stored cards, each with its own fate. All belong to Shopper.
const (
	Shopper      = "shopper-1"
	Visa         = Shopper + "/8415736344108917"
	NoFunds      = Shopper + "/8415736344100051"
	Unavailable  = Shopper + "/8415736344100009" // of the issuer
	Stolen       = Shopper + "/8415736344100020"
	NewRefusal   = Shopper + "/8415736344100999" // a refusal code of tomorrow
	NewResult    = Shopper + "/8415736344101000" // a result code of tomorrow
	Authenticate = Shopper + "/8415736344100003" // 3-D Secure by redirect, or native where that is preferred
	Slow         = Shopper + "/8415736344100004" // received; the webhook tells
)

type payment struct {
	psp       string
	reference string
	amount    amount
	manual    bool
	returnURL string
	state     string // waiting, authorised, refused or cancelled
	result    string // redirectResult of a waiting one
	passes    bool   // whether the payer has proven to be the one
	captured  int64
	refunded  int64
}

type payRequest struct {
	MerchantAccount    string            `json:"merchantAccount"`
	Reference          string            `json:"reference"`
	Amount             *amount           `json:"amount"`
	PaymentMethod      map[string]string `json:"paymentMethod"`
	ReturnURL          string            `json:"returnUrl"`
	Channel            string            `json:"channel"`
	ShopperReference   string            `json:"shopperReference"`
	ShopperInteraction string            `json:"shopperInteraction"`
	ProcessingModel    string            `json:"recurringProcessingModel"`
	ShopperIP          string            `json:"shopperIP"`
	CountryCode        string            `json:"countryCode"`
	Origin             string            `json:"origin"`
	BrowserInfo        *struct {
		UserAgent, AcceptHeader, Language                     string
		ColorDepth, ScreenHeight, ScreenWidth, TimeZoneOffset *int
		JavaEnabled                                           bool
		JavaScriptEnabled                                     bool
	} `json:"browserInfo"`
	AuthenticationData *struct {
		ThreeDSRequestData struct {
			NativeThreeDS string `json:"nativeThreeDS"`
		} `json:"threeDSRequestData"`
	} `json:"authenticationData"`
	CaptureDelayHours *int              `json:"captureDelayHours"`
	AdditionalData    map[string]string `json:"additionalData"`
	Metadata          map[string]string `json:"metadata"`
	FromIssuer        string            `json:"redirectFromIssuerMethod"`
}

func (r *payRequest) merchant() string { return r.MerchantAccount }

func (r *payRequest) fault() *refusal {
	if f := r.Amount.fault(); f != nil {
		return f
	}
	switch {
	case r.Reference == "" || len(r.Reference) > 80:
		return invalid("130", "Reference is missing or too long")
	case !strings.Contains(r.ReturnURL, "://") || len(r.ReturnURL) > 8000:
		return invalid("177", "returnUrl is missing or too long")
	case r.PaymentMethod["type"] != "scheme":
		return invalid("14_004", "Missing payment method type")
	case r.PaymentMethod["storedPaymentMethodId"] != "" && (r.ShopperReference == "" || r.ShopperInteraction != "ContAuth" || r.ProcessingModel == ""):
		return invalid("800", "Contract not found")
	case r.PaymentMethod["storedPaymentMethodId"] == "" && !strings.HasPrefix(r.PaymentMethod["encryptedCardNumber"], "test_"):
		return invalid("101", "Invalid card number")
	}
	return nil
}

func (s *Institution) pay(_ *http.Request, in *payRequest) (int, any, *refusal) {
	if f := in.fault(); f != nil {
		return 0, nil, f
	}
	p := &payment{psp: newPSP(), reference: in.Reference, amount: *in.Amount, returnURL: in.ReturnURL, manual: in.AdditionalData["manualCapture"] == "true"}
	card := Visa
	if id := in.PaymentMethod["storedPaymentMethodId"]; id != "" {
		card = in.ShopperReference + "/" + id
	}
	known := []string{Visa, NoFunds, Unavailable, Stolen, NewRefusal, NewResult, Authenticate, Slow}
	if !slices.Contains(known, card) {
		return 0, nil, invalid("800", "Contract not found")
	}
	s.payments[p.psp] = p
	native := in.AuthenticationData != nil && in.AuthenticationData.ThreeDSRequestData.NativeThreeDS == "preferred"
	return http.StatusOK, s.decide(p, card, native), nil
}

func (s *Institution) decide(p *payment, card string, native bool) object {
	switch card {
	case NoFunds:
		return s.refuse(p, "12", "Not enough balance")
	case Unavailable:
		return s.refuse(p, "9", "Issuer Unavailable")
	case Stolen:
		return s.refuse(p, "20", "FRAUD")
	case NewRefusal:
		return s.refuse(p, "999", "Mercury in retrograde")
	case NewResult:
		return object{"pspReference": p.psp, "resultCode": "Sparkling", "merchantReference": p.reference}
	case Slow:
		p.state = "waiting"
		return object{"pspReference": p.psp, "resultCode": "Received", "merchantReference": p.reference}
	case Authenticate:
		return s.challenge(p, native)
	}
	return s.authorise(p)
}

// challenge asks for the payer. As at Adyen, the pspReference is told only afterwards.
func (s *Institution) challenge(p *payment, native bool) object {
	p.state, p.result = "waiting", "X6Xtf"+rand.Text()
	if native {
		return object{"resultCode": "IdentifyShopper", "action": object{
			"type": "threeDS2", "subtype": "fingerprint", "paymentMethodType": "scheme", "token": "eyJ0", "authorisationToken": p.result, "paymentData": "Ab02",
		}}
	}
	return object{"resultCode": "RedirectShopper", "action": object{
		"type": "redirect", "method": "GET", "paymentMethodType": "scheme", "url": "https://bank.example/3ds?for=" + url.QueryEscape(p.result),
	}}
}

func (s *Institution) authorise(p *payment) object {
	p.state = "authorised"
	s.took(p.reference)
	s.tell("AUTHORISATION", p.psp, "", p.reference, p.amount, true, "123456:1111:03/2030")
	if !p.manual {
		p.captured = p.amount.Value
		s.book("SentForSettle", p, "", p.amount)
	}
	return object{
		"pspReference": p.psp, "resultCode": "Authorised", "merchantReference": p.reference, "amount": p.amount,
		"paymentMethod":  object{"brand": "visa", "type": "scheme"},
		"additionalData": object{"cardSummary": "1111", "expiryDate": "3/2030"},
	}
}

func (s *Institution) refuse(p *payment, code, reason string) object {
	p.state = "refused"
	s.tell("AUTHORISATION", p.psp, "", p.reference, p.amount, false, reason)
	return object{"pspReference": p.psp, "resultCode": "Refused", "refusalReason": reason, "refusalReasonCode": code, "merchantReference": p.reference}
}

type detailsRequest struct {
	Details struct {
		RedirectResult string `json:"redirectResult"`
		ThreeDSResult  string `json:"threeDSResult"`
	} `json:"details"`
}

func (*detailsRequest) merchant() string { return anyMerchant }

func (s *Institution) details(_ *http.Request, in *detailsRequest) (int, any, *refusal) {
	for _, p := range s.payments {
		if p.result == "" || p.result != in.Details.RedirectResult+in.Details.ThreeDSResult {
			continue
		}
		switch {
		case p.state == "cancelled":
			return http.StatusOK, object{"pspReference": p.psp, "resultCode": "Cancelled", "merchantReference": p.reference}, nil
		case p.state != "waiting":
			return 0, nil, invalid("14_018", "The details were submitted already")
		case !p.passes:
			return http.StatusOK, s.refuse(p, "11", "3D Not Authenticated"), nil
		}
		return http.StatusOK, s.authorise(p), nil
	}
	return 0, nil, invalid("14_018", "Invalid payload provided")
}

// Authenticate has the payer of an operation prove who pays, well or badly, and returns the URL that
// the bank sends the browser to. The payment is decided when that is handed to the API.
func (s *Institution) Authenticate(operation string, well bool) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.find(operation)
	p.passes = well
	return p.returnURL + "&redirectResult=" + url.QueryEscape(p.result)
}

// Settle decides a Slow payment.
func (s *Institution) Settle(operation string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.authorise(s.find(operation))
}

// Token is the authorisationToken that Adyen's Component turns into a threeDSResult; here they are the same.
func Token(action string) string {
	var a struct {
		AuthorisationToken string `json:"authorisationToken"`
	}
	_ = json.Unmarshal([]byte(action), &a)
	return a.AuthorisationToken
}

// find is the payment of an operation.
func (s *Institution) find(operation string) *payment {
	for _, p := range s.payments {
		if operationOf(p.reference) == operation && p.state != "refused" {
			return p
		}
	}
	panic("adyenfake: no payment of " + operation)
}

// State is what a payment has come to: waiting, authorised, captured, refused or cancelled.
func (s *Institution) State(operation string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.payments {
		if operationOf(p.reference) == operation {
			if p.state == "authorised" && p.captured > 0 {
				return "captured"
			}
			return p.state
		}
	}
	for _, l := range s.links {
		if operationOf(l.reference) == operation {
			return l.status
		}
	}
	return ""
}
