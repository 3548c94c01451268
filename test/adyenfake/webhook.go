package adyenfake

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// Event is a webhook that was sent.
type Event struct {
	Code      string
	Operation string // in its merchantReference
	Success   bool
	Body      []byte
}

// Item is the part of an event that is signed, and what tests change beside it.
type Item struct {
	PSPReference, OriginalReference, Merchant, Reference string
	Value                                                int64
	Currency, EventCode, Success                         string

	Reason string
	At     time.Time
	Live   string
}

// Sign is the signature that Adyen's documentation describes, in base64.
func Sign(key []byte, i Item) string {
	fields := []string{
		i.PSPReference, i.OriginalReference, i.Merchant, i.Reference,
		strconv.FormatInt(i.Value, 10), i.Currency, i.EventCode, i.Success,
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(strings.Join(fields, ":")))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// Webhook is an event as it is sent, signed with a key.
func Webhook(key []byte, i Item) []byte {
	text, err := json.Marshal(object{
		"live": i.Live,
		"notificationItems": []object{{"NotificationRequestItem": object{
			"additionalData": object{"hmacSignature": Sign(key, i)},
			"amount":         object{"currency": i.Currency, "value": i.Value},
			"eventCode":      i.EventCode, "eventDate": i.At.Format("2006-01-02T15:04:05-07:00"), "merchantAccountCode": i.Merchant,
			"merchantReference": i.Reference, "originalReference": i.OriginalReference, "pspReference": i.PSPReference,
			"paymentMethod": "visa", "reason": i.Reason, "success": i.Success,
		}}},
	})
	if err != nil {
		panic(err)
	}
	return text
}

func (s *Institution) tell(code, psp, original, reference string, sum amount, success bool, reason string) {
	body := Webhook(s.HMAC, Item{
		PSPReference: psp, OriginalReference: original, Merchant: s.Merchant, Reference: reference,
		Value: sum.Value, Currency: sum.Currency, EventCode: code, Success: strconv.FormatBool(success),
		Reason: reason, At: s.Now(), Live: "false",
	})
	s.events = append(s.events, Event{Code: code, Operation: operationOf(reference), Success: success, Body: body})
}

// Events are the webhooks about an operation, in the order they were sent.
func (s *Institution) Events(operation string) []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Event
	for _, e := range s.events {
		if e.Operation == operation {
			all = append(all, e)
		}
	}
	return all
}

// Report tells of a payment what only Adyen or the bank can bring about, such as a CHARGEBACK or its
// EXPIRE, under a reference of its own.
func (s *Institution) Report(operation, code, psp string) Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.find(operation)
	s.tell(code, psp, p.psp, p.reference, p.amount, true, "as the bank says")
	return s.events[len(s.events)-1]
}
