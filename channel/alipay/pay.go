package alipay

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

const (
	longestSubject = 128 // characters; Alipay takes 256, and as many Chinese ones would make a page's URL too long for some
	longestURL     = 256
	codeLife       = 2 * time.Hour   // of a code to scan
	soonest        = 1 * time.Minute // an order with less time left is not taken
)

// order is biz_content of the methods that begin a payment.
type order struct {
	OutTradeNo  string `json:"out_trade_no"`
	TotalAmount string `json:"total_amount"`
	Subject     string `json:"subject"`
	ProductCode string `json:"product_code,omitempty"`
	TimeExpire  string `json:"time_expire"`
	QuitURL     string `json:"quit_url,omitempty"`
	BuyerID     string `json:"buyer_id,omitempty"`
	BuyerOpenID string `json:"buyer_open_id,omitempty"`
	OpAppID     string `json:"op_app_id,omitempty"`
}

func (a *account) pay(ctx context.Context, op channel.Operation) (channel.Result, error) {
	switch {
	case op.Method.Type != paymux.Alipay:
		return channel.Result{}, fmt.Errorf("method %q: %w", op.Method.Type, channel.ErrUnsupported)
	case op.Manual:
		return channel.Result{}, fmt.Errorf("reservation: %w", channel.ErrUnsupported)
	case op.Money.Amount <= 0 || op.Money.Amount > most:
		return unpayable(op.Money), nil
	case !op.ExpiresAt.IsZero() && op.ExpiresAt.Sub(a.now()) < soonest:
		return channel.Result{Code: "expires_too_soon", Message: "Alipay takes no order with less than a minute left to pay it."},
			fmt.Errorf("%w: the payment expires at %s", channel.ErrNotSent, op.ExpiresAt.UTC().Format(time.RFC3339))
	}
	switch flow(op) {
	case paymux.FlowWeb, paymux.FlowMobileWeb, paymux.FlowApp:
		return a.invite(ctx, op)
	case paymux.FlowQR:
		return a.precreate(ctx, op)
	case paymux.FlowInApp:
		return a.create(ctx, op)
	}
	return channel.Result{}, fmt.Errorf("flow %q: %w", op.Method.Flow, channel.ErrUnsupported)
}

func flow(op channel.Operation) paymux.MethodFlow { return cmp.Or(op.Method.Flow, paymux.FlowWeb) }

// unpayable: known before anything was sent, so another channel may well take it.
func unpayable(m paymux.Money) channel.Result {
	return channel.Result{
		State: paymux.OpDeclined, Code: "amount_out_of_range", Message: fmt.Sprintf("Alipay takes 0.01 to 100,000,000.00 yuan, not %s.", m),
		DeclineCode: paymux.DeclineNotSupported, Advice: paymux.TryOtherMethod, Retryable: true,
	}
}

func (a *account) order(op channel.Operation, product string) order {
	return order{
		OutTradeNo: number(op), TotalAmount: op.Money.Decimal(), ProductCode: product,
		Subject: subject(cmp.Or(op.Description, op.MerchantOrderID, string(op.Payment))), TimeExpire: when(expiry(op, a.now())),
	}
}

// subject is a text in the form Alipay takes it: without / = and &, which it forbids and which have
// lookalikes, and in one line.
func subject(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '/' || r == '=' || r == '&':
			return r + '／' - '/' // the full-width forms stand in the same order
		case unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp):
			return ' '
		}
		return r
	}, text)
	if r := []rune(text); len(r) > longestSubject {
		return string(r[:longestSubject])
	}
	return text
}

// invite makes what brings the payer to Alipay with the order, all of it signed: the URL of a page, or the
// text that the merchant's app hands to Alipay's SDK. A page's URL stays well below what browsers take,
// with the longest subject, too, so that a plain link does and no form has to be posted.
func (a *account) invite(ctx context.Context, op channel.Operation) (channel.Result, error) {
	r := request{notifyURL: op.CallbackURL}
	back := shortEnough(op.ReturnURL, op.PageURL)
	switch flow(op) {
	case paymux.FlowApp:
		r.method, r.content = "alipay.trade.app.pay", a.order(op, "QUICK_MSECURITY_PAY")
	case paymux.FlowMobileWeb:
		content := a.order(op, "QUICK_WAP_WAY")
		content.QuitURL = back
		r.method, r.content, r.returnURL = "alipay.trade.wap.pay", content, back
	default:
		r.method, r.content, r.returnURL = "alipay.trade.page.pay", a.order(op, "FAST_INSTANT_TRADE_PAY"), back
	}
	p, err := a.parameters(ctx, r)
	if err != nil {
		return channel.Result{}, err
	}
	if flow(op) == paymux.FlowApp {
		return begun(op, number(op), invoke("alipay_app", "orderStr", encode(p))), nil
	}
	to := *a.gateway
	to.RawQuery = encode(p)
	return begun(op, number(op), &paymux.NextAction{
		Type: paymux.ActionRedirect, Redirect: &paymux.Redirect{URL: to.String(), Method: "GET"},
	}), nil
}

// precreate gets a code to scan. There is no trade before somebody has scanned it.
func (a *account) precreate(ctx context.Context, op channel.Operation) (channel.Result, error) {
	got, err := a.ask(ctx, request{method: "alipay.trade.precreate", content: a.order(op, ""), notifyURL: op.CallbackURL})
	if err != nil {
		return channel.Result{}, err
	}
	if got.Code != success {
		return a.refusedToPay(ctx, op, got)
	}
	if got.OutTradeNo != number(op) || got.QRCode == "" {
		return channel.Result{}, fmt.Errorf("alipay precreate %s: the answer is about another order, or has no code", op.ID)
	}
	until := a.now().Add(codeLife)
	if end := expiry(op, a.now()); end.Before(until) {
		until = end
	}
	return begun(op, number(op), &paymux.NextAction{Type: paymux.ActionDisplayQR, DisplayQR: &paymux.DisplayQR{
		Brand: paymux.Alipay, Data: got.QRCode, ImageURL: op.PageURL + "/qr.svg", ExpiresAt: until.UTC().Truncate(time.Second),
	}}), nil
}

// create makes a trade for a payer who is inside Alipay's app, known by PayerID.
func (a *account) create(ctx context.Context, op channel.Operation) (channel.Result, error) {
	content := a.order(op, "")
	switch payer := op.Method.PayerID; {
	case !isPlain(payer):
		return channel.Result{Code: "payer_id_missing", Message: "payment_method.payer_id must be the payer's user ID or open ID, to pay inside Alipay's app."},
			fmt.Errorf("%w: alipay create %s: no payer ID", channel.ErrNotSent, op.ID)
	case isUserID(payer):
		content.BuyerID = payer
	default:
		content.BuyerOpenID = payer
	}
	if a.miniProgram != "" {
		content.ProductCode, content.OpAppID = "JSAPI_PAY", a.miniProgram
	}
	got, err := a.ask(ctx, request{method: "alipay.trade.create", content: content, notifyURL: op.CallbackURL})
	if err != nil {
		return channel.Result{}, err
	}
	if got.Code != success {
		return a.refusedToPay(ctx, op, got)
	}
	if got.OutTradeNo != number(op) || got.TradeNo == "" {
		return channel.Result{}, fmt.Errorf("alipay create %s: the answer is about another order", op.ID)
	}
	return begun(op, got.TradeNo, invoke("alipay_jsapi", "tradeNO", got.TradeNo)), nil
}

// isUserID tells an old user ID, 16 digits from 2088 on, from an open ID.
func isUserID(id string) bool {
	return len(id) == 16 && strings.HasPrefix(id, "2088") && strings.Trim(id, "0123456789") == ""
}

// isPlain wants what an ID can be: up to 128 visible ASCII characters.
func isPlain(id string) bool {
	visible := strings.IndexFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
	return visible && id != "" && len(id) <= 128
}

// begun: the payer's turn. Before there is a trade, Alipay knows the order by our number, which stands in for its own.
func begun(op channel.Operation, id string, next *paymux.NextAction) channel.Result {
	return channel.Result{State: paymux.OpPending, ChannelID: id, NextAction: next}
}

func invoke(sdk, name, value string) *paymux.NextAction {
	return &paymux.NextAction{Type: paymux.ActionInvokeSDK, InvokeSDK: &paymux.InvokeSDK{SDK: sdk, Params: map[string]string{name: value}}}
}

func shortEnough(urls ...string) string {
	for _, u := range urls {
		if u != "" && len(u) <= longestURL {
			return u
		}
	}
	return ""
}
