package alipayfake

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	pagePay        = "alipay.trade.page.pay"
	wapPay         = "alipay.trade.wap.pay"
	appPay         = "alipay.trade.app.pay"
	tradePrecreate = "alipay.trade.precreate"
	tradeCreate    = "alipay.trade.create"
	tradeQuery     = "alipay.trade.query"
	tradeClose     = "alipay.trade.close"
	tradeRefund    = "alipay.trade.refund"
	refundQuery    = "alipay.trade.fastpay.refund.query"
	billQuery      = "alipay.data.dataservice.bill.downloadurl.query"
	certDownload   = "alipay.open.app.alipaycert.download"

	waitingForBuyer = "WAIT_BUYER_PAY"
	paid            = "TRADE_SUCCESS"
	closed          = "TRADE_CLOSED"
)

// invitingMethods are never asked by the merchant: the payer brings them.
var invitingMethods = []string{pagePay, wapPay, appPay}

var handlers = map[string]func(*Institution, call) object{
	tradePrecreate: (*Institution).precreate, tradeCreate: (*Institution).create, tradeQuery: (*Institution).query,
	tradeClose: (*Institution).close, tradeRefund: (*Institution).refund, refundQuery: (*Institution).queryRefund,
	billQuery: (*Institution).billAddress, certDownload: (*Institution).certificate,
}

// invited reads an order; sub_code says what is wrong with it.
func (i *Institution) invited(c call) (inv invitation, subCode string) {
	inv = invitation{
		number: c.content["out_trade_no"], subject: c.content["subject"], notifyURL: c.public["notify_url"],
		amount: fen(c.content["total_amount"]), expires: i.now().Add(15 * 24 * time.Hour),
	}
	if text := c.content["time_expire"]; text != "" {
		at, err := time.ParseInLocation(clock, text, beijing)
		if err != nil || at.After(inv.expires) {
			return inv, "ACQ.INVALID_PARAMETER"
		}
		inv.expires = at
	}
	switch t := i.known(inv.number); {
	case inv.amount < 1 || inv.amount > 100_000_000_00:
		return inv, "ACQ.TOTAL_FEE_EXCEED"
	case t != nil && t.status == paid:
		return inv, "ACQ.TRADE_HAS_SUCCESS"
	case t != nil && t.status == closed:
		return inv, "ACQ.TRADE_HAS_CLOSE"
	case t != nil && (t.amount != inv.amount || t.subject != inv.subject):
		return inv, "ACQ.CONTEXT_INCONSISTENT"
	case !i.now().Before(inv.expires):
		return inv, "ACQ.INVALID_PARAMETER"
	}
	return inv, ""
}

func (i *Institution) precreate(c call) object {
	inv, wrong := i.invited(c)
	if wrong != "" {
		return refuse("40004", wrong)
	}
	if before, ok := i.invitations[inv.number]; ok && (before.amount != inv.amount || before.subject != inv.subject) {
		return refuse("40004", "ACQ.CONTEXT_INCONSISTENT")
	}
	i.invitations[inv.number] = inv
	code := "https://qr.alipay.com/bax" + strings.ToLower(inv.number)
	i.codes[code] = inv.number
	return done(member{"out_trade_no", inv.number}, member{"qr_code", code})
}

func (i *Institution) create(c call) object {
	buyer := c.content["buyer_id"] + c.content["buyer_open_id"]
	if (c.content["buyer_id"] == "") == (c.content["buyer_open_id"] == "") || (c.content["product_code"] == "JSAPI_PAY") != (c.content["op_app_id"] != "") {
		return refuse("40004", "ACQ.INVALID_PARAMETER")
	}
	if code, ok := i.refusals[buyer]; ok {
		if code == "ACQ.SYSTEM_ERROR" {
			return object{{"code", "20000"}, {"msg", "Service Currently Unavailable"}, {"sub_code", "isp.unknow-error"}, {"sub_msg", "系统繁忙"}}
		}
		return refuse("40004", code)
	}
	inv, wrong := i.invited(c)
	if wrong != "" {
		return refuse("40004", wrong)
	}
	t := i.open(inv, buyer)
	if t.buyer != buyer {
		return refuse("40004", "ACQ.TRADE_BUYER_NOT_MATCH")
	}
	return done(member{"out_trade_no", t.number}, member{"trade_no", t.tradeNo})
}

// open is the trade of an order, made where there is none.
func (i *Institution) open(inv invitation, buyer string) *trade {
	t := i.known(inv.number)
	if t == nil {
		t = &trade{invitation: inv, tradeNo: i.nextNumber(), buyer: buyer, status: waitingForBuyer, created: i.now()}
		i.trades[inv.number] = t
	}
	return t
}

func (i *Institution) query(c call) object {
	t := i.known(c.content["out_trade_no"])
	if t == nil {
		return refuse("40004", "ACQ.TRADE_NOT_EXIST")
	}
	o := done(
		member{"buyer_logon_id", "159****5620"}, member{"buyer_user_id", t.buyer}, member{"out_trade_no", t.number},
		member{"total_amount", yuan(t.amount)}, member{"trade_no", t.tradeNo}, member{"trade_status", t.status},
	)
	if t.payments > 0 {
		o = append(o, member{"send_pay_date", t.paidAt.In(beijing).Format(clock)})
	}
	return o
}

func (i *Institution) close(c call) object {
	t := i.known(c.content["out_trade_no"])
	switch {
	case t == nil:
		return refuse("40004", "ACQ.TRADE_NOT_EXIST")
	case t.status != waitingForBuyer:
		return refuse("40004", "ACQ.REASON_TRADE_STATUS_INVALID")
	}
	t.status = closed
	t.closings++
	return done(member{"out_trade_no", t.number}, member{"trade_no", t.tradeNo})
}

func (i *Institution) refund(c call) object {
	t, amount := i.known(c.content["out_trade_no"]), fen(c.content["refund_amount"])
	if t == nil {
		return refuse("40004", "ACQ.TRADE_NOT_EXIST")
	}
	changed := "N"
	at := slices.IndexFunc(t.refunds, func(f *refund) bool { return f.number == c.content["out_request_no"] })
	switch {
	case at >= 0 && t.refunds[at].amount != amount:
		return refuse("40004", "ACQ.DISCORDANT_REPEAT_REQUEST")
	case at >= 0:
	case t.status != paid:
		return refuse("40004", "ACQ.TRADE_STATUS_ERROR")
	case amount < 1 || t.refunded()+amount > t.amount:
		return refuse("40004", "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL")
	default:
		t.refunds = append(t.refunds, &refund{number: c.content["out_request_no"], amount: amount, at: i.now(), done: !i.slow})
		if t.refunded() == t.amount {
			t.status = closed
		}
		if !i.slow {
			changed = "Y"
		}
	}
	return done(
		member{"buyer_user_id", t.buyer}, member{"fund_change", changed}, member{"out_trade_no", t.number},
		member{"refund_fee", yuan(t.refunded())}, member{"trade_no", t.tradeNo},
	)
}

func (i *Institution) queryRefund(c call) object {
	t := i.known(c.content["out_trade_no"])
	if t == nil {
		return refuse("40004", "ACQ.TRADE_NOT_EXIST")
	}
	for _, f := range t.refunds {
		if f.number == c.content["out_request_no"] && f.done {
			return done(
				member{"out_request_no", f.number}, member{"out_trade_no", t.number}, member{"refund_amount", yuan(f.amount)},
				member{"refund_status", "REFUND_SUCCESS"}, member{"total_amount", yuan(t.amount)}, member{"trade_no", t.tradeNo},
			)
		}
	}
	return done()
}

func (i *Institution) certificate(c call) object {
	text, ok := i.keys.certificates[c.content["alipay_cert_sn"]]
	if !i.certified || !ok {
		return refuse("40004", "CERT_NOT_EXIST")
	}
	return done(member{"alipay_cert_content", base64.StdEncoding.EncodeToString([]byte(text))})
}

// fen reads an amount whose form has been checked.
func fen(text string) int64 {
	n, err := strconv.ParseInt(strings.Replace(text, ".", "", 1), 10, 64)
	if err != nil {
		return -1
	}
	return n
}

func yuan(fen int64) string {
	if fen < 0 {
		return "-" + yuan(-fen)
	}
	return fmt.Sprintf("%d.%02d", fen/100, fen%100)
}
