package adyen

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// token is what a card token says. Its text is one of:
//
//   - SHOPPER/STORED, the shopperReference and the storedPaymentMethodId of a stored card;
//   - the JSON of a payment method as Adyen's Component encrypts it in the payer's browser
//     ({"type":"scheme","encryptedCardNumber":…}), or with a storedPaymentMethodId;
//   - the Component's whole state.data, of which paymentMethod, browserInfo, origin and, where
//     the page has added it, shopperReference are passed on.
//
// A card number that is not encrypted is refused: it must not come here at all.
type token struct {
	Method  map[string]string
	Browser json.RawMessage
	Origin  string
	Shopper string
}

var (
	errToken  = errors.New("the token is neither SHOPPER/STORED nor the JSON of Adyen's Component")
	errNumber = fmt.Errorf("card number instead of a token: %w", channel.ErrUnsupported)
)

// What may be in a payment method of a card. Adyen takes more, card numbers among it.
var methodFields = []string{
	"type", "brand", "holderName", "fundingSource", "checkoutAttemptId", "sdkData", "threeDS2SdkVersion", "storedPaymentMethodId",
	"encryptedCard", "encryptedCardNumber", "encryptedExpiryMonth", "encryptedExpiryYear", "encryptedSecurityCode",
}

func readToken(secret paymux.Secret) (token, error) {
	text := strings.TrimSpace(secret.Reveal())
	if strings.HasPrefix(text, "{") {
		return readComponent([]byte(text))
	}
	at := strings.LastIndexByte(text, '/')
	if at < 3 || at == len(text)-1 || at > 256 || len(text)-at > 65 { // Adyen's limits
		return token{}, errToken
	}
	return token{
		Method:  map[string]string{"type": "scheme", "storedPaymentMethodId": text[at+1:]},
		Shopper: text[:at],
	}, nil
}

func readComponent(text []byte) (token, error) {
	var state struct {
		PaymentMethod    json.RawMessage `json:"paymentMethod"`
		BrowserInfo      json.RawMessage `json:"browserInfo"`
		Origin           string          `json:"origin"`
		ShopperReference string          `json:"shopperReference"`
	}
	if err := json.Unmarshal(text, &state); err != nil {
		return token{}, errToken // without its text, which is the payer's
	}
	method := []byte(state.PaymentMethod)
	if method == nil {
		method, state.BrowserInfo, state.Origin = text, nil, ""
	}
	fields, err := readMethod(method)
	return token{Method: fields, Browser: state.BrowserInfo, Origin: state.Origin, Shopper: state.ShopperReference}, err
}

func readMethod(text []byte) (map[string]string, error) {
	var fields map[string]string
	if err := json.Unmarshal(text, &fields); err != nil {
		return nil, errToken
	}
	delete(fields, "shopperReference") // beside a bare payment method
	for _, number := range []string{"number", "cvc", "expiryMonth", "expiryYear"} {
		if _, there := fields[number]; there {
			return nil, errNumber
		}
	}
	for name := range fields {
		if !slices.Contains(methodFields, name) {
			return nil, errToken
		}
	}
	if fields["type"] == "" {
		fields["type"] = "scheme"
	}
	known := fields["encryptedCardNumber"] != "" || fields["encryptedCard"] != "" || fields["storedPaymentMethodId"] != ""
	if !known || fields["type"] != "scheme" && fields["type"] != "card" {
		return nil, errToken
	}
	return fields, nil
}

// stored reports whether the card is one that Adyen keeps.
func (t token) stored() bool { return t.Method["storedPaymentMethodId"] != "" }
