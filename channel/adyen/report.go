package adyen

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// The columns of the payment accounting report that are read; others may be there, in any order.
var reportColumns = []string{
	"Merchant Account", "Psp Reference", "Merchant Reference", "Booking Date", "TimeZone",
	"Main Currency", "Main Amount", "Record Type", "Modification Merchant Reference",
}

// row is one line, by column.
type row map[string]string

// readReport lists the bookings of a merchant account. A line that cannot be read is an error: a
// statement with a hole would pass for the whole.
func readReport(from io.Reader, merchant string, zone *time.Location) ([]channel.StatementLine, error) {
	text := bufio.NewReader(from)
	if mark, err := text.Peek(3); err == nil && string(mark) == "\xef\xbb\xbf" {
		text.Discard(3)
	}
	table := csv.NewReader(text)
	table.FieldsPerRecord = -1 // trailing columns may be left out
	table.ReuseRecord = true
	head, err := readHead(table)
	if err != nil {
		return nil, err
	}
	var lines []channel.StatementLine
	for {
		record, err := table.Read()
		if errors.Is(err, io.EOF) {
			return lines, nil
		}
		if err != nil {
			return nil, fmt.Errorf("not a CSV file: %w", err)
		}
		line, ok, err := readLine(head.row(record), merchant, zone)
		if err != nil {
			at, _ := table.FieldPos(0)
			return nil, fmt.Errorf("line %d: %w", at, err)
		}
		if ok {
			lines = append(lines, line)
		}
	}
}

// head is where each column is.
type head map[string]int

func readHead(table *csv.Reader) (head, error) {
	names, err := table.Read()
	if err != nil {
		return nil, fmt.Errorf("no header: %w", err)
	}
	h := head{}
	for _, column := range reportColumns {
		at := slices.IndexFunc(names, func(name string) bool { return strings.TrimSpace(name) == column })
		if at < 0 {
			return nil, fmt.Errorf("the report has no column %q", column)
		}
		h[column] = at
	}
	return h, nil
}

func (h head) row(record []string) row {
	r := row{}
	for name, at := range h {
		if at < len(record) {
			r[name] = strings.TrimSpace(record[at])
		}
	}
	return r
}

// readLine reads a booking. ok is false for records that move no money of ours: requests,
// reservations, settlements to the bank, fees, and other merchant accounts.
func readLine(r row, merchant string, zone *time.Location) (l channel.StatementLine, ok bool, err error) {
	kind, known := map[string]paymux.OperationKind{"SentForSettle": paymux.Pay, "SentForRefund": paymux.Refunds}[r["Record Type"]]
	if !known || r["Merchant Account"] != merchant {
		return l, false, nil
	}
	l = channel.StatementLine{Kind: kind, ChannelID: r["Psp Reference"]}
	l.Operation, l.Kind = r.operation(kind)
	if l.Money, err = readMoney(r["Main Amount"], r["Main Currency"]); err != nil {
		return l, false, err
	}
	l.At, err = readTime(r["Booking Date"], r["TimeZone"], zone)
	return l, err == nil, err
}

// operation is ours where a reference of ours is there: the modification's, or, for a capture
// that Adyen made itself, the payment's.
func (r row) operation(kind paymux.OperationKind) (paymux.OperationID, paymux.OperationKind) {
	if ref, ok := parseReference(r["Modification Merchant Reference"]); ok && !ref.isPayment() {
		if ref.kind == refCapture {
			return ref.operation, paymux.Capture
		}
		return ref.operation, kind
	}
	ref, ok := parseReference(r["Merchant Reference"])
	switch {
	case kind == paymux.Pay && ok && ref.manual:
		return "", paymux.Capture // made in Adyen's own console
	case kind == paymux.Pay && ok && ref.isPayment():
		return ref.operation, paymux.Pay
	}
	return "", kind
}

// readMoney reads a decimal of the report, without its sign: the kind says where the money went.
func readMoney(text, currency string) (paymux.Money, error) {
	c := paymux.Currency(currency)
	if !c.Valid() {
		return paymux.Money{}, fmt.Errorf("%q is no currency", currency)
	}
	digits := strings.TrimLeft(text, "-")
	whole, fraction, _ := strings.Cut(digits, ".")
	fraction = strings.TrimRight(fraction, "0")
	missing := c.Exponent() - len(fraction)
	if whole == "" || missing < 0 || len(text)-len(digits) > 1 {
		return paymux.Money{}, fmt.Errorf("%q is no amount of %s", text, currency)
	}
	n, err := strconv.ParseUint(whole+fraction+strings.Repeat("0", missing), 10, 63)
	if err != nil {
		return paymux.Money{}, fmt.Errorf("%q is no amount of %s", text, currency)
	}
	return paymux.Money{Amount: int64(n), Currency: c}, nil
}

// readTime reads a booking's time. The report names its time zone with a few letters; where the
// configured zone has letters, too, they must be the same, or every line would be hours off.
func readTime(text, letters string, zone *time.Location) (time.Time, error) {
	at, err := time.ParseInLocation("2006-01-02 15:04:05", text, zone)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is no time", text)
	}
	if name, _ := at.Zone(); letters != "" && letters != name && !(letters == "GMT" && name == "UTC") && !strings.ContainsAny(name, "+-") {
		return time.Time{}, fmt.Errorf("the report is made in %s, and option report_time_zone is %s", letters, zone)
	}
	return at.UTC(), nil
}
