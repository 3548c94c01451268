package wechatpay

import (
	"bufio"
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

// The columns of a trade bill that matter (pay.weixin.qq.com, "交易账单详细说明"). Those after a slash are of
// the format older merchants still get.
const (
	colTime     = "交易时间"
	colTrade    = "微信订单号"
	colOrder    = "商户订单号"
	colState    = "交易状态"
	colCurrency = "货币种类"
	colRefund   = "微信退款单号"
	colRefundNo = "商户退款单号"
	colGoods    = "商品名称"
	colFee      = "手续费"
	colTotal    = "订单金额/总金额"
	colRefunded = "申请退款金额/退款金额"

	footer    = "总交易单数" // the first column of the sums
	lineLimit = 1 << 20
)

// readBill parses a trade bill: a header, a line a booking, the header of the sums, the sums. Every field but a
// header's begins with a backtick; fields are not quoted, so a comma and a backtick within the payer's text look like a
// new field. It is an error where the number of lines is not the sum's.
func readBill(r io.Reader) ([]channel.StatementLine, error) {
	scan := bufio.NewScanner(r)
	scan.Buffer(nil, lineLimit)
	if !scan.Scan() {
		return nil, ended(scan, "empty")
	}
	columns, err := header(scan.Text())
	if err != nil {
		return nil, err
	}
	var all []channel.StatementLine
	for scan.Scan() {
		text := strings.TrimRight(scan.Text(), "\r")
		if strings.HasPrefix(text, footer) {
			return all, sums(scan, len(all))
		}
		line, err := columns.line(text)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", len(all)+2, err)
		}
		all = append(all, line)
	}
	return nil, ended(scan, "without its sums")
}

func ended(scan *bufio.Scanner, how string) error {
	if err := scan.Err(); err != nil {
		return fmt.Errorf("read the bill: %w", inner(err))
	}
	return fmt.Errorf("the bill ends %s", how)
}

// sums compares the number of lines with the one the bill states.
func sums(scan *bufio.Scanner, lines int) error {
	if !scan.Scan() {
		return ended(scan, "without its sums")
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(scan.Text(), "`"), ",")
	if n, err := strconv.Atoi(strings.TrimSpace(first)); err != nil || n != lines {
		return fmt.Errorf("the bill says it has %.20q lines, and has %d", first, lines)
	}
	return nil
}

// columns are the names of a bill's fields, in their order.
type columns []string

func header(text string) (columns, error) {
	c := columns(strings.Split(strings.TrimRight(strings.TrimPrefix(text, "\ufeff"), "\r"), ","))
	for i := range c {
		c[i] = strings.TrimSpace(c[i])
	}
	for _, name := range []string{colTime, colTrade, colOrder, colState, colCurrency, colRefund, colRefundNo, colGoods, colFee, colTotal, colRefunded} {
		if c.index(name) < 0 {
			return nil, fmt.Errorf("the bill has no column %s", name)
		}
	}
	return c, nil
}

func (c columns) index(names string) int {
	for name := range strings.SplitSeq(names, "/") {
		if i := slices.Index(c, name); i >= 0 {
			return i
		}
	}
	return -1
}

// row are the fields of one line.
type row struct {
	columns columns
	fields  []string
}

// field reads a column by name. Surplus fields are pieces of the goods' name or of what follows it at once, so columns
// before it are counted from the left, the others from the right.
func (r row) field(names string) string {
	i := r.columns.index(names)
	if i > r.columns.index(colGoods) {
		i += len(r.fields) - len(r.columns)
	}
	return r.fields[i]
}

func (c columns) line(text string) (channel.StatementLine, error) {
	r := row{c, strings.Split(strings.TrimPrefix(text, "`"), ",`")}
	if len(r.fields) < len(c) {
		return channel.StatementLine{}, fmt.Errorf("%d fields, not %d", len(r.fields), len(c))
	}
	at, err := time.ParseInLocation(time.DateTime, r.field(colTime), beijing())
	if err != nil {
		return channel.StatementLine{}, errors.New("the time is not of its form")
	}
	line := channel.StatementLine{At: at.UTC()}
	if line.Fee, err = fen(r.field(colFee), 5); err != nil {
		return line, fmt.Errorf("fee: %w", err)
	}
	names := struct{ operation, id, amount string }{colOrder, colTrade, colTotal}
	switch state := r.field(colState); state {
	case "SUCCESS":
		line.Kind = paymux.Pay
	case "REFUND", "REVOKED":
		line.Kind = paymux.Refunds
		names.operation, names.id, names.amount = colRefundNo, colRefund, colRefunded
	default:
		return line, fmt.Errorf("state %.20q is not known", state)
	}
	line.Operation, line.ChannelID = operationOf(r.field(names.operation)), r.field(names.id)
	line.Money.Currency = paymux.Currency(r.field(colCurrency))
	if line.Money.Amount, err = fen(r.field(names.amount), 0); err != nil {
		return line, fmt.Errorf("amount: %w", err)
	}
	return line, nil
}

// fen reads yuan. Of the decimals after the second, up to spare ones are rounded, half away from zero; others must be
// zero. Fees are listed with five decimals, of which the last three are said to be zero. A refund's fee is
// what comes back, and negative.
func fen(text string, spare int) (int64, error) {
	bad := fmt.Errorf("%.20q is not an amount in yuan", text)
	unsigned, negative := strings.CutPrefix(text, "-")
	whole, frac, _ := strings.Cut(unsigned, ".")
	if whole == "" || len(whole) > 13 || len(frac) > 10 || strings.Trim(whole+frac, "0123456789") != "" {
		return 0, bad
	}
	if len(frac) > 2+spare || spare == 0 {
		frac = strings.TrimRight(frac, "0")
	}
	if len(frac) > 2+spare {
		return 0, bad
	}
	n, err := strconv.ParseInt(whole+(frac + "00")[:2], 10, 64)
	if err != nil {
		return 0, bad
	}
	if len(frac) > 2 && frac[2] >= '5' {
		n++
	}
	if negative {
		n = -n
	}
	return n, nil
}
