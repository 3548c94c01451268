package wechatpayfake

import (
	"crypto/rand"
	"maps"
	"net/http"
	"strings"
	"time"
)

// Notice is a notification to be made of an order or a refund.
type Notice struct {
	Event    string         // such as TRANSACTION.SUCCESS
	Resource map[string]any // members that replace the institution's own
	Plain    []byte         // instead of the resource
	Envelope map[string]any // members that replace those of the envelope
	At       time.Time      // when it is signed; zero: now
	Signer   string         // ID of the platform's key; empty: as answers
	Number   string         // of the order or refund
}

// Notify makes a notification as it would arrive.
func (s *Institution) Notify(n Notice) (http.Header, []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kind := "transaction"
	if strings.HasPrefix(n.Event, "REFUND.") {
		kind = "refund"
	}
	plain := n.Plain
	if plain == nil {
		resource := s.resource(kind, n.Number)
		maps.Copy(resource, n.Resource)
		plain = encode(resource)
	}
	sealed := map[string]any{"original_type": kind}
	for name, v := range s.encrypt(plain, kind) {
		sealed[name] = v
	}
	envelope := map[string]any{
		"id": "EV-" + rand.Text(), "create_time": s.Now().In(beijing()).Format(time.RFC3339), "resource_type": "encrypt-resource",
		"event_type": n.Event, "summary": "通知", "resource": sealed,
	}
	maps.Copy(envelope, n.Envelope)
	body := encode(envelope)
	at := n.At
	if at.IsZero() {
		at = s.Now()
	}
	h := http.Header{}
	h.Set("Content-Type", "application/json")
	h.Set("User-Agent", "Mozilla/4.0")
	s.seal(h, s.signer(n.Signer), at, body)
	return h, body
}

func (s *Institution) resource(kind, number string) map[string]any {
	if o := s.orders[number]; kind == "transaction" && o != nil {
		return s.transaction(o)
	}
	f := s.refunds[number]
	if kind != "refund" || f == nil {
		return map[string]any{}
	}
	return map[string]any{
		"mchid": s.Merchant.MchID, "out_trade_no": f.order.number, "transaction_id": f.order.transaction, "out_refund_no": f.number,
		"refund_id": f.id, "refund_status": f.status, "user_received_account": "支付用户零钱",
		"amount": map[string]any{"total": f.order.total, "refund": f.amount, "payer_total": f.order.total, "payer_refund": f.amount},
	}
}
