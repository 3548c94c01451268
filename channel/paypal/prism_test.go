package paypal_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paymux/paymux"
)

const nodeModules = "../../test/interop/node_modules"

// TestAgainstPayPalsDocuments proves the shape of every request with PayPal's own OpenAPI documents: what the
// channel sends in all its operations is recorded and sent again to a validating mock of each. The documents are made
// stricter first: a member they do not name is a violation, too.
func TestAgainstPayPalsDocuments(t *testing.T) {
	t.Parallel()
	needPrism(t)
	sent := everyRequest(t)
	mocks := map[string]string{
		"/v2/checkout/": prism(t, "../../test/specs/paypal_checkout_orders_v2.json"),
		"/v2/payments/": prism(t, "../../test/specs/paypal_payments_payment_v2.json"),
	}
	for _, r := range sent {
		if status, violations := r.replay(t, mocks, r.body, true); status >= 400 || violations != "" {
			t.Errorf("%s %s %s\nHTTP %d %s", r.method, r.path, r.body, status, violations)
		}
	}
	t.Run("bad_requests", func(t *testing.T) { badRequests(t, mocks, sent) })
}

// badRequests proves that the mock would have found fault: each kind of request, spoiled in one place, is refused.
func badRequests(t *testing.T, mocks map[string]string, sent []recorded) {
	for name, c := range map[string]struct{ kind, from, to string }{
		"intent":            {"POST /v2/checkout/orders", `"intent":"CAPTURE"`, `"intent":"BUY"`},
		"number":            {"POST /v2/checkout/orders", `"value":"12.50"`, `"value":12.50`},
		"unknown member":    {"POST /v2/checkout/orders", `"custom_id"`, `"custum_id"`},
		"experience":        {"POST /v2/checkout/orders", `"PAY_NOW"`, `"PAY_LATER_PERHAPS"`},
		"JSON Patch":        {"PATCH /v2/checkout/orders/ID", `"op":"replace"`, `"op":"overwrite"`},
		"patch":             {"PATCH /v2/checkout/orders/ID", `[{`, `{"all":[{`},
		"complete":          {"POST /v2/checkout/orders/ID/capture", `{}`, `{"payment_source":"none"}`},
		"authorize":         {"POST /v2/checkout/orders/ID/authorize", `{}`, `{"payment_source":"none"}`},
		"capture amount":    {"POST /v2/payments/authorizations/ID/capture", `"value":"4.00"`, `"value":4`},
		"final":             {"POST /v2/payments/authorizations/ID/capture", `"final_capture":false`, `"final_capture":"no"`},
		"refund's currency": {"POST /v2/payments/captures/ID/refund", `"EUR"`, `"EURO"`},
		"refund's invoice":  {"POST /v2/payments/captures/ID/refund", `"invoice_id":"`, `"invoice_id":"` + strings.Repeat("0", 128)},
	} {
		i := slices.IndexFunc(sent, func(r recorded) bool { return r.kind() == c.kind && strings.Contains(string(r.body), c.from) })
		if i < 0 {
			t.Errorf("%s: no %s with %s was recorded", name, c.kind, c.from)
			continue
		}
		bad := []byte(strings.Replace(string(sent[i].body), c.from, c.to, 1))
		if status, violations := sent[i].replay(t, mocks, bad, true); status < 400 && violations == "" {
			t.Errorf("%s: a bad request passes: HTTP %d", name, status)
		}
	}
	for _, r := range sent {
		if status, _ := r.replay(t, mocks, r.body, false); status != http.StatusUnauthorized {
			t.Errorf("%s without a token: HTTP %d", r.kind(), status)
		}
	}
}

// recorded is a request as the channel made it.
type recorded struct {
	method, path string
	header       http.Header
	body         []byte
}

var identifier = regexp.MustCompile(`/[A-Z0-9]{17}`)

func (r recorded) kind() string { return r.method + " " + identifier.ReplaceAllString(r.path, "/ID") }

// recorder keeps what goes to the documented interfaces.
type recorder struct {
	mu  sync.Mutex
	all []recorded
}

func (c *recorder) see(r *http.Request) (*http.Response, error) {
	if !strings.HasPrefix(r.URL.Path, "/v2/") {
		return nil, nil
	}
	kept := recorded{method: r.Method, path: r.URL.Path, header: r.Header.Clone()}
	if r.Body != nil {
		var err error
		if kept.body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(kept.body))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, kept)
	return nil, nil
}

// everyRequest has the channel do everything it can, and fails where a kind of request is missing.
func everyRequest(t *testing.T) []recorded {
	t.Helper()
	institution, config := fake(t)
	l, watched := over(config)
	seen := new(recorder)
	l.before = seen.see
	watched.Options["brand_name"] = "Tea & Cups"
	ch := open(t, watched)

	rich := payment()
	rich.Description, rich.MerchantOrderID = strings.Repeat("Two cups of tea ☕ ", 20), "A-1001"
	do(t, ch, rich, paymux.OpPending)
	yen := payment()
	yen.Money = paymux.Money{Amount: 1250, Currency: "JPY"}
	do(t, ch, yen, paymux.OpPending)

	sold := paid(t, institution, ch, false)
	back := follow(paymux.Refunds, sold, 500)
	given := do(t, ch, back, paymux.OpSucceeded)
	back.ChannelID = given.ChannelID
	ask(t, ch, back, paymux.OpSucceeded)

	held := paid(t, institution, ch, true)
	part := follow(paymux.Capture, held, 400)
	taken := do(t, ch, part, paymux.OpSucceeded)
	part.ChannelID = taken.ChannelID
	ask(t, ch, part, paymux.OpSucceeded)
	last := follow(paymux.Capture, held, 100)
	last.Final = true
	do(t, ch, last, paymux.OpSucceeded)
	do(t, ch, follow(paymux.Cancel, paid(t, institution, ch, true), 1250), paymux.OpSucceeded)
	do(t, ch, follow(paymux.Cancel, ordered(t, ch, false), 1250), paymux.OpSucceeded)
	do(t, ch, follow(paymux.Cancel, ordered(t, ch, true), 1250), paymux.OpSucceeded)
	if _, err := ch.Callback(t.Context(), signed(institution, config, "PAYMENT.AUTHORIZATION.CREATED", institution.Resource(string(held.ID), "authorization"))); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{
		"POST /v2/checkout/orders", "GET /v2/checkout/orders/ID", "PATCH /v2/checkout/orders/ID", "POST /v2/checkout/orders/ID/capture",
		"POST /v2/checkout/orders/ID/authorize", "GET /v2/payments/authorizations/ID", "POST /v2/payments/authorizations/ID/capture",
		"POST /v2/payments/authorizations/ID/void", "GET /v2/payments/captures/ID", "POST /v2/payments/captures/ID/refund", "GET /v2/payments/refunds/ID",
	} {
		if !slices.ContainsFunc(seen.all, func(r recorded) bool { return r.kind() == kind }) {
			t.Errorf("the channel made no %s", kind)
		}
	}
	return seen.all
}

// replay sends a request to the mock of its document. violations are what it finds wrong with the request; of its own
// answers it finds much wrong, too, and that is not our business.
func (r recorded) replay(t *testing.T, mocks map[string]string, body []byte, token bool) (status int, violations string) {
	t.Helper()
	for prefix, base := range mocks {
		if !strings.HasPrefix(r.path, prefix) {
			continue
		}
		req, err := http.NewRequestWithContext(t.Context(), r.method, base+r.path, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header = r.header.Clone()
		if !token {
			req.Header.Del("Authorization")
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		io.Copy(io.Discard, resp.Body)
		if found := resp.Header.Get("Sl-Violations"); strings.Contains(found, `"location":["request"`) {
			violations = found
		}
		return resp.StatusCode, violations
	}
	t.Fatalf("%s has no document", r.path)
	return 0, ""
}

// prism starts a validating mock of a document and returns its URL.
func prism(t *testing.T, document string) string {
	t.Helper()
	port := freePort(t)
	cmd := exec.CommandContext(t.Context(), "node", filepath.Join(nodeModules, "@stoplight/prism-cli/dist/index.js"),
		"mock", "-h", "127.0.0.1", "-p", port, stricter(t, document))
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); <-tick.C {
		if resp, err := http.Get("http://127.0.0.1:" + port + "/"); err == nil {
			resp.Body.Close()
			return "http://127.0.0.1:" + port
		}
	}
	cmd.Process.Kill()
	cmd.Wait()
	t.Fatalf("prism does not answer: %s", said.String())
	return ""
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// stricter is a copy of a document in which objects have no members but those it names. Schemas that are
// parts of others, or made of others, stay as they are: what one does not name another may.
func stricter(t *testing.T, document string) string {
	t.Helper()
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	var root map[string]any
	if err := json.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	parts := map[string]bool{}
	eachObject(root, func(o map[string]any) {
		for _, made := range []string{"allOf", "anyOf", "oneOf"} {
			list, _ := o[made].([]any)
			for _, part := range list {
				if ref, ok := part.(map[string]any)["$ref"].(string); ok {
					parts[ref[strings.LastIndex(ref, "/")+1:]] = true
				}
			}
		}
	})
	closed := 0
	for name, schema := range root["components"].(map[string]any)["schemas"].(map[string]any) {
		o := schema.(map[string]any)
		_, has := o["properties"]
		if has && !parts[name] && o["allOf"] == nil && o["anyOf"] == nil && o["oneOf"] == nil {
			o["additionalProperties"] = false
			closed++
		}
	}
	if closed == 0 {
		t.Fatal("no schema was made stricter")
	}
	out := filepath.Join(t.TempDir(), filepath.Base(document))
	if text, err = json.Marshal(root); err == nil {
		err = os.WriteFile(out, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func eachObject(v any, see func(map[string]any)) {
	switch v := v.(type) {
	case map[string]any:
		see(v)
		for _, inner := range v {
			eachObject(inner, see)
		}
	case []any:
		for _, inner := range v {
			eachObject(inner, see)
		}
	}
}

// needPrism skips the test where Node or the mock is not installed; in the check script, which installs
// them, it fails instead.
func needPrism(t *testing.T) {
	t.Helper()
	missing := ""
	if _, err := exec.LookPath("node"); err != nil {
		missing = "node"
	}
	if _, err := os.Stat(filepath.Join(nodeModules, "@stoplight/prism-cli/package.json")); err != nil {
		missing = "npm module @stoplight/prism-cli (npm ci in test/interop)"
	}
	switch {
	case missing == "":
	case os.Getenv("PAYMUX_CHECK") == "1":
		t.Fatal(fmt.Sprint("missing: ", missing))
	default:
		t.Skip("missing: " + missing)
	}
}
