package stripefake

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Payment methods that behave as their names say; the first two are Stripe's own test IDs.
const (
	Visa          = "pm_card_visa"
	Authenticate  = "pm_card_authenticationRequired"
	NoFunds       = "pm_card_visa_chargeDeclinedInsufficientFunds"
	Busy          = "pm_card_visa_chargeDeclinedProcessingError"
	NewDecline    = "pm_fake_declinedForAReasonNobodyKnows"
	UnheardStatus = "pm_fake_statusNobodyKnows"
)

var declines = map[string]string{
	NoFunds:    "insufficient_funds",
	Busy:       "processing_error",
	NewDecline: "moon_in_the_wrong_house",
}

func createIntent(s *Institution, _ string, f *form) (object, *refusal) {
	method := f.text("payment_method", true)
	intent := object{
		"object": "payment_intent", "amount": f.number("amount", true), "currency": f.currency("currency"), "amount_received": int64(0),
		"capture_method": f.oneOf("capture_method", "automatic", "automatic", "manual"),
		"description":    f.text("description", false), "metadata": f.tree("metadata"),
		"confirm": f.oneOf("confirm", "false", "true"), "return_url": f.text("return_url", false),
	}
	f.oneOf("payment_method_types[0]", "card", "card")
	if fault := f.end(); fault != nil {
		return nil, fault
	}
	s.add("pi_", intent)
	code, no := declines[method]
	switch {
	case no:
		intent["status"] = "requires_payment_method"
		e := refuse(http.StatusPaymentRequired, "card_error", "card_declined", "Your card was declined.")
		e.err["decline_code"] = code
		intent["last_payment_error"] = e.err
		return nil, e.with(object{"id": intent["id"], "object": "payment_intent", "status": intent["status"], "metadata": intent["metadata"]})
	case method == Authenticate:
		intent["status"] = "requires_action"
		intent["next_action"] = object{"type": "redirect_to_url", "redirect_to_url": object{"url": "https://hooks.example/3ds", "return_url": intent["return_url"]}}
	case method == UnheardStatus:
		intent["status"] = "requires_a_sign"
	case method == Visa:
		intent["latest_charge"] = object{"id": "ch_1", "object": "charge", "payment_method_details": object{
			"type": "card", "card": object{"brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2034},
		}}
		s.settle(intent)
	default:
		return nil, invalid("resource_missing", "No such PaymentMethod: '%s'", method)
	}
	return intent, nil
}

func captureIntent(s *Institution, id string, f *form) (object, *refusal) {
	amount, metadata := f.number("amount_to_capture", false), f.tree("metadata")
	if fault := f.end(); fault != nil {
		return nil, fault
	}
	intent, ok := s.objects[id]
	switch {
	case !ok:
		return nil, invalid("resource_missing", "No such payment_intent: '%s'", id)
	case intent["status"] != "requires_capture":
		return nil, invalid("payment_intent_unexpected_state", "This PaymentIntent could not be captured.").with(intent)
	case amount > intent["amount"].(int64):
		return nil, invalid("amount_too_large", "amount_to_capture is more than the remaining amount.")
	}
	for k, v := range metadata {
		meta(intent)[k] = v
	}
	intent["status"], intent["amount_received"], intent["amount_capturable"] = "succeeded", amount, int64(0)
	return intent, nil
}

func cancelIntent(s *Institution, id string, f *form) (object, *refusal) {
	if fault := f.end(); fault != nil {
		return nil, fault
	}
	intent, ok := s.objects[id]
	if !ok {
		return nil, invalid("resource_missing", "No such payment_intent: '%s'", id)
	}
	if !slices.Contains([]string{"requires_capture", "requires_action", "requires_payment_method"}, intent["status"].(string)) {
		return nil, invalid("payment_intent_unexpected_state", "You cannot cancel this PaymentIntent.").with(intent)
	}
	intent["status"], intent["next_action"] = "canceled", nil
	return intent, nil
}

func createSession(s *Institution, _ string, f *form) (object, *refusal) {
	session := object{
		"object": "checkout.session", "mode": f.oneOf("mode", "", "payment"), "status": "open", "payment_status": "unpaid",
		"client_reference_id": f.text("client_reference_id", false),
		"metadata":            f.tree("metadata"), "success_url": f.text("success_url", true), "cancel_url": f.text("cancel_url", false),
		"expires_at": f.number("expires_at", false),
		"currency":   f.currency("line_items[0][price_data][currency]"), "amount_total": f.number("line_items[0][price_data][unit_amount]", true),
		"payment_intent_data": object{
			"metadata":       f.tree("payment_intent_data[metadata]"),
			"capture_method": f.oneOf("payment_intent_data[capture_method]", "automatic", "automatic", "manual"),
			"description":    f.text("payment_intent_data[description]", false),
		},
	}
	f.text("line_items[0][price_data][product_data][name]", true)
	f.oneOf("line_items[0][quantity]", "", "1")
	if f.oneOf("payment_method_types[0]", "", "card", "alipay", "wechat_pay") == "wechat_pay" {
		f.oneOf("payment_method_options[wechat_pay][client]", "", "web")
	}
	if fault := f.end(); fault != nil {
		return nil, fault
	}
	s.add("cs_", session)
	session["url"] = "https://checkout.example/" + session["id"].(string)
	return session, nil
}

func expireSession(s *Institution, id string, f *form) (object, *refusal) {
	if fault := f.end(); fault != nil {
		return nil, fault
	}
	session, ok := s.objects[id]
	if !ok || session["status"] != "open" {
		return nil, invalid("", "Only Checkout Sessions with a status in [\"open\"] can be expired.")
	}
	session["status"], session["url"] = "expired", nil
	return session, nil
}

func createRefund(s *Institution, _ string, f *form) (object, *refusal) {
	refund := object{
		"object": "refund", "payment_intent": f.text("payment_intent", true), "amount": f.number("amount", true), "status": "succeeded",
		"reason": f.oneOf("reason", "", "duplicate", "fraudulent", "requested_by_customer"), "metadata": f.tree("metadata"),
	}
	if fault := f.end(); fault != nil {
		return nil, fault
	}
	intent, ok := s.objects[refund["payment_intent"].(string)]
	if !ok || intent["status"] != "succeeded" {
		return nil, invalid("resource_missing", "No such payment_intent.")
	}
	refunded, _ := intent["fake_refunded"].(int64)
	left := intent["amount_received"].(int64) - refunded
	switch amount := refund["amount"].(int64); {
	case left == 0:
		return nil, invalid("charge_already_refunded", "Charge has already been refunded.")
	case amount > left:
		return nil, invalid("", "Refund amount is greater than unrefunded amount on charge.")
	default:
		intent["fake_refunded"] = refunded + amount
	}
	refund["currency"] = intent["currency"]
	return s.add("re_", refund), nil
}

func (s *Institution) one(id string, q url.Values) (object, *refusal) {
	o, ok := s.objects[id]
	if !ok {
		return nil, refuse(http.StatusNotFound, "invalid_request_error", "resource_missing", "No such object: '"+id+"'")
	}
	if intent, ok := o["payment_intent"].(string); ok && o["object"] == "checkout.session" && q.Get("expand[0]") == "payment_intent" {
		expanded := object{}
		for k, v := range o {
			expanded[k] = v
		}
		expanded["payment_intent"] = s.objects[intent]
		return expanded, nil
	}
	return o, nil
}

// list filters by creation and payment_intent, newest first, on one page.
func (s *Institution) list(prefix string) func(string, url.Values) (object, *refusal) {
	return func(_ string, q url.Values) (object, *refusal) {
		data := []object{}
		for _, id := range slices.Backward(s.order) {
			o := s.objects[id]
			wanted := q.Get("payment_intent")
			if strings.HasPrefix(id, prefix) && within(o, q) && (wanted == "" || o["payment_intent"] == wanted) {
				data = append(data, o)
			}
		}
		return object{"object": "list", "data": data, "has_more": false, "url": "/v1"}, nil
	}
}

func within(o object, q url.Values) bool {
	at := o["created"].(int64)
	from, _ := strconv.ParseInt(q.Get("created[gte]"), 10, 64)
	to, err := strconv.ParseInt(q.Get("created[lte]"), 10, 64)
	return at >= from && (err != nil || at <= to)
}

// search finds what the index has heard of: nothing, until Index.
func (s *Institution) search(_ string, q url.Values) (object, *refusal) {
	key, value, ok := strings.Cut(strings.TrimPrefix(q.Get("query"), "metadata['"), "']:'")
	if !ok || !strings.HasSuffix(value, "'") {
		return nil, invalid("", "the query cannot be read")
	}
	data := []object{}
	for _, id := range s.order[:s.indexed] {
		if o := s.objects[id]; o["object"] == "payment_intent" && meta(o)[key] == strings.TrimSuffix(value, "'") {
			data = append(data, o)
		}
	}
	return object{"object": "search_result", "data": data, "has_more": false, "url": "/v1/payment_intents/search"}, nil
}
