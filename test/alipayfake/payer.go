package alipayfake

import (
	"errors"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"net/url"

	"github.com/paymux/paymux"
)

// payerID is who pays on pages and by codes.
const payerID = "2088102146225135"

// page is Alipay's, where the payer signs in and pays.
var page = template.Must(template.New("").Parse(`<!doctype html><meta charset="utf-8"><title>支付</title>
<h1>{{.Subject}}</h1><p>{{.Amount}} 元</p>
<form method="post" action="/cashier"><input type="hidden" name="order" value="{{.Number}}">
<button name="act" value="sign_in">登录</button><button name="act" value="pay">付款</button></form>
`))

func (i *Institution) showCashier(w http.ResponseWriter, c call) {
	inv, err := i.accept(c)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "text/html;charset=utf-8")
	page.Execute(w, map[string]string{"Number": inv.number, "Subject": inv.subject, "Amount": yuan(inv.amount)})
}

// accept takes an invitation that a payer has brought. There is no trade yet.
func (i *Institution) accept(c call) (invitation, error) {
	inv, wrong := i.invited(c)
	if wrong != "" {
		return inv, errors.New(wrong)
	}
	i.invitations[inv.number] = inv
	return inv, nil
}

func (i *Institution) cashier(w http.ResponseWriter, r *http.Request) {
	number, act := r.PostFormValue("order"), r.PostFormValue("act")
	err := i.signIn(number)
	if err == nil && act == "pay" {
		err = i.Pay(number)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	fmt.Fprintln(w, "ok")
}

// signIn begins the trade of an invitation.
func (i *Institution) signIn(number string) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	inv, ok := i.invitations[number]
	switch {
	case !ok:
		return fmt.Errorf("nobody was invited to %s", number)
	case !i.now().Before(inv.expires):
		return fmt.Errorf("the order %s has expired", number)
	}
	i.open(inv, payerID)
	return nil
}

// Come has the payer follow what the merchant was given, up to where there is a trade, and returns its order number.
func (i *Institution) Come(next *paymux.NextAction) (number string, err error) {
	if number, err = i.bring(next); err != nil || next.Type == paymux.ActionInvokeSDK && next.InvokeSDK.SDK == "alipay_jsapi" {
		return number, err
	}
	return number, i.signIn(number)
}

func (i *Institution) bring(next *paymux.NextAction) (string, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	switch {
	case next == nil:
		return "", errors.New("there is nothing to follow")
	case next.Redirect != nil:
		u, err := url.Parse(next.Redirect.URL)
		if err != nil || u.Path != "/gateway.do" {
			return "", fmt.Errorf("%q is no page of Alipay's", next.Redirect.URL)
		}
		return i.invitation(u.RawQuery, pagePay, wapPay)
	case next.DisplayQR != nil:
		number, ok := i.codes[next.DisplayQR.Data]
		if !ok {
			return "", fmt.Errorf("%q is no code of Alipay's", next.DisplayQR.Data)
		}
		return number, nil
	case next.InvokeSDK != nil && next.InvokeSDK.SDK == "alipay_app":
		return i.invitation(next.InvokeSDK.Params["orderStr"], appPay)
	case next.InvokeSDK != nil && next.InvokeSDK.SDK == "alipay_jsapi":
		for t := range maps.Values(i.trades) {
			if t.tradeNo == next.InvokeSDK.Params["tradeNO"] {
				return t.number, nil
			}
		}
	}
	return "", fmt.Errorf("nobody can follow %+v", *next)
}

// invitation is the order in a signed text, which must be for one of the methods.
func (i *Institution) invitation(form string, methods ...string) (string, error) {
	c, refused := i.admit(form)
	if refused != nil {
		return "", errors.New(refused.get("sub_code"))
	}
	for _, m := range methods {
		if c.method == m {
			inv, err := i.accept(c)
			return inv.number, err
		}
	}
	return "", fmt.Errorf("the method is %s", c.method)
}

// Pay has the payer pay a trade.
func (i *Institution) Pay(number string) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	t := i.known(number)
	if t == nil || t.status != waitingForBuyer {
		return fmt.Errorf("the order %s cannot be paid", number)
	}
	t.status, t.paidAt = paid, i.now()
	t.payments++
	return nil
}
