package alipay_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/test/alipayfake"
)

// A day in UTC is cut out of two of Beijing's, in the order of time.
func TestADayInUTC(t *testing.T) {
	t.Parallel()
	k := newCounter(t, alipayfake.Config{}) // at 15:59:30 in UTC: half a minute before Beijing's midnight
	day := k.now()
	pay := func() channel.Operation {
		op := k.payment(paymux.FlowWeb)
		if err := k.institution.Pay(k.come(t, k.do(t, op, paymux.OpPending).NextAction)); err != nil {
			t.Fatal(err)
		}
		return op
	}
	first := pay()
	k.forward(time.Minute)
	second := pay()
	k.forward(time.Second)
	refund := k.after(paymux.Refunds, first)
	refund.Money.Amount = 500
	k.do(t, refund, paymux.OpSucceeded)
	k.forward(8 * time.Hour)
	next := pay()

	want := []channel.StatementLine{
		{Operation: first.ID, Kind: paymux.Pay, Money: first.Money, Fee: 7},
		{Operation: second.ID, Kind: paymux.Pay, Money: second.Money, Fee: 7},
		{Operation: refund.ID, Kind: paymux.Refunds, Money: refund.Money, Fee: -3},
	}
	statement(t, k, day, want)
	statement(t, k, day.Add(9*time.Hour), []channel.StatementLine{{Operation: next.ID, Kind: paymux.Pay, Money: next.Money, Fee: 7}})
	statement(t, k, day.Add(-24*time.Hour), nil)
}

func statement(t *testing.T, k *counter, day time.Time, want []channel.StatementLine) {
	t.Helper()
	lines, err := k.channel.Statement(t.Context(), day)
	if err != nil || len(lines) != len(want) {
		t.Fatalf("%s: %+v, %v; want %d lines", day.Format(time.DateOnly), lines, err, len(want))
	}
	for i, l := range lines {
		if l.ChannelID == "" || l.At.IsZero() {
			t.Errorf("a line is %+v", l)
		}
		l.ChannelID, l.At = "", time.Time{}
		if l != want[i] {
			t.Errorf("line %d is %+v, want %+v", i, l, want[i])
		}
	}
}

// Half a day is no statement: a bill that is missing, or cannot be had, is an error.
func TestAMissingBillIsAnError(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"not there":     `{"code":"40004","msg":"no","sub_code":"isp.bill_not_exist"}`,
		"no address":    `{"code":"10000","msg":"Success"}`,
		"no URL":        `{"code":"10000","msg":"Success","bill_download_url":"nowhere"}`,
		"nobody there":  `{"code":"10000","msg":"Success","bill_download_url":"http://127.0.0.1:1/bill"}`,
		"not permitted": `{"code":"40006","msg":"no"}`,
	} {
		ch, _ := answering(t, 200, truly(content))
		if lines, err := ch.Statement(t.Context(), time.Now().Add(-72*time.Hour)); err == nil {
			t.Errorf("%s: %+v", name, lines)
		}
	}
}

type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A bill is not signed, so it never comes without TLS where the gateway has it.
func TestABillComesByTLS(t *testing.T) {
	t.Parallel()
	var asked []string
	line := tripper(func(r *http.Request) (*http.Response, error) {
		asked = append(asked, r.Method+" "+r.URL.Scheme+"://"+r.URL.Host)
		text := truly(`{"code":"10000","msg":"Success","bill_download_url":"http:\/\/bills.example\/b"}`)(r.URL.Query().Get("method"))
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(text)), Request: r}, nil
	})
	ch := open(t, channel.Config{Client: &http.Client{Transport: line}, Options: map[string]string{
		"app_id": "2021000000000001", "private_key": private(pair().app), "alipay_public_key": public(pair().alipay), "base_url": "https://gateway.example/gateway.do",
	}})
	if _, err := ch.Statement(t.Context(), time.Now().Add(-72*time.Hour)); err == nil {
		t.Error("a bill that is no archive is read")
	}
	if want := "POST https://gateway.example, GET https://bills.example"; strings.Join(asked, ", ") != want {
		t.Errorf("asked %q, want %q", asked, want)
	}
}
