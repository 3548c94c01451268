package access_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/paymux/paymux"
)

const goodPayment = `{"amount":1250,"currency":"CNY","merchant_order_id":"A-1001","payment_method":{"type":"wechat_pay"},"return_url":"https://shop.example/orders/A-1001","metadata":{"sku":"tea"}}`

// exchange is a request and what has to come back.
type exchange struct {
	id, method, target, body string
	status                   int
	has                      string
}

// furnish puts one of everything behind the door and gives a request for every route.
func furnish(f *front) []exchange {
	m := f.gate.merchant.ID
	pay, re := f.ids.New(paymux.PrefixPayment), f.ids.New(paymux.PrefixRefund)
	link, evt, we, key := f.ids.New(paymux.PrefixLink), f.ids.New(paymux.PrefixEvent), f.ids.New(paymux.PrefixEndpoint), f.ids.New(paymux.PrefixKey)
	f.book.payments = []paymux.Payment{{ID: paymux.PaymentID(pay), Object: "payment", Merchant: m}}
	f.book.refunds = []paymux.Refund{{ID: paymux.RefundID(re), Object: "refund", Merchant: m}}
	f.book.links = []paymux.Link{{ID: paymux.LinkID(link), Object: "payment_link", Merchant: m}}
	f.book.events = []paymux.Event{{ID: paymux.EventID(evt), Type: paymux.PaymentSucceeded, Body: json.RawMessage(`{"id":"` + evt + `","type":"payment.succeeded"}`)}}
	f.book.endpoints = []paymux.Endpoint{{ID: paymux.EndpointID(we), Object: "webhook_endpoint", Merchant: m, URL: "https://shop.example/w", Status: paymux.EndpointEnabled, Secrets: []paymux.SigningSecret{{Value: "whsec_old"}}}}
	f.book.keys = []paymux.Key{{ID: paymux.KeyID(key), Object: "api_key", Merchant: m, Kind: paymux.KeyBearer}}
	f.book.endpoints[0].FailingSince = frontTime
	f.book.sent = []paymux.Notification{{Object: "notification", Event: paymux.EventID(evt), Endpoint: paymux.EndpointID(we), Status: paymux.NotificationDead}}
	f.book.attempts = []paymux.Attempt{{Object: "notification_attempt", Event: paymux.EventID(evt), Endpoint: paymux.EndpointID(we), Result: paymux.AttemptFailed, ResponseBody: "no"}}
	replay := f.ids.New(paymux.PrefixReplay)
	f.book.replays = []paymux.Replay{{ID: paymux.ReplayID(replay), Object: "replay", Merchant: m, Status: paymux.ReplayRunning}}
	f.book.fillRules(2)
	ops, rules := "/ops/v1/merchants/"+string(m), "/ops/v1/routing"
	return []exchange{
		{"createPayment", "POST", "/v1/payments", goodPayment, 201, `"pay_1"`},
		{"listPayments", "GET", "/v1/payments?limit=1&status=failed&created[gte]=2026-11-01T00:00:00Z&merchant_order_id=A", "", 200, `"has_more":false`},
		{"getPayment", "GET", "/v1/payments/" + pay + "?expand[]=operations&expand[]=refunds", "", 200, `"operations":[{"id":"op_1"`},
		{"confirmPayment", "POST", "/v1/payments/" + pay + "/confirm", `{"payment_method":{"type":"card","card":{"token":"tok_1"}}}`, 200, `"pay_1"`},
		{"capturePayment", "POST", "/v1/payments/" + pay + "/capture", `{"amount":5,"final":true}`, 200, `"pay_1"`},
		{"cancelPayment", "POST", "/v1/payments/" + pay + "/cancel", "", 200, `"pay_1"`},
		{"syncPayment", "POST", "/v1/payments/" + pay + "/sync", "{}", 200, `"pay_1"`},
		{"getTimeline", "GET", "/v1/payments/" + pay + "/timeline", "", 200, `"kind":"api"`},
		{"listOperations", "GET", "/v1/payments/" + pay + "/operations", "", 200, `"op_1"`},
		{"createRefund", "POST", "/v1/refunds", `{"payment":"` + pay + `","amount":5,"reason":"duplicate","merchant_refund_id":"R1"}`, 201, `"pay_1"`},
		{"listRefunds", "GET", "/v1/refunds?payment=" + pay, "", 200, re},
		{"getRefund", "GET", "/v1/refunds/" + re, "", 200, re},
		{"createPaymentLink", "POST", "/v1/payment_links", `{"amount":5,"currency":"JPY","merchant_order_id":"A","expires_in":900}`, 201, `"url":"https://pay.example/pay/plink_`},
		{"listPaymentLinks", "GET", "/v1/payment_links", "", 200, link},
		{"getPaymentLink", "GET", "/v1/payment_links/" + link, "", 200, link},
		{"cancelPaymentLink", "POST", "/v1/payment_links/" + link + "/cancel", "{}", 200, `"status":"canceled"`},
		{"listEvents", "GET", "/v1/events?type=payment.succeeded&object_id=" + pay, "", 200, evt},
		{"getEvent", "GET", "/v1/events/" + evt, "", 200, evt},
		{"streamEvents", "GET", "/v1/events/stream?last_event_id=start", "", 200, "id: " + evt + "\nevent: "},
		{"listAttempts", "GET", "/v1/events/" + evt + "/attempts?endpoint=" + we, "", 200, `"response_body":"no"`},
		{"resendEvent", "POST", "/v1/events/" + evt + "/resend", `{"endpoint":"` + we + `"}`, 200, `"endpoints":["` + we + `"]`},
		{"listNotifications", "GET", "/v1/webhook_endpoints/" + we + "/notifications?status=dead&event=" + evt, "", 200, `"status":"dead"`},
		{"createReplay", "POST", "/v1/webhook_endpoints/" + we + "/replays", `{"from":"2026-11-20T00:00:00Z","types":["payment.succeeded"],"only":"all"}`, 201, `"only":"all","status":"running","total":1`},
		{"getReplay", "GET", "/v1/replays/" + replay, "", 200, `"status":"running"`},
		{"cancelReplay", "POST", "/v1/replays/" + replay + "/cancel", "", 200, `"status":"canceled"`},
		{"createWebhookEndpoint", "POST", "/v1/webhook_endpoints", `{"url":"https://shop.example/webhooks","events":["refund.failed"],"delivery":{"retry_seconds":[5,300],"timeout_ms":2000}}`, 201, `"secret":"whsec_`},
		{"listWebhookEndpoints", "GET", "/v1/webhook_endpoints", "", 200, we},
		{"getWebhookEndpoint", "GET", "/v1/webhook_endpoints/" + we, "", 200, we},
		{"updateWebhookEndpoint", "PATCH", "/v1/webhook_endpoints/" + we, `{"status":"disabled","events":null,"delivery":null}`, 200, `"status":"disabled"`},
		{"rotateWebhookSecret", "POST", "/v1/webhook_endpoints/" + we + "/rotate_secret", "", 200, `"secret":"whsec_`},
		{"testWebhookEndpoint", "POST", "/v1/webhook_endpoints/" + we + "/test", "", 200, `"endpoint.test"`},
		{"deleteWebhookEndpoint", "DELETE", "/v1/webhook_endpoints/" + we, "", 200, `"deleted":true`},
		{"createBatch", "POST", "/v1/batches", `{"items":[{"service":"query","payment":"` + pay + `"}]}`, 200, `"status":200`},
		{"getStatistics", "GET", "/v1/statistics?every=day&from=2026-11-20T13:00:00Z&to=2026-11-22T00:00:00Z&group=channel,method", "", 200, `"at":"2026-11-20T00:00:00Z","merchant":"` + string(m) + `","channel":"sandbox"`},
		{"getOwnMerchant", "GET", "/v1/merchant", "", 200, string(m)},
		{"listPlatformKeys", "GET", "/v1/platform_keys", "", 200, `"keys":[]`},
		{"createAPIKey", "POST", "/v1/api_keys", `{"kind":"hmac-sha256","name":"shop"}`, 201, `"secret":"`},
		{"listAPIKeys", "GET", "/v1/api_keys", "", 200, key},
		{"revokeAPIKey", "DELETE", "/v1/api_keys/" + key, "", 200, `"revoked_at":"2026-`},
		{"opsCreateMerchant", "POST", "/ops/v1/merchants", `{"name":"Tea House","policy":{"bearer":true,"batch":"all","traffic_limit":[{"service":"pay","requests":5,"seconds":1}]}}`, 201, `"batch":"all","late_payment":"keep"`},
		{"opsListMerchants", "GET", "/ops/v1/merchants?limit=1", "", 200, `"object":"list"`},
		{"opsGetMerchant", "GET", ops, "", 200, string(m)},
		{"opsUpdateMerchant", "PATCH", ops, `{"policy":{"services":["pay"]}}`, 200, `"services":["pay"]`},
		{"opsCreateAPIKey", "POST", ops + "/api_keys", `{"kind":"bearer"}`, 201, `"secret":"sk_test_`},
		{"opsListAPIKeys", "GET", ops + "/api_keys", "", 200, key},
		{"opsRevokeAPIKey", "DELETE", ops + "/api_keys/" + key, "", 200, key},
		{"opsListFailingEndpoints", "GET", "/ops/v1/failing_endpoints?limit=5", "", 200, `"failing_since":"2026-`},
		{"opsListChannels", "GET", "/ops/v1/channels", "", 200, `"unknown_codes":{"ODD":3}`},
		{"opsRollout", "POST", "/ops/v1/channels/sandbox/rollout", `{"action":"try","version":"1.5.0","stable":"1.4.2","percent":10}`, 200, `"canary":"1.5.0","percent":10`},
		{"opsGetStatistics", "GET", "/ops/v1/statistics?merchant=" + string(m) + "&group=region", "", 200, `"every":"hour","group":["region"]`},
		{"opsGetRouting", "GET", rules, "", 200, `"state":"refused","refused":2,"error":"broken"`},
		{"opsListRuleSetVersions", "GET", rules + "/versions?limit=1", "", 200, `"has_more":true,"next_cursor":"2"`},
		{"opsGetRuleSetVersion", "GET", rules + "/versions/1", "", 200, `"version":1,"fingerprint":"f"`},
		{"opsListRuleSetDrafts", "GET", rules + "/drafts", "", 200, `"name":"spring"`},
		{"opsGetRuleSetDraft", "GET", rules + "/drafts/spring", "", 200, `"document":"fallback: {all: true}"`},
		{"opsPutRuleSetDraft", "PUT", rules + "/drafts/autumn", `{"document":"static:\n- {}\n","reason":"why"}`, 200, `"document":"static:\n- {}\n","who":"operator","why":"why"`},
		{"opsDeleteRuleSetDraft", "DELETE", rules + "/drafts/spring", "", 200, `"name":"spring","deleted":true`},
		{"opsLintRuleSet", "POST", rules + "/lint", `{"document":"static: x"}`, 200, `"fine":false,"findings":[{"severity":"error","line":2`},
		{"opsSimulateRouting", "POST", rules + "/simulate", `{"payment":{"amount":1,"currency":"CNY","method":"card"}}`, 200, `"order":["main"]`},
		{"opsReplayRouting", "POST", rules + "/replay", `{"draft":"spring"}`, 200, `"object":"routing_replay","ruleset":"spring"`},
		{"opsActivateRuleSet", "POST", rules + "/activate", `{"draft":"spring","reason":"why"}`, 200, `"who":"operator","why":"why"`},
		{"opsRollbackRuleSet", "POST", rules + "/rollback", `{"version":1,"reason":"back"}`, 200, `"why":"back"`},
		{"opsListRoutingHealth", "GET", rules + "/health", "", 200, `"account":"main","state":"abnormal"`},
		{"opsListRoutingQuotas", "GET", rules + "/quotas", "", 200, `"account":"main","quota":"daily","day":"2026-11-26","used":3,"limit":5`},
		{"opsPinRoute", "PUT", rules + "/health/main", `{"state":"normal","reason":"why"}`, 200, `"pin":{"account":"main","state":"normal","who":"operator"`},
		{"opsExplainRouting", "GET", "/ops/v1/payments/" + pay + "/routing", "", 200, `"payment":"` + pay + `"`},
		{"opsListBuriedTasks", "GET", "/ops/v1/buried_tasks", "", 200, `"reason":"refused"`},
	}
}

func TestEveryRoute(t *testing.T) {
	t.Parallel()
	for i := range furnish(newFront(t)) {
		f := newFront(t)
		x := furnish(f)[i]
		t.Run(x.id, func(t *testing.T) {
			t.Parallel()
			got := f.ask(t, x.method, x.target, x.body)
			if got.status != x.status || !strings.Contains(got.body, x.has) {
				t.Errorf("%s %s: %d %s\nwant %d with %s", x.method, x.target, got.status, got.body, x.status, x.has)
			}
			if !json.Valid([]byte(got.body)) && x.id != "streamEvents" || !strings.HasPrefix(got.header.Get("Request-Id"), paymux.PrefixRequest) {
				t.Errorf("body %s, Request-Id %q", got.body, got.header.Get("Request-Id"))
			}
			if merchants := strings.HasPrefix(x.target, "/v1") && x.id != "listPlatformKeys"; merchants != (got.header.Get("RateLimit") != "") {
				t.Errorf("RateLimit %q", got.header.Get("RateLimit"))
			}
		})
	}
}

// TestRoutesAreDocumented holds the document and the tests to the same set of routes.
func TestRoutesAreDocumented(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	var doc struct {
		Paths map[string]map[string]struct{ OperationID string }
	}
	if err := json.Unmarshal([]byte(f.ask(t, "GET", "/openapi.json", "").body), &doc); err != nil {
		t.Fatal(err)
	}
	var documented, tested []string
	for path, methods := range doc.Paths {
		for method, op := range methods {
			documented = append(documented, op.OperationID)
			target := strings.NewReplacer("{id}", f.ids.New(paymux.PrefixPayment), "{key}", "k").Replace(path)
			if got := f.ask(t, strings.ToUpper(method), target, ""); got.status == http.StatusMethodNotAllowed || strings.Contains(got.body, "There is nothing at") {
				t.Errorf("%s %s is documented and not served: %s", method, path, got.body)
			}
			if got := f.ask(t, "BREW", target, ""); got.status != http.StatusMethodNotAllowed || !strings.Contains(got.header.Get("Allow"), strings.ToUpper(method)) {
				t.Errorf("BREW %s: %d, Allow %q", path, got.status, got.header.Get("Allow"))
			}
		}
	}
	for _, x := range furnish(f) {
		tested = append(tested, x.id)
	}
	slices.Sort(documented)
	slices.Sort(tested)
	if !slices.Equal(documented, tested) {
		t.Errorf("documented %v\nserved and tested %v", documented, tested)
	}
}

func TestWithoutAuthority(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	all := furnish(f)
	for _, x := range all {
		if x.id == "listPlatformKeys" {
			continue
		}
		f.wantProblem(t, f.ask(t, x.method, x.target, x.body, "Authorization", "Bearer sk_test_bad"), paymux.Unauthenticated)
		other := "Bearer ops-secret"
		if strings.HasPrefix(x.target, "/ops/") {
			other = "Bearer sk_test_good"
		}
		f.wantProblem(t, f.ask(t, x.method, x.target, x.body, "Authorization", other), paymux.Unauthenticated)
	}
	f.gate.merchant.Policy.Services = []paymux.ServiceType{"nothing"}
	for _, x := range all {
		if strings.HasPrefix(x.target, "/ops/") || x.id == "listPlatformKeys" || x.id == "createBatch" {
			continue
		}
		got := f.ask(t, x.method, x.target, x.body)
		f.wantProblem(t, got, paymux.Forbidden)
		if !strings.Contains(got.body, "service type ") {
			t.Errorf("%s: %s names no service type", x.id, got.body)
		}
	}
	if f.book.writes > 0 {
		t.Errorf("%d writes by requests without authority", f.book.writes)
	}
}
