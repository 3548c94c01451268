package access_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
)

// What is asked for is widened to whole intervals, and what is left out is the newest time.
func TestStatisticsQuery(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	m := f.gate.merchant.ID
	other := paymux.MerchantID(f.ids.New(paymux.PrefixMerchant))
	at := func(text string) time.Time {
		when, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return when.UTC()
	}
	currency := []paymux.Dimension{paymux.ByCurrency}
	const limit = 5001
	for target, want := range map[string]paymux.StatisticsQuery{
		"/v1/statistics":               {From: at("2026-11-21T06:00:00Z"), To: at("2026-11-22T07:00:00Z"), Every: paymux.EveryHour, Group: currency, Only: paymux.StatisticsKey{Merchant: m}, Limit: limit},
		"/v1/statistics?every=minute":  {From: at("2026-11-22T05:20:00Z"), To: at("2026-11-22T06:21:00Z"), Every: paymux.EveryMinute, Group: currency, Only: paymux.StatisticsKey{Merchant: m}, Limit: limit},
		"/ops/v1/statistics?every=day": {From: at("2026-10-23T00:00:00Z"), To: at("2026-11-23T00:00:00Z"), Every: paymux.EveryDay, Group: currency, Limit: limit},
		"/ops/v1/statistics?from=2026-11-20T10:59:59%2B08:00&to=2026-11-20T03:00:00Z&merchant=" + string(other) + "&mode=live&region=01&channel=c&account=a&method=alipay&currency=EUR": {
			From: at("2026-11-20T02:00:00Z"), To: at("2026-11-20T03:00:00Z"), Every: paymux.EveryHour, Group: currency, Limit: limit,
			Only: paymux.StatisticsKey{Merchant: other, Mode: "live", Region: "1", Channel: "c", Account: "a", Method: paymux.Alipay, Currency: "EUR"},
		},
		"/ops/v1/statistics?group=merchant,mode&group=currency,mode": {
			From: at("2026-11-21T06:00:00Z"), To: at("2026-11-22T07:00:00Z"), Every: paymux.EveryHour, Limit: limit,
			Group: []paymux.Dimension{paymux.ByMerchant, paymux.ByMode, paymux.ByCurrency},
		},
	} {
		if got := f.ask(t, "GET", target, ""); got.status != 200 {
			t.Fatalf("%s: %d %s", target, got.status, got.body)
		}
		if diff := cmp.Diff(want, f.book.statistics); diff != "" {
			t.Errorf("%s asks for something else:\n%s", target, diff)
		}
	}
}

func TestStatisticsRefused(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	for target, param := range map[string]string{
		"/v1/statistics?merchant=" + f.ids.New(paymux.PrefixMerchant): "merchant", // merchants see themselves alone
		"/v1/statistics?group=merchant":                               "group",
		"/v1/statistics?mode=live":                                    "mode",
		"/v1/statistics?every=week":                                   "every",
		"/v1/statistics?group=weather":                                "group",
		"/v1/statistics?currency=XXX":                                 "currency",
		"/v1/statistics?from=yesterday":                               "from",
		"/v1/statistics?from=2026-11-22T07:00:00Z":                    "from",
		"/v1/statistics?every=minute&from=2026-11-01T00:00:00Z":       "every",
		"/v1/statistics?account=very+many":                            "group",
		"/ops/v1/statistics?merchant=mer_1":                           "merchant",
		"/ops/v1/statistics?region=4096":                              "region",
	} {
		got := f.ask(t, "GET", target, "")
		if got.status != 400 || !strings.Contains(got.body, param) {
			t.Errorf("%s: %d %s", target, got.status, got.body)
		}
	}
}

func TestStatisticsShown(t *testing.T) {
	t.Parallel()
	got := newFront(t).ask(t, "GET", "/v1/statistics?every=day&group=channel", "")
	var s paymux.Statistics
	if err := json.Unmarshal([]byte(got.body), &s); err != nil || len(s.Data) != 1 {
		t.Fatalf("%v: %s", err, got.body)
	}
	d := s.Data[0]
	if d.Created != (paymux.Sum{Count: 4, Amount: 400}) || d.SuccessRate == nil || *d.SuccessRate != 6666 || d.Currency != "CNY" {
		t.Errorf("%+v", d)
	}
	if d.AnswerTime.Count != 4 || d.AnswerTime.P50 <= 10 || d.AnswerTime.P99 > 25 || len(d.AnswerTime.Buckets) != paymux.Buckets || len(s.AnswerBounds) != paymux.Buckets-1 {
		t.Errorf("%+v", d.AnswerTime)
	}
}
