package access_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/paymux/paymux"
)

const goodEndpoint = `{"url":"https://shop.example/webhooks"}`

// TestOnceUnderRace lets many requests with one key pass the look-up before any
// of them writes: one endpoint is made, and all answers are about it.
func TestOnceUnderRace(t *testing.T) {
	t.Parallel()
	const callers = 16
	f := newFront(t)
	var meet sync.WaitGroup
	meet.Add(callers)
	f.book.hook = func() { meet.Done(); meet.Wait() }
	got := make([]answered, callers)
	var all sync.WaitGroup
	for i := range got {
		all.Go(func() { got[i] = f.ask(t, "POST", "/v1/webhook_endpoints", goodEndpoint) })
	}
	all.Wait()
	if len(f.book.endpoints) != 1 {
		t.Fatalf("%d endpoints were made", len(f.book.endpoints))
	}
	first := 0
	for _, a := range got {
		if a.status != 201 || a.member(t, "id") != string(f.book.endpoints[0].ID) {
			t.Errorf("%d %s", a.status, a.body)
		}
		if a.header.Get("Idempotent-Replayed") == "" {
			first++
		}
		if replayed := a.header.Get("Idempotent-Replayed") == "true"; replayed != (a.member(t, "secret") == nil) || replayed != (a.member(t, "secret_omitted") == true) {
			t.Errorf("replayed %v: %s", replayed, a.body)
		}
	}
	if first != 1 {
		t.Errorf("%d answers say they are the first", first)
	}
}

func TestOnceConflict(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	if got := f.ask(t, "POST", "/v1/webhook_endpoints", goodEndpoint); got.status != 201 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	f.wantProblem(t, f.ask(t, "POST", "/v1/webhook_endpoints", `{"url":"https://other.example/"}`), paymux.KeyReused)
	f.wantProblem(t, f.ask(t, "POST", "/v1/payment_links", `{"amount":5,"currency":"JPY","merchant_order_id":"A"}`), paymux.KeyReused)
	under := f.book.answers["k-POST"]
	under.Answer = nil
	f.book.answers["k-POST"] = under
	got := f.ask(t, "POST", "/v1/webhook_endpoints", goodEndpoint)
	f.wantProblem(t, got, paymux.KeyInFlight)
	if got.header.Get("Retry-After") != "1" || len(f.book.endpoints) != 1 {
		t.Errorf("Retry-After %q, %d endpoints", got.header.Get("Retry-After"), len(f.book.endpoints))
	}
}

// TestRepeatNeedsNoState repeats a deletion: what it deleted is gone, and the answer is the first one's.
func TestRepeatNeedsNoState(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	id := f.ask(t, "POST", "/v1/webhook_endpoints", goodEndpoint).member(t, "id").(string)
	first := f.ask(t, "DELETE", "/v1/webhook_endpoints/"+id, "")
	again := f.ask(t, "DELETE", "/v1/webhook_endpoints/"+id, "")
	if first.status != 200 || again.status != 200 || first.body != again.body || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("%d %s\n%d %s", first.status, first.body, again.status, again.body)
	}
	f.wantProblem(t, f.ask(t, "DELETE", "/v1/webhook_endpoints/"+id, "", "Idempotency-Key", "other"), paymux.NotFound)
}

func TestSecretsAreShownOnce(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	made := f.ask(t, "POST", "/v1/webhook_endpoints", goodEndpoint)
	one := "/v1/webhook_endpoints/" + made.member(t, "id").(string)
	rotated := f.ask(t, "POST", one+"/rotate_secret", "", "Idempotency-Key", "r1")
	key := f.ask(t, "POST", "/v1/api_keys", `{"kind":"bearer"}`, "Idempotency-Key", "b1")
	var secrets []string
	for _, a := range []answered{made, rotated, key} {
		s, ok := a.member(t, "secret").(string)
		if !ok || len(s) < 40 {
			t.Fatalf("no secret in %s", a.body)
		}
		secrets = append(secrets, s)
	}
	live := f.book.endpoints[0].Secrets
	if len(live) != 2 || live[0].Value.Reveal() != secrets[1] || live[1].Value.Reveal() != secrets[0] || !live[0].Expires.IsZero() || live[1].Expires.Sub(frontTime).Hours() != 24 {
		t.Errorf("live secrets after a rotation: %d, %v", len(live), live)
	}
	after := f.log.String()
	for _, target := range []string{one, "/v1/webhook_endpoints", "/v1/api_keys"} {
		after += f.ask(t, "GET", target, "").body
	}
	after += f.ask(t, "POST", one+"/rotate_secret", "", "Idempotency-Key", "r1").body
	for _, kept := range f.book.answers {
		after += string(kept.Answer)
	}
	for _, s := range secrets {
		if strings.Contains(after, s) {
			t.Errorf("a secret is shown again or kept: %s", after)
		}
	}
}

func TestEndpointRules(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	for i := range 16 {
		if got := f.ask(t, "POST", "/v1/webhook_endpoints", goodEndpoint, "Idempotency-Key", strings.Repeat("k", i+1)); got.status != 201 {
			t.Fatalf("endpoint %d: %s", i+1, got.body)
		}
	}
	f.wantProblem(t, f.ask(t, "POST", "/v1/webhook_endpoints", goodEndpoint, "Idempotency-Key", "17"), paymux.StateConflict)
	live := newFront(t)
	live.gate.merchant.Livemode = true
	live.wantProblem(t, live.ask(t, "POST", "/v1/webhook_endpoints", `{"url":"http://shop.example/"}`), paymux.InvalidRequest)
	if got := live.ask(t, "POST", "/v1/webhook_endpoints", goodEndpoint, "Idempotency-Key", "https"); got.status != 201 {
		t.Errorf("%d %s", got.status, got.body)
	}
	id := live.book.endpoints[0].ID
	live.wantProblem(t, live.ask(t, "PATCH", "/v1/webhook_endpoints/"+string(id), `{"url":"http://shop.example/"}`), paymux.InvalidRequest)
	for _, body := range []string{`{"url":"https://a.example/","events":["payment.gone"]}`, `{"url":"https://a.example/","delivery":{"retry_seconds":[0]}}`, `{"url":"https://a.example/","delivery":{"timeout_ms":1}}`, `{"url":"https://a.example/","status":"disabled"}`} {
		f.wantProblem(t, f.ask(t, "POST", "/v1/webhook_endpoints", body, "Idempotency-Key", "bad"), paymux.InvalidRequest)
	}
}

func TestOtherMerchantsLink(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	id := f.ids.New(paymux.PrefixLink)
	f.book.links = []paymux.Link{{ID: paymux.LinkID(id), Merchant: "mer_other"}}
	f.wantProblem(t, f.ask(t, "GET", "/v1/payment_links/"+id, ""), paymux.NotFound)
	f.wantProblem(t, f.ask(t, "POST", "/v1/payment_links/"+id+"/cancel", ""), paymux.NotFound)
}

func TestKeyCannotGiveMoreThanItHas(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	f.gate.key.Services = []paymux.ServiceType{paymux.ServiceManage}
	f.gate.key.Addresses = []string{"203.0.113.0/24"}
	f.wantProblem(t, f.ask(t, "POST", "/v1/api_keys", `{"kind":"bearer","services":["pay"]}`), paymux.Forbidden)
	if got := f.ask(t, "POST", "/v1/api_keys", `{"kind":"bearer","addresses":["0.0.0.0/0"]}`); got.status != 201 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	k := f.book.keys[0]
	if len(k.Services) != 1 || k.Services[0] != paymux.ServiceManage || len(k.Addresses) != 1 || k.Addresses[0] != "203.0.113.0/24" {
		t.Errorf("a narrow key made a wide one: %+v", k)
	}
}

func TestPublicKeys(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	for _, body := range []string{`{"kind":"ed25519"}`, `{"kind":"bearer","public":"x"}`, `{"kind":"ed25519","public":"no PEM"}`, `{"kind":"md5"}`} {
		f.wantProblem(t, f.ask(t, "POST", "/v1/api_keys", body), paymux.InvalidRequest)
	}
	if len(f.book.keys) != 0 {
		t.Errorf("%d keys were made", len(f.book.keys))
	}
}
