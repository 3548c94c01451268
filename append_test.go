package paymux_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/paymux/paymux"
	"pgregory.net/rapid"
)

// text draws strings with everything in them that JSON has to escape.
func text() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringMatching(`[a-zA-Z0-9_:/.-]{0,20}`),
		rapid.SampledFrom([]string{"", "山茶 200 克", `"quoted"`, `back\slash`, "<b>&amp;</b>", "line\nfeed\ttab\x00\x7f", "\u2028\u2029", "bad \xff utf8", "é"}),
		rapid.String(),
	)
}

func moment(t *rapid.T, name string) time.Time {
	if rapid.Bool().Draw(t, name+" zero") {
		return time.Time{}
	}
	return time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(t, name)).UTC()
}

func drawHops(t *rapid.T) []paymux.Hop {
	var hops []paymux.Hop
	for range rapid.IntRange(0, 3).Draw(t, "hops") {
		hops = append(hops, paymux.Hop{
			At: moment(t, "at"), Kind: paymux.HopAPI, Text: text().Draw(t, "text"), Duration: rapid.Int64Range(-1, 1).Draw(t, "duration"),
			Ref: text().Draw(t, "ref"), Data: rapid.MapOf(text(), text()).Draw(t, "data"),
		})
	}
	return hops
}

func drawPayment(t *rapid.T) paymux.Payment {
	p := paymux.Payment{
		ID: paymux.PaymentID(text().Draw(t, "id")), Object: "payment", Livemode: rapid.Bool().Draw(t, "live"),
		Status: rapid.SampledFrom(paymux.PaymentStatuses()).Draw(t, "status"), Amount: rapid.Int64().Draw(t, "amount"), Currency: "CNY",
		AmountCapturable: 1, AmountReceived: 2, AmountRefunded: 3, AmountRefunding: 4, AmountDisputed: 5, CaptureMethod: paymux.CaptureManual,
		MerchantOrderID: text().Draw(t, "order"), Description: text().Draw(t, "description"), ReturnURL: text().Draw(t, "url"),
		Link: paymux.LinkID(text().Draw(t, "link")), Metadata: rapid.MapOf(text(), text()).Draw(t, "metadata"), ExpiresAt: moment(t, "expires"),
		Channel: text().Draw(t, "channel"), Account: text().Draw(t, "account"), ChannelTransactionID: text().Draw(t, "transaction"),
		LatestOperation: paymux.OperationID(text().Draw(t, "operation")), Late: rapid.Bool().Draw(t, "late"),
		CreatedAt: moment(t, "created"), UpdatedAt: moment(t, "updated"), Version: 7, Merchant: "mer_1",
		Client: paymux.Client{IP: "192.0.2.1"}, Hops: drawHops(t),
	}
	if rapid.Bool().Draw(t, "method") {
		p.Method = paymux.Method{Type: paymux.Card, Card: &paymux.CardSummary{Brand: "visa", Last4: "4242", ExpYear: 2040}}
		p.AllowedMethods = paymux.MethodTypes()
		p.Method.Flow, p.Method.PayerID = paymux.FlowInApp, text().Draw(t, "payer")
	}
	if rapid.Bool().Draw(t, "failed") {
		p.LastError = &paymux.Failure{Code: paymux.PaymentDeclined, Message: text().Draw(t, "message")}
	}
	if rapid.Bool().Draw(t, "routed") {
		p.Routing = &paymux.Routing{RuleSet: "default", Version: 3, Rule: text().Draw(t, "rule"), Reason: text().Draw(t, "reason")}
		for range rapid.IntRange(0, 3).Draw(t, "candidates") {
			p.Routing.Candidates = append(p.Routing.Candidates, paymux.Candidate{
				Channel: "a", Account: "b", Dropped: text().Draw(t, "dropped"), Code: text().Draw(t, "code"), Detail: text().Draw(t, "detail"),
				Fallback: rapid.Bool().Draw(t, "fallback"), Place: rapid.IntRange(0, 3).Draw(t, "place"), Health: text().Draw(t, "health"),
				Priority: rapid.Int().Draw(t, "priority"), Share: rapid.Float64().Draw(t, "share"), Success: rapid.Float64Range(-1, 1).Draw(t, "success"),
				Trials: rapid.Float64Range(0, 1e7).Draw(t, "trials"), Cost: rapid.Int64().Draw(t, "cost"), LatencyMS: rapid.Int64().Draw(t, "latency"),
				Score: rapid.Float64Range(-10, 10).Draw(t, "score"),
			})
		}
		r := p.Routing
		r.Kind, r.By, r.Ranker, r.Turn = text().Draw(t, "kind"), text().Draw(t, "by"), text().Draw(t, "ranker"), text().Draw(t, "turn")
		r.BIN, r.Network, r.Object, r.Payer, r.Draw = text().Draw(t, "bin"), text().Draw(t, "network"), text().Draw(t, "object"), text().Draw(t, "payer"), text().Draw(t, "draw")
		r.Card = text().Draw(t, "card type")
		r.Explore, r.Probe = rapid.Float64Range(0, 1).Draw(t, "explore"), rapid.Float64Range(0, 1).Draw(t, "probe")
		r.At = moment(t, "routed at")
		for range rapid.IntRange(0, 2).Draw(t, "failovers") {
			r.Failovers = append(r.Failovers, paymux.Failover{From: "a", To: "b", Why: text().Draw(t, "why"), At: moment(t, "failed over at")})
		}
	}
	p.NextAction = rapid.SampledFrom([]*paymux.NextAction{
		nil,
		{Type: paymux.ActionRedirect, Redirect: &paymux.Redirect{URL: "https://bank.example/?a=1&b=2", Method: "GET"}},
		{Type: paymux.ActionRedirect, Redirect: &paymux.Redirect{URL: "https://bank.example", Method: "POST", FormFields: map[string]string{"b": "2", "a": "1"}}},
		{Type: paymux.ActionDisplayQR, DisplayQR: &paymux.DisplayQR{Brand: paymux.Alipay, Data: "x", ImageURL: "y", ExpiresAt: time.UnixMilli(1).UTC()}},
		{Type: paymux.ActionInvokeSDK, InvokeSDK: &paymux.InvokeSDK{SDK: "wx", Params: map[string]string{"k": "v"}}},
		{Type: paymux.ActionInstructions, Instructions: &paymux.Instructions{Lines: []paymux.Instruction{{Label: "IBAN", Value: "x"}}}},
		{Type: paymux.ActionWait, Wait: &paymux.Wait{PollAfterMS: 500}},
	}).Draw(t, "action")
	return p
}

func TestAppendJSONIsWhatEncodingJSONMakes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := drawPayment(t)
		want, err := json.Marshal(&p)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.AppendJSON(nil); string(got) != string(want) {
			t.Fatalf("\n%s\nwant\n%s", got, want)
		}
		var once, twice paymux.Payment // the first reading mends bad UTF-8, as encoding/json does
		if err := errors.Join(once.ReadKept(p.AppendKept(nil)), twice.ReadKept(once.AppendKept(nil))); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(once, twice, cmpopts.EquateEmpty()); diff != "" || len(once.Hops) != len(p.Hops) || once.Client != p.Client {
			t.Fatalf("read back as another: %s", diff)
		}
		e := paymux.Event{
			ID: "evt_1", Type: paymux.PaymentSucceeded, Timestamp: p.CreatedAt, APIVersion: paymux.APIVersion, Livemode: p.Livemode,
			Data: paymux.EventData{Object: want, Sequence: p.Amount, Previous: p.Metadata},
		}
		if want, err = json.Marshal(&e); err != nil {
			t.Fatal(err)
		}
		if got := e.AppendJSON(nil); string(got) != string(want) {
			t.Fatalf("\n%s\nwant\n%s", got, want)
		}
		hops := append([]paymux.Hop{}, p.Hops...)
		if want, err = json.Marshal(hops); err != nil {
			t.Fatal(err)
		}
		if got := paymux.AppendHops(nil, hops); string(got) != string(want) {
			t.Fatalf("\n%s\nwant\n%s", got, want)
		}
	})
}

func BenchmarkPaymentJSON(b *testing.B) {
	now := time.Now().UTC()
	p := paymux.Payment{
		ID: "pay_01M82HK2EF008009E8GSMTEEJF", Object: "payment", Status: paymux.RequiresAction, Amount: 1250, Currency: "CNY",
		CaptureMethod: paymux.CaptureAutomatic, MerchantOrderID: "A-1001", Method: paymux.Method{Type: paymux.WeChatPay},
		Description: "Two hundred grams of tea", ReturnURL: "https://shop.example/orders/A-1001", ExpiresAt: now, CreatedAt: now, UpdatedAt: now,
		Metadata: map[string]string{"sku": "tea", "basket": "b-1"}, Channel: "sandbox", Account: "wallet", LatestOperation: "op_01M82HK2EF008009E8GSMTEEJF",
		Routing: &paymux.Routing{RuleSet: "default", Version: 1, Rule: "all accounts", Reason: "first of 2", Candidates: []paymux.Candidate{{Channel: "sandbox", Account: "wallet"}}},
		NextAction: &paymux.NextAction{Type: paymux.ActionDisplayQR, DisplayQR: &paymux.DisplayQR{
			Brand: paymux.WeChatPay, Data: "http://127.0.0.1:8080/sandbox/pay/x", ImageURL: "http://127.0.0.1:8080/pay/x/qr.svg", ExpiresAt: now,
		}},
	}
	b.Run("encoding/json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := json.Marshal(&p); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("AppendJSON", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			p.AppendJSON(make([]byte, 0, 1536))
		}
	})
}
