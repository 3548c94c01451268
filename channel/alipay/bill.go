package alipay

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// Columns of a bill of type trade, by the names in its heading. Their order has changed over the years.
const (
	colTrade  = "支付宝交易号"
	colOrder  = "商户订单号"
	colKind   = "业务类型"
	colAt     = "完成时间"
	colAmount = "订单金额(元)"
	colRefund = "退款批次号/请求号"
	colFee    = "服务费(元)"
)

// readBill unpacks a bill: CSV files in GBK, of which one lists bookings and others sum up. The one is known by its
// heading, since the files' names are in GBK, too.
func readBill(packed []byte) ([]channel.StatementLine, error) {
	archive, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		return nil, errors.New("it is no ZIP archive")
	}
	var lines []channel.StatementLine
	found, left := false, int64(largestUnpacked)
	for _, file := range archive.File {
		content, err := file.Open()
		if err != nil {
			return nil, fmt.Errorf("unpack: %w", err)
		}
		limited := &io.LimitedReader{R: content, N: left}
		some, listing, err := readListing(simplifiedchinese.GBK.NewDecoder().Reader(limited))
		content.Close()
		if err != nil {
			return nil, err
		}
		if left = limited.N; left <= 0 {
			return nil, errors.New("it unpacks to too much")
		}
		lines, found = append(lines, some...), found || listing
	}
	if !found {
		return nil, errors.New("no list of bookings is in it")
	}
	return lines, nil
}

// readListing reads a CSV file. listing is false for a file that does not list bookings.
func readListing(r io.Reader) (lines []channel.StatementLine, listing bool, err error) {
	rows := csv.NewReader(r)
	rows.Comment, rows.LazyQuotes, rows.FieldsPerRecord, rows.ReuseRecord = '#', true, -1, true
	var columns map[string]int
	for {
		row, err := rows.Read()
		if err == io.EOF {
			return lines, columns != nil, nil
		}
		if err != nil {
			return nil, columns != nil, fmt.Errorf("read it: %w", err)
		}
		if columns == nil {
			if columns, err = heading(row); err != nil {
				return nil, true, err
			}
			continue
		}
		line, err := booking(columns, row)
		if err != nil {
			at, _ := rows.FieldPos(0)
			return nil, true, fmt.Errorf("line %d: %w", at, err)
		}
		lines = append(lines, line)
	}
}

// heading finds the columns; nil for a row that is not the heading of a list of bookings.
func heading(row []string) (map[string]int, error) {
	columns := map[string]int{}
	for i, name := range row {
		columns[strings.NewReplacer("（", "(", "）", ")").Replace(clean(name))] = i
	}
	if _, ok := columns[colTrade]; !ok {
		return nil, nil
	}
	for _, name := range []string{colOrder, colKind, colAt, colAmount, colRefund, colFee} {
		if _, ok := columns[name]; !ok {
			return nil, fmt.Errorf("column %s is missing", name)
		}
	}
	return columns, nil
}

// booking reads a row. Amounts are positive, for refunds as well; the fee is what Alipay took, below zero where it
// gave some back. A kind of business nobody knows is listed without a kind, to be looked at.
func booking(columns map[string]int, row []string) (line channel.StatementLine, err error) {
	cell := func(name string) string {
		if i := columns[name]; i < len(row) {
			return clean(row[i])
		}
		return ""
	}
	line.ChannelID = cell(colTrade)
	amount, ok := decimal(cell(colAmount)).size()
	if !ok {
		return line, errors.New("the amount cannot be read")
	}
	fee, ok := decimal(cell(colFee)).size()
	if !ok && cell(colFee) != "" {
		return line, errors.New("the fee cannot be read")
	}
	at, err := time.ParseInLocation(clock, cell(colAt), beijing)
	if err != nil {
		return line, errors.New("the time cannot be read")
	}
	line.Money, line.Fee, line.At = amount, fee.Amount, at.UTC()
	number := cell(colOrder)
	switch cell(colKind) {
	case "交易":
		line.Kind = paymux.Pay
	case "退款":
		line.Kind, line.Fee, number = paymux.Refunds, -fee.Amount, cell(colRefund)
	}
	if id, ok := operation(number); ok && line.Kind != "" {
		line.Operation = id
	}
	return line, nil
}

// clean takes off the tabs that keep spreadsheets from rounding long numbers.
func clean(text string) string { return strings.Trim(text, " \t\uFEFF`") }
