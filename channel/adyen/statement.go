package adyen

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/paymux/paymux/channel"
)

// reports is where the account's reports are.
type reports struct {
	base string
	user string
	zone *time.Location
}

// reportLimit bounds what a day's report may be.
const reportLimit = 256 << 20

// errNoReport: the day's report is not there (yet).
var errNoReport = errors.New("there is no such report yet: Adyen makes it after the day has ended, if the account is set up to")

// Statement reads the payment accounting report, which Adyen makes for every day of the
// account's time zone, so that a day of UTC may be in two of them. It lists payments
// when their capture was sent for settlement, and refunds when they were sent; Adyen's fees are booked days
// later and are not on these lines. A report that is missing is an error, never an empty day.
func (a *account) Statement(ctx context.Context, day time.Time) ([]channel.StatementLine, error) {
	if a.reports.user == "" {
		return nil, fmt.Errorf("adyen statement: options report_user and report_password are not set: %w", channel.ErrUnsupported)
	}
	from := day.UTC().Truncate(24 * time.Hour)
	to := from.Add(24 * time.Hour)
	var lines []channel.StatementLine
	for _, date := range a.reports.dates(from, to) {
		more, err := a.report(ctx, date)
		if err != nil {
			return nil, fmt.Errorf("adyen statement, report of %s: %w", date, err)
		}
		for _, l := range more {
			if !l.At.Before(from) && l.At.Before(to) {
				lines = append(lines, l)
			}
		}
	}
	return lines, nil
}

// dates are the account's days that a span of less than two touches.
func (r reports) dates(from, to time.Time) []string {
	const form = "2006_01_02"
	first, last := from.In(r.zone).Format(form), to.Add(-time.Second).In(r.zone).Format(form)
	if first == last {
		return []string{first}
	}
	return []string{first, last}
}

func (a *account) report(ctx context.Context, date string) ([]channel.StatementLine, error) {
	body, err := a.download(ctx, "payments_accounting_report_"+date+".csv")
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return readReport(io.LimitReader(body, reportLimit), a.merchant, a.reports.zone)
}

func (a *account) download(ctx context.Context, name string) (io.ReadCloser, error) {
	password, err := a.keys.Reveal(ctx, "report_password")
	if err != nil {
		return nil, fmt.Errorf("the report user's password: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.reports.base+"/"+url.PathEscape(a.merchant)+"/"+name, nil)
	if err != nil {
		return nil, err
	}
	req.SetBasicAuth(a.reports.user, password.Reveal())
	resp, err := a.client.Do(req)
	if err != nil {
		return nil, err
	}
	switch resp.StatusCode {
	case http.StatusOK:
		return resp.Body, nil
	case http.StatusNotFound:
		err = errNoReport
	default:
		err = fmt.Errorf("HTTP %d", resp.StatusCode)
	}
	resp.Body.Close()
	return nil, err
}
