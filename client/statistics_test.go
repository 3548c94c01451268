package client_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
)

// What is read can be added and summarized as what was sent.
func TestStatistics(t *testing.T) {
	t.Parallel()
	from := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	var row paymux.StatisticsRow
	row.At, row.Channel, row.Currency = from, "sandbox", "CNY"
	row.Created, row.Succeeded, row.Answers[2], row.Successes[5] = paymux.Sum{Count: 3, Amount: 300}, paymux.Sum{Count: 2, Amount: 200}, 3, 2
	answer := paymux.StatisticsAnswer{AsOf: from.Add(time.Hour), Rows: []paymux.StatisticsRow{row}}
	want := answer.Show(paymux.StatisticsQuery{From: from, To: from.Add(time.Hour), Every: paymux.EveryHour, Group: []paymux.Dimension{paymux.ByChannel}})
	asked := map[string]url.Values{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked[r.URL.Path] = r.URL.Query()
		json.NewEncoder(w).Encode(want)
	}))
	defer server.Close()
	config := client.Config{BaseURL: server.URL, Key: "sk_test_1"}
	merchant, err := client.New(config)
	if err != nil {
		t.Fatal(err)
	}
	operator, err := client.NewOperator(config)
	if err != nil {
		t.Fatal(err)
	}
	got, err := merchant.Statistics(t.Context(), client.StatisticsQuery{})
	if diff := cmp.Diff(&want, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	_, err = operator.Statistics(t.Context(), client.StatisticsQuery{
		From: from, To: from.Add(time.Hour), Every: paymux.EveryMinute, Group: []paymux.Dimension{paymux.ByChannel, paymux.ByMethod},
		Only: paymux.StatisticsKey{Merchant: "mer_1", Mode: "live", Currency: "EUR"},
	})
	if err != nil {
		t.Fatal(err)
	}
	wantAsked := map[string]url.Values{"/v1/statistics": {}, "/ops/v1/statistics": {
		"from": {"2026-11-22T00:00:00Z"}, "to": {"2026-11-22T01:00:00Z"}, "every": {"minute"}, "group": {"channel,method"},
		"merchant": {"mer_1"}, "mode": {"live"}, "currency": {"EUR"},
	}}
	if diff := cmp.Diff(wantAsked, asked); diff != "" {
		t.Error(diff)
	}
}
