package sandbox_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel/sandbox"
)

// control calls the control API and reads its answer into out.
func (d desk) control(t *testing.T, method, path, body string, want int, out any) {
	t.Helper()
	w := httptest.NewRecorder()
	d.bank.API().ServeHTTP(w, httptest.NewRequest(method, "/sandbox/api/"+path, strings.NewReader(body)))
	if w.Code != want {
		t.Fatalf("%s %s: %d %s, want %d", method, path, w.Code, w.Body, want)
	}
	if want >= 400 && w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s %s: a problem of type %q", method, path, w.Header().Get("Content-Type"))
	}
	if out != nil {
		if err := json.Unmarshal(w.Body.Bytes(), out); err != nil {
			t.Fatalf("%s %s: %v", method, path, err)
		}
	}
}

func TestControlOfCharges(t *testing.T) {
	t.Parallel()
	d := newDesk(t, sandbox.Config{}, nil)
	var c sandbox.Charge
	var list struct{ Data []sandbox.Charge }

	approved := payOp(paymux.WeChatPay, nil, 1250)
	d.do(t, approved)
	d.control(t, "POST", "payments/"+string(approved.Payment)+"/approve", "", 200, &c)
	if c.Operation != approved.ID || c.State != paymux.OpSucceeded {
		t.Errorf("approved by payment: %+v", c)
	}
	declined := payOp(paymux.WeChatPay, nil, 1250)
	d.do(t, declined)
	d.control(t, "POST", "charges/"+string(declined.ID)+"/decline", `{"code":"nonsense"}`, 400, nil)
	d.control(t, "POST", "charges/"+string(declined.ID)+"/decline", `{"cod":"x"}`, 400, nil)
	d.control(t, "POST", "charges/"+string(declined.ID)+"/decline", `{"code":"insufficient_funds"}`, 200, &c)
	if c.State != paymux.OpDeclined || c.Code != "insufficient_funds" {
		t.Errorf("declined: %+v", c)
	}
	d.control(t, "POST", "charges/"+string(declined.ID)+"/approve", "", 409, nil)
	received := payOp(paymux.BankTransfer, nil, 1250)
	d.do(t, received)
	d.control(t, "POST", "charges/"+string(received.ID)+"/receive", "", 200, nil)
	d.control(t, "POST", "charges/"+string(received.ID)+"/dispute", `{"reason":"not_received"}`, 200, &c)
	if c.Dispute == nil || c.Dispute.Reason != "not_received" {
		t.Errorf("disputed: %+v", c.Dispute)
	}
	d.control(t, "POST", "charges/"+string(received.ID)+"/dispute/win", "", 200, &c)
	if c.Dispute.Status != paymux.DisputeWon {
		t.Errorf("won: %+v", c.Dispute)
	}
	d.control(t, "POST", "charges/"+string(received.ID)+"/dispute/lose", "", 409, nil)
	d.control(t, "POST", "charges/op_none/approve", "", 404, nil)
	d.control(t, "POST", "payments/pay_none/approve", "", 404, nil)

	d.control(t, "GET", "charges", "", 200, &list)
	if len(list.Data) != 3 || list.Data[0].Operation != received.ID {
		t.Errorf("%d charges, the newest %v", len(list.Data), list.Data[0].Operation)
	}
	d.control(t, "GET", "charges?payment="+string(approved.Payment), "", 200, &list)
	if len(list.Data) != 1 || list.Data[0].Operation != approved.ID {
		t.Errorf("charges of a payment: %+v", list.Data)
	}
	d.control(t, "GET", "charges?account=other", "", 200, &list)
	if len(list.Data) != 0 {
		t.Errorf("charges of another account: %+v", list.Data)
	}
}

func TestControlOfFaults(t *testing.T) {
	t.Parallel()
	d := newDesk(t, sandbox.Config{}, nil)
	var f sandbox.Faults
	d.control(t, "PUT", "accounts/test/faults", `{"down":true,"latency_ms":20,"callbacks":"duplicate"}`, 200, nil)
	d.control(t, "GET", "accounts/test/faults", "", 200, &f)
	if want := (sandbox.Faults{Down: true, LatencyMS: 20, Callbacks: sandbox.CallbacksDuplicate}); f != want {
		t.Errorf("faults %+v, want %+v", f, want)
	}
	d.control(t, "PUT", "accounts/test/faults", `{"error_rate":2}`, 400, nil)
	d.control(t, "PUT", "accounts/test/faults", `{"down":1}`, 400, nil)
	d.control(t, "PUT", "accounts/test/faults", `{"do":"explode"}`, 400, nil)
	d.control(t, "PUT", "accounts/test/faults", `{"do":"callbacks_lost"}`, 400, nil)
	d.control(t, "PUT", "accounts/test/faults", `{"for_ms":-1}`, 400, nil)
	d.control(t, "PUT", "accounts/nobody/faults", `{}`, 404, nil)
	d.control(t, "GET", "accounts/nobody/faults", "", 404, nil)
	var accounts struct {
		Data []struct {
			Account string
			Faults  sandbox.Faults
		}
	}
	d.control(t, "GET", "accounts", "", 200, &accounts)
	if len(accounts.Data) != 1 || !accounts.Data[0].Faults.Down {
		t.Errorf("accounts %+v", accounts)
	}
}

func TestControlOfAccounts(t *testing.T) {
	t.Parallel()
	d := newDesk(t, sandbox.Config{}, nil)
	w := httptest.NewRecorder()
	d.bank.API().ServeHTTP(w, httptest.NewRequest("PUT", "/sandbox/api/accounts/own", strings.NewReader(
		`{"options":{"magic":"off","eager_payers":"on","methods":"card,alipay","callback_secret":"hush-one","api_key":"hush-two"}}`)))
	if text := w.Body.String(); w.Code != 200 || !strings.Contains(text, `"magic=off"`) || !strings.Contains(text, `"methods=card,alipay"`) || strings.Contains(text, "hush") {
		t.Errorf("%d %s", w.Code, text)
	}
	d.control(t, "PUT", "accounts/own", `{"options":{"magic":"perhaps"}}`, 400, nil)
	d.control(t, "PUT", "accounts/own", `{"options":{"base_url":"http://x"}}`, 400, nil)
	d.control(t, "PUT", "accounts/Own", `{}`, 400, nil)
	var list struct {
		Data []struct {
			Account string
			Options []string
			Steps   int
		}
	}
	d.control(t, "PUT", "accounts/own/script", `{"script":[{"do":"decline","times":3},{"match":{"kind":"refund"},"do":"timeout_after_success"}]}`, 200, nil)
	d.control(t, "GET", "accounts", "", 200, &list)
	if len(list.Data) != 2 || list.Data[0].Account != "own" || list.Data[0].Steps != 4 {
		t.Errorf("%+v", list)
	}
	d.control(t, "POST", "outage", `{"for_ms":50}`, 409, nil)
	d.control(t, "POST", "outage", `{}`, 400, nil)
}

func TestControlOfScripts(t *testing.T) {
	t.Parallel()
	d := newDesk(t, sandbox.Config{}, nil)
	var got struct{ Script []sandbox.Step }
	d.control(t, "PUT", "accounts/test/script", `{"script":[{"match":{"kind":"pay","method":"alipay"},"do":"decline","code":"lost_card"},{"do":"normal"}]}`, 200, nil)
	op := payOp(paymux.Card, card("4242424242424242"), 1250)
	d.do(t, op)
	d.control(t, "GET", "accounts/test/script", "", 200, &got)
	if len(got.Script) != 2 || len(got.Script[0].Taken) != 0 || len(got.Script[1].Taken) != 1 || got.Script[1].Taken[0] != op.ID {
		t.Errorf("%+v", got)
	}
	d.control(t, "PUT", "accounts/test/script", `{"script":[{"do":"explode"}]}`, 400, nil)
	d.control(t, "PUT", "accounts/test/script", `{"steps":[]}`, 400, nil)
	d.control(t, "PUT", "accounts/nobody/script", `{"script":[]}`, 404, nil)
	d.control(t, "GET", "accounts/nobody/script", "", 404, nil)
	d.control(t, "DELETE", "accounts/test/script", "", 200, &got)
	if len(got.Script) != 0 {
		t.Errorf("after a reset: %+v", got)
	}
}

func TestControlListsCards(t *testing.T) {
	t.Parallel()
	d := newDesk(t, sandbox.Config{}, nil)
	var all struct {
		Cards   []sandbox.TestCard
		Amounts []sandbox.MagicAmount
	}
	d.control(t, http.MethodGet, "cards", "", 200, &all)
	if len(all.Cards) != len(sandbox.Cards()) || len(all.Amounts) != len(sandbox.MagicAmounts()) {
		t.Errorf("%d cards, %d amounts", len(all.Cards), len(all.Amounts))
	}
}
