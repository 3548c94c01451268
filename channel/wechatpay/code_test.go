package wechatpay_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/test/wechatpayfake"
)

// What an error code says, where the order or refund is not there when it is asked for afterwards.
func TestCodes(t *testing.T) {
	t.Parallel()
	const notSent, lost = "not_sent", "error"
	institution, config := fake(t, wechatpayfake.Config{})
	ch := open(t, config)
	for _, c := range []struct {
		kind   paymux.OperationKind
		status int
		code   string
		want   string // a decline code, "unknown", not_sent or error
	}{
		{paymux.Pay, 401, "SIGN_ERROR", notSent}, {paymux.Pay, 401, "", notSent}, {paymux.Refunds, 401, "A_CODE_OF_TOMORROW", notSent}, {paymux.Pay, 429, "FREQUENCY_LIMITED", notSent}, {paymux.Pay, 429, "RATELIMIT_EXCEEDED", notSent},
		{paymux.Pay, 403, "NO_AUTH", notSent}, {paymux.Pay, 400, "APPID_MCHID_NOT_MATCH", notSent}, {paymux.Pay, 400, "MCH_NOT_EXISTS", notSent},
		{paymux.Pay, 500, "SYSTEM_ERROR", lost}, {paymux.Pay, 500, "BANK_ERROR", lost}, {paymux.Pay, 502, "", lost}, {paymux.Pay, 307, "", lost},
		{paymux.Pay, 400, "PARAM_ERROR", "processing_error"}, {paymux.Pay, 400, "INVALID_REQUEST", "processing_error"},
		{paymux.Pay, 403, "TRADE_ERROR", "generic_decline"}, {paymux.Pay, 403, "RULE_LIMIT", "limit_exceeded"},
		{paymux.Pay, 403, "NOT_ENOUGH", "insufficient_funds"}, {paymux.Pay, 500, "OPENID_MISMATCH", "invalid_account"},
		{paymux.Pay, 403, "A_CODE_OF_TOMORROW", "unknown"}, {paymux.Pay, 500, "A_CODE_OF_TOMORROW", "unknown"},
		{paymux.Pay, 400, "SYSTEM_ERROR", "unknown"},                                     // a code nobody knows with that status
		{paymux.Pay, 404, "RESOURCE_NOT_EXISTS", "unknown"}, {paymux.Pay, 200, "", lost}, // a success that tells nothing
		{paymux.Cancel, 404, "ORDER_NOT_EXIST", "processing_error"}, {paymux.Cancel, 202, "USER_PAYING", "processing_error"},
		{paymux.Cancel, 500, "SYSTEM_ERROR", lost}, {paymux.Cancel, 429, "FREQUENCY_LIMITED", notSent}, {paymux.Cancel, 403, "A_CODE_OF_TOMORROW", "unknown"},
		{paymux.Refunds, 401, "SIGN_ERROR", notSent}, {paymux.Refunds, 429, "FREQUENCY_LIMITED", notSent}, {paymux.Refunds, 404, "MCH_NOT_EXISTS", notSent},
		{paymux.Refunds, 500, "SYSTEM_ERROR", lost}, {paymux.Refunds, 403, "NO_AUTH", "refund_refused"}, {paymux.Refunds, 403, "NOT_ENOUGH", "refund_refused"},
		{paymux.Refunds, 403, "USER_ACCOUNT_ABNORMAL", "refund_refused"}, {paymux.Refunds, 404, "RESOURCE_NOT_EXISTS", "refund_refused"},
		{paymux.Refunds, 400, "INVALID_REQUEST", "refund_refused"}, {paymux.Refunds, 400, "PARAM_ERROR", "refund_refused"},
		{paymux.Refunds, 403, "A_CODE_OF_TOMORROW", "unknown"}, {paymux.Refunds, 200, "", lost},
	} {
		t.Run(fmt.Sprintf("%s_%d_%s", c.kind, c.status, c.code), func(t *testing.T) {
			op, before := payment(""), len(institution.Asked())
			if c.kind != paymux.Pay {
				op = follow(c.kind, op, 1250)
			}
			institution.Script(wechatpayfake.Reply{Status: c.status, Code: c.code, Message: "不行"})
			r, err := ch.Do(t.Context(), op)
			got := string(r.State)
			switch {
			case errors.Is(err, channel.ErrNotSent):
				got = notSent
			case err != nil:
				got = lost
			case r.State == paymux.OpDeclined:
				got = string(r.DeclineCode)
			}
			if got != c.want {
				t.Fatalf("%s (%s %+v), want %s", got, r.State, err, c.want)
			}
			if r.Code != c.code && c.code != "" {
				t.Errorf("code %q, want %q", r.Code, c.code)
			}
			changes, asked := 0, institution.Asked()[before:]
			for _, q := range asked {
				if q.Method == http.MethodPost {
					changes++
				}
			}
			if changes != 1 {
				t.Errorf("%d requests that change something, want one", changes)
			}
			if questions := len(asked) - changes; (questions == 1) != (r.State == paymux.OpDeclined) {
				t.Errorf("%d questions afterwards, state %s", questions, r.State)
			}
		})
	}
}

// A no to something that was done before is not believed: what is there counts.
func TestNoDespiteAnEarlierYes(t *testing.T) {
	t.Parallel()
	institution, config := fake(t, wechatpayfake.Config{})
	ch := open(t, config)
	do := func(what string, op channel.Operation, want paymux.OperationState) channel.Result {
		t.Helper()
		r, err := ch.Do(t.Context(), op)
		if err != nil || r.State != want {
			t.Errorf("%s: %s %v (%s), want %s", what, r.State, err, r.Code, want)
		}
		return r
	}
	op := paid(t, institution, ch)
	if r := do("an order that is paid", op, paymux.OpSucceeded); r.Money != op.Money {
		t.Errorf("states %s", r.Money)
	}
	do("closing an order that is paid", follow(paymux.Cancel, op, 1250), paymux.OpDeclined)

	other := payment("")
	do("an order", other, paymux.OpPending)
	other.Description = "三杯茶"
	if r := do("the number with other contents", other, paymux.OpPending); r.NextAction != nil {
		t.Errorf("asks the payer to %s", r.NextAction.Type)
	}
	do("closing", follow(paymux.Cancel, other, 1250), paymux.OpSucceeded)
	do("closing once more", follow(paymux.Cancel, other, 1250), paymux.OpSucceeded)
	do("an order that is closed", other, paymux.OpCanceled)

	back := follow(paymux.Refunds, op, 100)
	do("a refund", back, paymux.OpPending)
	institution.Script(wechatpayfake.Reply{Status: 400, Code: "INVALID_REQUEST"})
	do("a refund that was made, refused", back, paymux.OpSucceeded)
	institution.Script(wechatpayfake.Reply{Status: 403, Code: "NOT_ENOUGH"}, wechatpayfake.Reply{Status: 500, Code: "SYSTEM_ERROR"})
	if r, err := ch.Do(t.Context(), follow(paymux.Refunds, op, 100)); err == nil || errors.Is(err, channel.ErrNotSent) {
		t.Errorf("a refund refused, and nobody can be asked: %s, %v; want an error", r.State, err)
	}
	if n := institution.Effects(number(back.ID)); n != 1 {
		t.Errorf("refunded %d times", n)
	}
}

// What queries say, and what they do not say.
func TestQueries(t *testing.T) {
	t.Parallel()
	institution, config := fake(t, wechatpayfake.Config{})
	ch := open(t, config)
	op := paid(t, institution, ch)
	ask := func(op channel.Operation) string {
		r, err := ch.Query(t.Context(), op)
		switch {
		case errors.Is(err, channel.ErrAbsent):
			return "absent"
		case err != nil:
			return "error"
		}
		return string(r.State)
	}
	for state, want := range map[string]string{
		"SUCCESS": "succeeded", "REFUND": "succeeded", "NOTPAY": "pending", "USERPAYING": "pending", "ACCEPT": "pending",
		"CLOSED": "canceled", "REVOKED": "canceled", "PAYERROR": "declined", "BEWITCHED": "unknown",
	} {
		institution.Change(number(op.ID), state, 0)
		if got := ask(op); got != want {
			t.Errorf("an order %s is %s, want %s", state, got, want)
		}
	}
	for state, want := range map[string]string{"CLOSED": "succeeded", "NOTPAY": "absent", "SUCCESS": "declined", "BEWITCHED": "unknown"} {
		institution.Change(number(op.ID), state, 0)
		if got := ask(follow(paymux.Cancel, op, 1250)); got != want {
			t.Errorf("closing an order that is %s: %s, want %s", state, got, want)
		}
	}
	institution.Hold()
	back := follow(paymux.Refunds, op, 100)
	if _, err := ch.Do(t.Context(), back); err != nil {
		t.Fatal(err)
	}
	for status, want := range map[string]string{"PROCESSING": "pending", "SUCCESS": "succeeded", "ABNORMAL": "pending", "CLOSED": "declined", "BEWITCHED": "unknown"} {
		institution.Settle(number(back.ID), status)
		if got := ask(back); got != want {
			t.Errorf("a refund %s is %s, want %s", status, got, want)
		}
	}
	for _, reply := range []wechatpayfake.Reply{{Status: 404, Code: "A_CODE_OF_TOMORROW"}, {Status: 404, Code: "RESOURCE_NOT_EXISTS"}, {Status: 400, Code: "ORDER_NOT_EXIST"}, {Status: 429, Code: "FREQUENCY_LIMITED"}, {Status: 500, Code: "SYSTEM_ERROR"}} {
		institution.Script(reply)
		if got := ask(op); got != "error" {
			t.Errorf("%d %s: %s, want an error that says nothing", reply.Status, reply.Code, got)
		}
	}
	if got := ask(payment("")); got != "absent" {
		t.Errorf("an order never placed is %s", got)
	}
	if got := ask(follow(paymux.Refunds, op, 1)); got != "absent" {
		t.Errorf("a refund never made is %s", got)
	}
	institution.Script(wechatpayfake.Reply{Body: strings.ReplaceAll(`{"mchid":"1900000109","out_trade_no":"X","trade_state":"SUCCESS"}`, "X", number(mintOther()))})
	if got := ask(op); got != "error" {
		t.Errorf("an answer about another order is %s", got)
	}
}

func mintOther() paymux.OperationID { return paymux.OperationID(mint.New(paymux.PrefixOperation)) }

func TestRefusesBeforeSending(t *testing.T) {
	t.Parallel()
	institution, config := fake(t, wechatpayfake.Config{})
	ch := open(t, config)
	live, manual, strange := payment(""), payment(""), payment("telepathy")
	live.Livemode, manual.Manual = true, true
	capture := follow(paymux.Capture, live, 1250)
	for name, c := range map[string]struct {
		op channel.Operation
		is error
	}{
		"live payment on a test account": {live, channel.ErrNotSent}, "reservation": {manual, channel.ErrUnsupported},
		"capture": {capture, channel.ErrUnsupported}, "flow nobody knows": {strange, channel.ErrUnsupported},
	} {
		if _, err := ch.Do(t.Context(), c.op); !errors.Is(err, c.is) {
			t.Errorf("%s: %v, want %v", name, err, c.is)
		}
	}
	if n := len(institution.Asked()); n != 0 {
		t.Errorf("%d requests left", n)
	}
}
