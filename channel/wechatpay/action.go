package wechatpay

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// ticket is the answer to an order: each way has its own member.
type ticket struct {
	CodeURL  string `json:"code_url"`
	PrepayID string `json:"prepay_id"`
	H5URL    string `json:"h5_url"`
}

// codeLife is how long a QR code, a page or a prepay ID can be used. The order itself may live longer.
const codeLife = 2 * time.Hour

var errNoTicket = errors.New("the order was placed, and the answer does not say how to pay it")

// action is what the payer has to do. An error here comes after the order was placed: the outcome is open, and
// the same operation sent again gets a new ticket for the same order.
func (a *account) action(ctx context.Context, op channel.Operation, t ticket) (*paymux.NextAction, error) {
	switch op.Method.Flow {
	case paymux.FlowInApp:
		return a.invoke(ctx, t.PrepayID, a.jsapiParams)
	case paymux.FlowApp:
		return a.invoke(ctx, t.PrepayID, a.appParams)
	case paymux.FlowMobileWeb:
		if t.H5URL == "" {
			return nil, errNoTicket
		}
		return &paymux.NextAction{Type: paymux.ActionRedirect, Redirect: &paymux.Redirect{URL: withReturn(t.H5URL, op.ReturnURL), Method: "GET"}}, nil
	}
	if t.CodeURL == "" {
		return nil, errNoTicket
	}
	qr := paymux.DisplayQR{Brand: paymux.WeChatPay, Data: t.CodeURL, ImageURL: op.PageURL + "/qr.svg", ExpiresAt: a.now().Add(codeLife)}
	if !op.ExpiresAt.IsZero() && op.ExpiresAt.Before(qr.ExpiresAt) {
		qr.ExpiresAt = op.ExpiresAt
	}
	return &paymux.NextAction{Type: paymux.ActionDisplayQR, DisplayQR: &qr}, nil
}

// withReturn adds where the browser is to go after WeChat has taken over.
func withReturn(page, back string) string {
	if back == "" {
		return page
	}
	sign := "?"
	if strings.Contains(page, "?") {
		sign = "&"
	}
	return page + sign + "redirect_url=" + url.QueryEscape(back)
}

// params makes the parameters of an SDK's call, signed by sign.
type params func(prepayID, at, nonce string, sign func(...string) (string, error)) (paymux.InvokeSDK, error)

func (a *account) invoke(ctx context.Context, prepayID string, make params) (*paymux.NextAction, error) {
	if prepayID == "" {
		return nil, errNoTicket
	}
	id, err := a.keys.KeyID(ctx, privateKey)
	if err != nil {
		return nil, fmt.Errorf("the order was placed; ask for the key's ID: %w", unknowing(err))
	}
	sign := func(text ...string) (string, error) { return a.sign(ctx, id, text...) }
	call, err := make(prepayID, strconv.FormatInt(a.now().Unix(), 10), rand.Text(), sign)
	if err != nil {
		return nil, fmt.Errorf("the order was placed; its parameters: %w", unknowing(err))
	}
	return &paymux.NextAction{Type: paymux.ActionInvokeSDK, InvokeSDK: &call}, nil
}

// jsapiParams are those of WeixinJSBridge's getBrandWCPayRequest and of wx.requestPayment.
func (a *account) jsapiParams(prepayID, at, nonce string, sign func(...string) (string, error)) (paymux.InvokeSDK, error) {
	pack := "prepay_id=" + prepayID
	signature, err := sign(a.appID, at, nonce, pack)
	return paymux.InvokeSDK{SDK: "wechatpay_jsapi", Params: map[string]string{
		"appId": a.appID, "timeStamp": at, "nonceStr": nonce, "package": pack, "signType": "RSA", "paySign": signature,
	}}, err
}

// appParams are those of the mobile SDKs' PayReq.
func (a *account) appParams(prepayID, at, nonce string, sign func(...string) (string, error)) (paymux.InvokeSDK, error) {
	signature, err := sign(a.appID, at, nonce, prepayID)
	return paymux.InvokeSDK{SDK: "wechatpay_app", Params: map[string]string{
		"appid": a.appID, "partnerid": a.mchID, "prepayid": prepayID, "package": "Sign=WXPay",
		"noncestr": nonce, "timestamp": at, "sign": signature,
	}}, err
}
