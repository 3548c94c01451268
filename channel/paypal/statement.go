package paypal

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// errIncomplete: PayPal's report lags behind its bookings, by up to three hours.
var errIncomplete = errors.New("PayPal has not yet put all bookings of that day into its report")

// report is one page of PayPal's transaction search.
type report struct {
	Details []struct {
		Info booking `json:"transaction_info"`
	} `json:"transaction_details"`
	Pages     int    `json:"total_pages"`
	Refreshed string `json:"last_refreshed_datetime"`
}

type booking struct {
	ID      string `json:"transaction_id"`
	Event   string `json:"transaction_event_code"`
	Status  string `json:"transaction_status"`
	At      string `json:"transaction_initiation_date"`
	Amount  money  `json:"transaction_amount"`
	Fee     money  `json:"fee_amount"`
	Custom  string `json:"custom_field"`
	Invoice string `json:"invoice_id"`
}

// Statement lists payments received (event codes T00xx) and refunds given (T11xx), whoever
// made them; other movements of the account's balance, such as withdrawals, concern no operation and are left
// out. Of a day that is over it is complete or an error. The app needs PayPal's
// "Transaction Search" permission.
func (a *account) Statement(ctx context.Context, day time.Time) ([]channel.StatementLine, error) {
	from := day.UTC().Truncate(24 * time.Hour)
	until := from.Add(24 * time.Hour)
	bookings, err := a.bookings(ctx, from, until)
	if err != nil {
		return nil, fmt.Errorf("paypal statement of %s: %w", from.Format(time.DateOnly), err)
	}
	var lines []channel.StatementLine
	for _, b := range bookings {
		line, wanted, err := b.line()
		if err != nil {
			return nil, fmt.Errorf("paypal statement of %s: transaction %s: %w", from.Format(time.DateOnly), b.ID, err)
		}
		if wanted && !line.At.Before(from) && line.At.Before(until) {
			lines = append(lines, line)
		}
	}
	slices.SortStableFunc(lines, func(x, y channel.StatementLine) int { return x.At.Compare(y.At) })
	return lines, nil
}

// bookings reads all pages of a span. PayPal answers at most 10,000 transactions; of more, it is asked in halves.
func (a *account) bookings(ctx context.Context, from, until time.Time) ([]booking, error) {
	var all []booking
	for page := 1; ; page++ {
		var r report
		err := a.call(ctx, request{method: http.MethodGet, path: "/v1/reporting/transactions?" + search(from, until, page)}, &r)
		if tooMany(err) && until.Sub(from) > time.Minute {
			return a.halves(ctx, from, until)
		}
		if err != nil {
			return nil, err
		}
		if err := a.covers(&r, until); err != nil {
			return nil, err
		}
		for _, d := range r.Details {
			all = append(all, d.Info)
		}
		if page >= r.Pages {
			return all, nil
		}
	}
}

func (a *account) halves(ctx context.Context, from, until time.Time) ([]booking, error) {
	middle := from.Add(until.Sub(from) / 2).Truncate(time.Second)
	first, err := a.bookings(ctx, from, middle)
	if err != nil {
		return nil, err
	}
	second, err := a.bookings(ctx, middle, until)
	return append(first, second...), err
}

// search: both ends belong to PayPal's span, ours ends before until.
func search(from, until time.Time, page int) string {
	return url.Values{
		"start_date":                     {from.Format(time.RFC3339)},
		"end_date":                       {until.Add(-time.Second).Format(time.RFC3339)},
		"fields":                         {"transaction_info"},
		"balance_affecting_records_only": {"Y"},
		"page_size":                      {"500"},
		"page":                           {strconv.Itoa(page)},
	}.Encode()
}

func tooMany(err error) bool {
	var e *apiError
	return errors.As(err, &e) && (e.name == "RESULTSET_TOO_LARGE" || e.issue == "RESULTSET_TOO_LARGE")
}

// covers reports an error where the span is over and the report does not reach its end. A day
// that is not over is as complete as it can be.
func (a *account) covers(r *report, until time.Time) error {
	if a.now().Before(until) {
		return nil
	}
	refreshed, err := readTime(r.Refreshed)
	if err != nil {
		return err
	}
	if refreshed.Before(until) {
		return errIncomplete
	}
	return nil
}

// line is a booking as a line of the statement. What is pending or denied is not booked.
func (b *booking) line() (line channel.StatementLine, wanted bool, err error) {
	received, refund := strings.HasPrefix(b.Event, "T00"), strings.HasPrefix(b.Event, "T11")
	if !received && !refund || b.Status != "S" && b.Status != "V" {
		return line, false, nil
	}
	amount, ok := b.Amount.signed()
	if !ok || received && amount.Amount < 0 || refund && amount.Amount > 0 { // a payment, or a refund, that we got or gave as a payer
		return line, false, amountError(ok)
	}
	if line.Fee, err = b.fee(amount.Currency); err != nil {
		return line, false, err
	}
	if line.At, err = readTime(b.At); err != nil {
		return line, false, err
	}
	line.ChannelID, line.Money = b.ID, paymux.Money{Amount: max(amount.Amount, -amount.Amount), Currency: amount.Currency}
	line.Kind, line.Operation = b.of(refund)
	return line, true, nil
}

func amountError(readable bool) error {
	if readable {
		return nil
	}
	return errors.New("its amount cannot be read")
}

// fee is what PayPal took: it states a negative amount.
func (b *booking) fee(c paymux.Currency) (int64, error) {
	if b.Fee == (money{}) {
		return 0, nil
	}
	fee, ok := b.Fee.signed()
	if !ok || fee.Currency != c {
		return 0, errors.New("its fee cannot be read")
	}
	return -fee.Amount, nil
}

// of is the operation a booking carries out: see captureNews and refundNews.
func (b *booking) of(refund bool) (paymux.OperationKind, paymux.OperationID) {
	own := paymux.PrefixOperation + b.Invoice
	switch {
	case refund:
		if op, marked := strings.CutPrefix(b.Custom, refundMark); marked && ours(op) {
			return paymux.Refunds, paymux.OperationID(op)
		}
		return paymux.Refunds, ""
	case !ours(b.Custom):
		return paymux.Pay, ""
	case own != b.Custom && ours(own):
		return paymux.Capture, paymux.OperationID(own)
	}
	return paymux.Pay, paymux.OperationID(b.Custom)
}

// signed reads an amount that may be negative.
func (m money) signed() (paymux.Money, bool) {
	value, negative := strings.CutPrefix(m.Value, "-")
	out, ok := money{Currency: m.Currency, Value: value}.read()
	if negative {
		out.Amount = -out.Amount
	}
	return out, ok
}

// readTime reads PayPal's times: RFC 3339, or with a zone without a colon.
func readTime(text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time", text)
}
