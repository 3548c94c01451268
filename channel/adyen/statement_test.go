package adyen_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

const columns = "Company Account,Merchant Account,Psp Reference,Merchant Reference,Booking Date,TimeZone,Main Currency,Main Amount,Record Type,Modification Merchant Reference\n"

// reporting is an account whose reports are these files, by date; it answers what was asked for, too.
func reporting(t testing.TB, zone string, files map[string]string) channel.Channel {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		date := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/"+merchant+"/payments_accounting_report_"), ".csv")
		text, ok := files[date]
		switch {
		case user != "report@Company.Test" || password != "secret":
			w.WriteHeader(http.StatusUnauthorized)
		case !ok:
			http.NotFound(w, r)
		default:
			fmt.Fprint(w, text)
		}
	}))
	t.Cleanup(server.Close)
	_, config := fake(t)
	config.Options["reports_url"], config.Options["report_password"] = server.URL, "secret"
	config.Options["report_time_zone"] = zone
	return open(t, config)
}

var aDay = time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC)

func line(psp, reference, at, zone, currency, sum, kind, changed string) string {
	return strings.Join([]string{"TestCompany", merchant, psp, reference, at, zone, currency, sum, kind, changed}, ",") + "\n"
}

func TestStatement(t *testing.T) {
	t.Parallel()
	// A day of UTC is in two reports of an account whose days begin an hour earlier.
	ch := reporting(t, "Europe/Amsterdam", map[string]string{
		"2026_03_03": "\xef\xbb\xbf" + columns +
			line("PSP1", "op_1-pay", "2026-03-03 00:59:59", "CET", "EUR", "1.00", "SentForSettle", "") + // still the 2nd in UTC
			line("PSP2", "op_2-pay", "2026-03-03 01:00:00", "CET", "EUR", "12.50", "Received", "") +
			line("PSP2", "op_2-pay", "2026-03-03 01:00:00", "CET", "EUR", "12.50", "Authorised", "") +
			line("PSP2", "op_2-pay", "2026-03-03 01:00:00", "CET", "EUR", "12.50", "SentForSettle", "<auto>") +
			line("PSP3", "op_3-page-manual", "2026-03-03 02:00:00", "CET", "JPY", "1250", "SentForSettle", "op_4-capture") +
			line("PSP3", "op_3-page-manual", "2026-03-03 02:00:00", "CET", "JPY", "1.00", "SentForSettle", "") +
			line("PSP2", "op_2-pay", "2026-03-03 03:00:00", "CET", "EUR", "-2.5", "SentForRefund", "op_5-refund") +
			line("PSP6", "order-1001", "2026-03-03 04:00:00", "CET", "ISK", "12.00", "SentForSettle", "") +
			line("PSP2", "op_2-pay", "2026-03-03 05:00:00", "CET", "EUR", "12.50", "Settled", "") +
			strings.Replace(line("PSP7", "op_7-pay", "2026-03-03 06:00:00", "CET", "EUR", "1", "SentForSettle", ""), merchant, "Another", 1),
		"2026_03_04": columns +
			line("PSP8", "op_8-pay", "2026-03-04 00:59:59", "CET", "KWD", "0.125", "SentForSettle", "") +
			line("PSP9", "op_9-pay", "2026-03-04 01:00:00", "CET", "EUR", "1.00", "SentForSettle", ""),
	})
	got, err := ch.Statement(t.Context(), aDay.Add(15*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	at := func(hour, minute, second int) time.Time {
		return aDay.Add(time.Duration(hour*3600+minute*60+second) * time.Second)
	}
	want := []channel.StatementLine{
		{Operation: "op_2", ChannelID: "PSP2", Kind: paymux.Pay, Money: paymux.Money{Amount: 1250, Currency: "EUR"}, At: at(0, 0, 0)},
		{Operation: "op_4", ChannelID: "PSP3", Kind: paymux.Capture, Money: paymux.Money{Amount: 1250, Currency: "JPY"}, At: at(1, 0, 0)},
		{ChannelID: "PSP3", Kind: paymux.Capture, Money: paymux.Money{Amount: 1, Currency: "JPY"}, At: at(1, 0, 0)},
		{Operation: "op_5", ChannelID: "PSP2", Kind: paymux.Refunds, Money: paymux.Money{Amount: 250, Currency: "EUR"}, At: at(2, 0, 0)},
		{ChannelID: "PSP6", Kind: paymux.Pay, Money: paymux.Money{Amount: 12, Currency: "ISK"}, At: at(3, 0, 0)},
		{Operation: "op_8", ChannelID: "PSP8", Kind: paymux.Pay, Money: paymux.Money{Amount: 125, Currency: "KWD"}, At: at(23, 59, 59)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A statement with a hole would pass for the whole: whatever is missing or cannot be read is an error.
func TestStatementsThatAreNone(t *testing.T) {
	t.Parallel()
	good := line("PSP1", "op_1-pay", "2026-03-03 12:00:00", "UTC", "EUR", "1.00", "SentForSettle", "")
	for name, c := range map[string]struct{ zone, text string }{
		"no such report":     {"UTC", "none"},
		"the second missing": {"Asia/Tokyo", columns},
		"empty":              {"UTC", ""},
		"no CSV":             {"UTC", columns + "\"" + good},
		"a column missing":   {"UTC", strings.Replace(columns, "Record Type", "Kind", 1) + good},
		"a web page":         {"UTC", "<html>log in</html>"},
		"amount":             {"UTC", columns + strings.Replace(good, "1.00", "1.001", 1)},
		"no amount":          {"UTC", columns + strings.Replace(good, "1.00", "", 1)},
		"amount in words":    {"UTC", columns + strings.Replace(good, "1.00", "one", 1)},
		"two signs":          {"UTC", columns + strings.Replace(good, "1.00", "--1.00", 1)},
		"amount beyond":      {"UTC", columns + strings.Replace(good, "1.00", "99999999999999999999", 1)},
		"currency":           {"UTC", columns + strings.Replace(good, "EUR", "EURO", 1)},
		"time":               {"UTC", columns + strings.Replace(good, "2026-03-03 12", "yesterday 12", 1)},
		"another time zone":  {"UTC", columns + strings.Replace(good, "UTC", "CET", 1)},
		"a line cut short":   {"UTC", columns + "TestCompany," + merchant + ",PSP1,op_1-pay,2026-03-03 12:00:00,UTC,EUR,,SentForSettle"},
	} {
		files := map[string]string{"2026_03_03": c.text}
		if c.text == "none" {
			files = nil
		}
		if lines, err := reporting(t, c.zone, files).Statement(t.Context(), aDay); err == nil {
			t.Errorf("%s: %+v", name, lines)
		}
	}
	if lines, err := reporting(t, "UTC", map[string]string{"2026_03_03": columns + good}).Statement(t.Context(), aDay); err != nil || len(lines) != 1 {
		t.Errorf("the good one: %+v, %v", lines, err)
	}
}

func TestStatementWithoutAReportUser(t *testing.T) {
	t.Parallel()
	_, config := fake(t)
	delete(config.Options, "report_user")
	delete(config.Options, "report_password")
	if _, err := open(t, config).Statement(t.Context(), aDay); !errors.Is(err, channel.ErrUnsupported) {
		t.Errorf("%v, want ErrUnsupported", err)
	}
}

func FuzzStatement(f *testing.F) {
	files := map[string]string{}
	ch := reporting(f, "UTC", files)
	f.Add(columns + line("PSP1", "op_1-pay", "2026-03-03 12:00:00", "UTC", "EUR", "1.00", "SentForSettle", ""))
	f.Add(columns + line("PSP1", "op_1-page-manual", "2026-03-03 12:00:00", "", "ISK", "-1.00", "SentForRefund", "op_2-refund"))
	f.Add("\xef\xbb\xbf" + columns + `"`)
	f.Fuzz(func(t *testing.T, text string) {
		files["2026_03_03"] = text
		lines, err := ch.Statement(t.Context(), aDay)
		if err != nil && lines != nil {
			t.Errorf("lines beside the error %v", err)
		}
		for _, l := range lines {
			if l.Money.Amount < 0 || !l.Money.Currency.Valid() || l.At.Before(aDay) || l.Kind == "" {
				t.Errorf("%+v from %q", l, text)
			}
		}
	})
}
