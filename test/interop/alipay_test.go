package interop_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/alipay"
	"github.com/paymux/paymux/test/alipayfake"
)

// alipayDesk is an institution, an account there, and everything the account sends.
type alipayDesk struct {
	institution *alipayfake.Institution
	options     map[string]string
	channel     channel.Channel
	now         time.Time
	sent        []map[string]string // the parameters of its calls
}

func newAlipayDesk(t *testing.T, certified bool) *alipayDesk {
	t.Helper()
	d := &alipayDesk{now: time.Now().Truncate(time.Second)}
	clock := func() time.Time { return d.now }
	institution, err := alipayfake.New(alipayfake.Config{Certified: certified, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		d.sent = append(d.sent, alipayParameters(t, r.URL.RawQuery+"&"+string(body)))
		r.Body = io.NopCloser(bytes.NewReader(body))
		institution.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	d.institution, d.options = institution, institution.Options(server.URL)
	keys, err := channel.FixedKeys(alipay.Driver(), d.options)
	if err != nil {
		t.Fatal(err)
	}
	d.channel, err = alipay.Driver().Open(channel.Config{Account: "main", Options: d.options, Keys: keys, Client: server.Client(), Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// library is the configuration of Alipay's library for the same application.
func (d *alipayDesk) library() map[string]string {
	c := map[string]string{"appId": d.options["app_id"], "privateKey": d.options["private_key"], "gateway": d.options["base_url"]}
	if d.options["app_certificate"] == "" {
		c["alipayPublicKey"] = d.options["alipay_public_key"]
		return c
	}
	c["appCertContent"], c["alipayPublicCertContent"] = d.options["app_certificate"], d.options["alipay_certificate"]
	c["alipayRootCertContent"] = d.options["alipay_root_certificate"]
	return c
}

func alipayParameters(t *testing.T, form string) map[string]string {
	t.Helper()
	values, err := url.ParseQuery(form)
	if err != nil {
		t.Fatal(err)
	}
	p := map[string]string{}
	for name := range values {
		p[name] = values.Get(name)
	}
	return p
}

var hostile = []string{
	"tea", "两杯茶", "a&b=c+d%20e/f?g#h", `"quoted" \and\ 'back'`, "🍵 emoji 👩‍👩‍👧", "line\nbreak\ttab", "<script>&amp;</script>", "100% + 5 = 105",
	"%e8%8c%b6", " spaces  around ", "a\x00b\x7fc", "é ü ß", strings.Repeat("很长", 200), "𠮷野家", "alipay_trade_query_response\":{", "\u2028\u2029",
}

var mintAlipay = paymux.NewIDs([]byte("sixteen bytes or more"), 1, time.Now)

func alipayOperation(kind paymux.OperationKind, flow paymux.MethodFlow, text string, now time.Time) channel.Operation {
	return channel.Operation{
		ID: paymux.OperationID(mintAlipay.New(paymux.PrefixOperation)), Kind: kind, PayID: paymux.OperationID(mintAlipay.New(paymux.PrefixOperation)),
		Money: paymux.Money{Amount: 1250, Currency: "CNY"}, Method: paymux.Method{Type: paymux.Alipay, Flow: flow, PayerID: `open+id/=&"%5C\`},
		Description: text, Reason: text, ReturnURL: "https://shop.example/back?a=b&c=%20+d#" + url.QueryEscape(text),
		CallbackURL: "https://pay.example/callbacks/alipay/main?x=1&y=2", PageURL: "https://pay.example/pay/pay_1", ExpiresAt: now.Add(time.Hour), SentAt: now,
	}
}

// everyRequest is what the account signs for an operation of every kind: what it sends, and what it gives the payer.
func (d *alipayDesk) everyRequest(t *testing.T) (all []map[string]string) {
	t.Helper()
	for _, text := range hostile {
		for _, flow := range []paymux.MethodFlow{paymux.FlowWeb, paymux.FlowMobileWeb, paymux.FlowApp} {
			r, err := d.channel.Do(t.Context(), alipayOperation(paymux.Pay, flow, text, d.now))
			if err != nil {
				t.Fatal(err)
			}
			given := ""
			if next := r.NextAction; next.Redirect != nil {
				_, given, _ = strings.Cut(next.Redirect.URL, "?")
			} else {
				given = next.InvokeSDK.Params["orderStr"]
			}
			all = append(all, alipayParameters(t, given))
		}
		// What they are answered does not matter here: they were signed and sent.
		d.channel.Do(t.Context(), alipayOperation(paymux.Pay, paymux.FlowInApp, text, d.now))
		d.channel.Do(t.Context(), alipayOperation(paymux.Pay, paymux.FlowQR, text, d.now))
		d.channel.Do(t.Context(), alipayOperation(paymux.Refunds, "", text, d.now))
	}
	d.channel.Do(t.Context(), alipayOperation(paymux.Cancel, "", "", d.now))
	d.channel.Query(t.Context(), alipayOperation(paymux.Pay, "", "", d.now))
	d.channel.Query(t.Context(), alipayOperation(paymux.Refunds, "", "", d.now))
	d.channel.Statement(t.Context(), d.now.Add(-48*time.Hour))
	return append(all, d.sent...)
}

// For equal keys, time and content, Alipay's own library signs the same, byte for byte, and computes the same serial numbers.
func TestAlipaysLibrarySignsTheSame(t *testing.T) {
	t.Parallel()
	needModules(t, "alipay-sdk")
	for name, certified := range map[string]bool{"public key": false, "certificates": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newAlipayDesk(t, certified)
			type request struct {
				Method  string            `json:"method"`
				Params  map[string]string `json:"params"`
				Content string            `json:"content"`
			}
			var ours []map[string]string
			var requests []request
			for _, p := range d.everyRequest(t) {
				if p["method"] == "" {
					continue // a bill that was fetched
				}
				rest := maps.Clone(p)
				for _, name := range []string{"method", "biz_content", "sign", "app_id", "app_cert_sn", "alipay_root_cert_sn"} {
					delete(rest, name) // these are the library's own to say
				}
				ours, requests = append(ours, p), append(requests, request{p["method"], rest, p["biz_content"]})
			}
			if len(requests) < 6*len(hostile)+4 {
				t.Fatalf("only %d requests", len(requests))
			}
			var theirs struct {
				Serials map[string]string
				Signed  []string
			}
			out := run(t, "alipay.mjs", map[string]any{"do": "sign", "config": d.library(), "requests": requests})
			if err := json.Unmarshal(out, &theirs); err != nil || len(theirs.Signed) != len(ours) {
				t.Fatalf("%v: %s", err, out)
			}
			for i, p := range ours {
				if diff := cmp.Diff(alipayParameters(t, theirs.Signed[i]), p); diff != "" {
					t.Errorf("%s: theirs and ours differ:\n%s", p["method"], diff)
				}
			}
			if certified && (ours[0]["app_cert_sn"] != theirs.Serials["appCertSn"] || ours[0]["alipay_root_cert_sn"] != theirs.Serials["alipayRootCertSn"] || len(ours[0]["app_cert_sn"]) != 32) {
				t.Errorf("serial numbers are %q and %q, theirs %v", ours[0]["app_cert_sn"], ours[0]["alipay_root_cert_sn"], theirs.Serials)
			}
		})
	}
}

// The library and the channel judge notifications alike, honest ones and forged ones.
func TestAlipaysLibraryJudgesNotificationsAlike(t *testing.T) {
	t.Parallel()
	needModules(t, "alipay-sdk")
	d := newAlipayDesk(t, true)
	op := alipayOperation(paymux.Pay, paymux.FlowWeb, "tea", d.now)
	r, err := d.channel.Do(t.Context(), op)
	if err != nil {
		t.Fatal(err)
	}
	number, err := d.institution.Come(r.NextAction)
	if err != nil {
		t.Fatal(err)
	}
	told := d.institution.Notification(number, d.now)
	var forms []string
	var honest []bool
	for _, text := range hostile {
		told["subject"], told["body"] = text, text
		good := string(d.institution.Sign(told))
		forms, honest = append(forms, good), append(honest, true)
		for _, forged := range []string{
			strings.Replace(good, "12.50", "12.51", 1), good + "&more=1", strings.Replace(good, "WAIT_BUYER_PAY", "TRADE_SUCCESS", 1),
			strings.Replace(good, "sign=", "sign=AAAA", 1), strings.Replace(good, "subject=", "subjects=", 1), strings.Replace(good, "sign_type=RSA2", "sign_type=RSA", 1),
		} {
			forms, honest = append(forms, forged), append(honest, false)
		}
	}
	var theirs []struct{ V2, V1 any }
	out := run(t, "alipay.mjs", map[string]any{"do": "judge", "config": d.library(), "forms": forms})
	if err := json.Unmarshal(out, &theirs); err != nil || len(theirs) != len(forms) {
		t.Fatalf("%v: %s", err, out)
	}
	for i, form := range forms {
		_, err := d.channel.Callback(t.Context(), channel.CallbackRequest{
			Method: http.MethodPost, Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, Body: []byte(form),
		})
		if (err == nil) != honest[i] || theirs[i].V2 != honest[i] {
			t.Errorf("honest %t, the library says %v, we say %v: %.200s", honest[i], theirs[i].V2, err, form)
		}
		// The older way of judging decodes values once more, so it is at odds with honest ones that have a %.
		if v1 := theirs[i].V1; v1 != honest[i] && !strings.Contains(form, "%25") {
			t.Errorf("honest %t, the library's older way says %v: %.200s", honest[i], v1, form)
		}
	}
}

// The library lives through a payment at the gateway that the channel is tested with, and believes its answers; so the
// gateway is as strict as the library is right, and signs as Alipay does.
func TestAlipaysLibraryPaysAtTheSimulator(t *testing.T) {
	t.Parallel()
	needModules(t, "alipay-sdk")
	for name, certified := range map[string]bool{"public key": false, "certificates": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newAlipayDesk(t, certified)
			server := httptest.NewServer(payersDoor(d))
			t.Cleanup(server.Close)
			out := run(t, "alipay.mjs", map[string]any{"do": "drive", "config": d.library(), "base": server.URL, "order": "ORDER_1"})
			var got map[string]any
			if err := json.Unmarshal(out, &got); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			page, _ := got["page"].(string)
			delete(got, "page")
			if number, err := d.institution.Come(&paymux.NextAction{Redirect: &paymux.Redirect{URL: page}}); err != nil || number != "ORDER_1P" {
				t.Errorf("the library's page %q leads to %q, %v", page, number, err)
			}
			for name, want := range map[string]map[string]any{
				"absent":    {"code": "40004", "subCode": "ACQ.TRADE_NOT_EXIST"},
				"precreate": {"code": "10000", "outTradeNo": "ORDER_1"},
				"waiting":   {"code": "40004", "subCode": "ACQ.TRADE_NOT_EXIST"},
				"paid":      {"code": "10000", "tradeStatus": "TRADE_SUCCESS", "totalAmount": "12.50"},
				"close":     {"code": "40004", "subCode": "ACQ.REASON_TRADE_STATUS_INVALID"},
				"refund":    {"code": "10000", "fundChange": "Y", "refundFee": "4.00"},
				"again":     {"code": "10000", "fundChange": "N", "refundFee": "4.00"},
				"refunded":  {"code": "10000", "refundStatus": "REFUND_SUCCESS", "refundAmount": "4.00"},
				"other":     {"code": "10000", "refundStatus": nil},
				"told":      {"believed": true, "forged": false},
			} {
				answer, _ := got[name].(map[string]any)
				for field, value := range want {
					if answer[field] != value {
						t.Errorf("%s: %s is %v, want %v (%v)", name, field, answer[field], value, got[name])
					}
				}
			}
			if got["lie"] != "refused" {
				t.Errorf("an answer that was tampered with is %v", got["lie"])
			}
		})
	}
}

// payersDoor lets a script play the payer, hear notifications, and be lied to.
func payersDoor(d *alipayDesk) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /payer", func(w http.ResponseWriter, r *http.Request) {
		number, err := d.institution.Come(&paymux.NextAction{DisplayQR: &paymux.DisplayQR{Data: r.URL.Query().Get("code")}})
		if err == nil {
			err = d.institution.Pay(number)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusConflict)
		}
	})
	mux.HandleFunc("GET /told", func(w http.ResponseWriter, r *http.Request) {
		w.Write(d.institution.Sign(d.institution.Notification(r.URL.Query().Get("order"), d.now)))
	})
	mux.HandleFunc("POST /liar", func(w http.ResponseWriter, r *http.Request) {
		r.URL.Path = "/gateway.do"
		honest := httptest.NewRecorder()
		d.institution.ServeHTTP(honest, r)
		io.WriteString(w, strings.Replace(honest.Body.String(), "12.50", "99.50", 1))
	})
	return mux
}
