package alipay

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/paymux/paymux/channel"
)

// largestBill bounds what is downloaded of a bill and, separately, what it unpacks to.
const (
	largestBill     = 64 << 20
	largestUnpacked = 1 << 30
)

// billRequest is biz_content of the question where a bill is.
type billRequest struct {
	BillType string `json:"bill_type"`
	BillDate string `json:"bill_date"`
}

// Statement lists a day in UTC. Alipay's bills are of Beijing's days, so the first sixteen hours of it are in the bill of the
// same date and the rest in the next one. A bill that is not there yet is an error: half a day is no statement. One whose day
// has not begun is not missed.
func (a *account) Statement(ctx context.Context, day time.Time) ([]channel.StatementLine, error) {
	from := day.UTC().Truncate(24 * time.Hour)
	to := from.Add(24 * time.Hour)
	var lines []channel.StatementLine
	for _, date := range []time.Time{from, to} {
		if begins := date.Add(-8 * time.Hour); begins.After(a.now()) {
			continue
		}
		bill, err := a.bill(ctx, date.Format(time.DateOnly))
		if err != nil {
			return nil, err
		}
		for _, l := range bill {
			if !l.At.Before(from) && l.At.Before(to) {
				lines = append(lines, l)
			}
		}
	}
	slices.SortStableFunc(lines, func(a, b channel.StatementLine) int { return a.At.Compare(b.At) })
	return lines, nil
}

// bill is Alipay's bill of a day in Beijing.
func (a *account) bill(ctx context.Context, date string) ([]channel.StatementLine, error) {
	got, err := a.ask(ctx, request{
		method: "alipay.data.dataservice.bill.downloadurl.query", content: billRequest{BillType: "trade", BillDate: date},
	})
	if err != nil {
		return nil, err
	}
	if got.Code != success || got.BillDownloadURL == "" {
		return nil, fmt.Errorf("alipay bill of %s: %s %s", date, got.Code, got.SubCode)
	}
	packed, err := a.fetch(ctx, got.BillDownloadURL)
	if err != nil {
		return nil, fmt.Errorf("alipay bill of %s: %w", date, err)
	}
	lines, err := readBill(packed)
	if err != nil {
		return nil, fmt.Errorf("alipay bill of %s: %w", date, err)
	}
	return lines, nil
}

// fetch downloads a bill. The address is in a signed answer; the bill itself is not signed, so it comes by
// TLS wherever the gateway does, whatever scheme the address has.
func (a *account) fetch(ctx context.Context, address string) ([]byte, error) {
	from, err := url.Parse(address)
	if err != nil || from.Host == "" {
		return nil, fmt.Errorf("the download address is no URL")
	}
	if a.gateway.Scheme == "https" {
		from.Scheme = "https"
	}
	get, err := http.NewRequestWithContext(ctx, http.MethodGet, from.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("the download address cannot be asked")
	}
	got, err := a.client.Do(get)
	if err != nil {
		return nil, fmt.Errorf("download: %w", bare(err))
	}
	defer got.Body.Close()
	if got.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("download: HTTP %d", got.StatusCode)
	}
	packed, err := io.ReadAll(io.LimitReader(got.Body, largestBill+1))
	if err != nil {
		return nil, fmt.Errorf("download: %w", bare(err))
	}
	if len(packed) > largestBill {
		return nil, fmt.Errorf("download: more than %d MB", largestBill>>20)
	}
	return packed, nil
}
