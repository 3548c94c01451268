package channelrpc_test

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel/channelrpc"
	"github.com/paymux/paymux/internal/wiretest"
)

// some is a value some of whose fields, at any depth, are zero.
func some[T any](seed uint64) T {
	var v T
	wiretest.Fill(&v, seed)
	thin(rand.New(rand.NewPCG(seed, 2)), reflect.ValueOf(&v).Elem())
	return v
}

func thin(r *rand.Rand, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			thin(r, v.Elem())
		}
	case reflect.Struct:
		if _, ok := v.Interface().(time.Time); ok {
			return
		}
		for i := range v.NumField() {
			if thin(r, v.Field(i)); r.IntN(2) == 0 {
				v.Field(i).SetZero()
			}
		}
	}
}

type handwritten interface {
	AppendJSON(b []byte) ([]byte, error)
}

// alike reports how a value's own JSON differs from encoding/json's.
func alike(t *rapid.T, v handwritten) []byte {
	want, wantErr := json.Marshal(v)
	got, err := v.AppendJSON([]byte("before"))
	if (err == nil) != (wantErr == nil) || err == nil && string(got) != "before"+string(want) {
		t.Fatalf("by hand   %s, %v\nby package %s, %v", got, err, want, wantErr)
	}
	return want
}

func TestHandWrittenIsWhatThePackageWrites(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		do, query, result := some[channelrpc.DoRequest](seed), some[channelrpc.QueryRequest](seed+1), some[channelrpc.Result](seed+2)
		asked := alike(t, do)
		alike(t, query)
		answered := alike(t, result)
		var back channelrpc.DoRequest
		var backResult channelrpc.Result
		var plain channelrpc.DoRequest
		var plainResult channelrpc.Result
		for _, err := range []error{back.ReadJSON(asked), backResult.ReadJSON(answered), json.Unmarshal(asked, &plain), json.Unmarshal(answered, &plainResult)} {
			if err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(plain, back) + cmp.Diff(plainResult, backResult); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestEveryCharacterIsEscapedAsThePackageDoes(t *testing.T) {
	t.Parallel()
	texts := []string{"\xff", "a\xe5\xb1", "\u2027\u2028\u2029\u202a", "\U0001f600", "\ufffd"}
	for c := range 256 {
		texts = append(texts, "a"+string(rune(c))+"b", string([]byte{byte(c)}))
	}
	for _, text := range texts {
		w := channelrpc.Result{State: paymux.OpDeclined, Code: text}
		want, err := json.Marshal(w)
		got, gotErr := w.AppendJSON(nil)
		if err != nil || gotErr != nil || string(got) != string(want) {
			t.Errorf("%q is %s and not %s; %v, %v", text, got, want, err, gotErr)
		}
		var back, plain channelrpc.Result
		if err := errors.Join(back.ReadJSON(got), json.Unmarshal(want, &plain)); err != nil || back.Code != plain.Code {
			t.Errorf("%q comes back as %q and not %q, %v", text, back.Code, plain.Code, err)
		}
	}
}

// A moment that has no JSON is an error, as it is with encoding/json, and not half a request.
func TestATimeWithoutJSONIsRefused(t *testing.T) {
	t.Parallel()
	q := channelrpc.DoRequest{Operation: channelrpc.Operation{ID: "op_1", ExpiresAt: time.Date(12345, 1, 1, 0, 0, 0, 0, time.UTC)}}
	if b, err := q.AppendJSON(nil); err == nil || len(b) > 0 {
		t.Errorf("%s, %v", b, err)
	}
	qr := &paymux.NextAction{Type: paymux.ActionDisplayQR, DisplayQR: &paymux.DisplayQR{ExpiresAt: q.Operation.ExpiresAt}}
	if b, err := (channelrpc.Result{NextAction: qr}).AppendJSON(nil); err == nil || len(b) > 0 {
		t.Errorf("%s, %v", b, err)
	}
}

func ordinary() (channelrpc.DoRequest, channelrpc.Result) {
	at := time.Date(2026, 11, 22, 6, 20, 31, 123456000, time.UTC)
	q := channelrpc.DoRequest{Operation: channelrpc.Operation{
		ID: "op_01JDQ7G6S8T5V3W2X1Y0Z9A8B7", Kind: paymux.Pay, Amount: 1250, Currency: "CNY", Payment: "pay_01JDQ7G6S8T5V3W2X1Y0Z9A8B7",
		Method: &paymux.Method{Type: paymux.WeChatPay, Flow: paymux.FlowQR}, MerchantOrderID: "A-1000001", Description: "两杯茶",
		ReturnURL: "https://shop.example/thanks?a=1&b=2", CallbackURL: "https://pay.example/callbacks/bank/main", ExpiresAt: at,
		Client: &paymux.Client{IP: "203.0.113.9", Country: "DE"}, SentAt: at,
	}}
	return q, channelrpc.Result{
		State: paymux.OpPending, Amount: 1250, Currency: "CNY", ChannelID: "t1",
		NextAction: &paymux.NextAction{Type: paymux.ActionDisplayQR, DisplayQR: &paymux.DisplayQR{Brand: paymux.WeChatPay, Data: "weixin://pay?a=1&b=2", ExpiresAt: at}},
	}
}

// Ordinary messages are read by hand: otherwise all of it would be for nothing.
func TestOrdinaryMessagesAreReadByHand(t *testing.T) {
	t.Parallel()
	q, w := ordinary()
	asked, _ := q.AppendJSON(nil)
	answered, _ := w.AppendJSON(nil)
	if got, ok := channelrpc.QuickRequest(asked); !ok || !cmp.Equal(got, q.Operation) {
		t.Errorf("%s: %t, %s", asked, ok, cmp.Diff(q.Operation, got))
	}
	if got, ok := channelrpc.QuickResult(answered); !ok || !cmp.Equal(got, w) {
		t.Errorf("%s: %t, %s", answered, ok, cmp.Diff(w, got))
	}
}

// Other languages write members in another order, blanks between them, and members of later contracts.
func TestMessagesOfAnotherFormAreReadAsWell(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		` { "state" : "pending" , "amount" : 1250 } `, `{"amount":1250,"state":"pending"}`, `{"state":"pending","amount":1250,"later":{"a":[1]}}`,
		`{"state":"pending","amount":1250,"code":null}`, `{"State":"pending","amount":1250}`, `{"state":"\u0070ending","amount":1250}`,
	} {
		var w channelrpc.Result
		if err := w.ReadJSON([]byte(text)); err != nil || w.State != paymux.OpPending || w.Amount != 1250 {
			t.Errorf("%s: %+v, %v", text, w, err)
		}
	}
	for _, text := range []string{"", "{", `{"state":"pending"`, `{"state":"pending"}}`, `{"state":5}`, `{"amount":01}`, `{"amount":1.5}`, `{"retryable":truer}`} {
		var w channelrpc.Result
		if err := w.ReadJSON([]byte(text)); err == nil {
			t.Errorf("%s is read: %+v", text, w)
		}
	}
}

// FuzzReadByHand holds reading by hand to encoding/json: what it understands means the same.
func FuzzReadByHand(f *testing.F) {
	q, w := ordinary()
	for _, v := range []handwritten{q, w, channelrpc.Result{}, channelrpc.DoRequest{}, some[channelrpc.DoRequest](1), some[channelrpc.Result](2), some[channelrpc.Result](5)} {
		b, err := v.AppendJSON(nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	for _, text := range []string{`{"state":"a\"b","amount":-0}`, `{"amount":999999999999999999999}`, `{"state":"\ud800"}`, "{\"state\":\"\xff\"}", `{"card":{"exp_month":3}}`, `{"state":"a","state":"b"}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, ok := channelrpc.QuickResult(b); ok {
			var want channelrpc.Result
			if err := json.Unmarshal(b, &want); err != nil || !cmp.Equal(want, got) {
				t.Errorf("%q is read by hand as %s, %v", b, cmp.Diff(want, got), err)
			}
		}
		if got, ok := channelrpc.QuickRequest(b); ok {
			var want channelrpc.DoRequest
			if err := json.Unmarshal(b, &want); err != nil || !cmp.Equal(want.Operation, got) {
				t.Errorf("%q is read by hand as %s, %v", b, cmp.Diff(want.Operation, got), err)
			}
		}
	})
}

func BenchmarkRequestAndResult(b *testing.B) {
	q, w := ordinary()
	b.ReportAllocs()
	for b.Loop() {
		asked, _ := q.AppendJSON(make([]byte, 0, 1024))
		answered, _ := w.AppendJSON(make([]byte, 0, 1024))
		var gotQ channelrpc.DoRequest
		var gotW channelrpc.Result
		if gotQ.ReadJSON(asked) != nil || gotW.ReadJSON(answered) != nil {
			b.Fatal("not read")
		}
	}
}

func BenchmarkRequestAndResultByPackage(b *testing.B) {
	q, w := ordinary()
	b.ReportAllocs()
	for b.Loop() {
		asked, _ := json.Marshal(q)
		answered, _ := json.Marshal(w)
		var gotQ channelrpc.DoRequest
		var gotW channelrpc.Result
		if json.Unmarshal(asked, &gotQ) != nil || json.Unmarshal(answered, &gotW) != nil {
			b.Fatal("not read")
		}
	}
}
