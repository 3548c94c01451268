package wechatpay

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"
	"unicode"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// order is what is asked for. It is made from the operation alone, so that a resend is the same order
// to the letter: WeChat Pay refuses a known number with other contents.
type order struct {
	AppID       string `json:"appid"`
	MchID       string `json:"mchid"`
	Description string `json:"description"`
	OutTradeNo  string `json:"out_trade_no"`
	TimeExpire  string `json:"time_expire,omitempty"`
	Attach      string `json:"attach"`
	NotifyURL   string `json:"notify_url"`
	Amount      amount `json:"amount"`
	Payer       *payer `json:"payer,omitempty"`
	Scene       *scene `json:"scene_info,omitempty"`
}

type amount struct {
	Total    int64           `json:"total"`
	Currency paymux.Currency `json:"currency"`
}

type payer struct {
	OpenID string `json:"openid"`
}

type scene struct {
	PayerClientIP string `json:"payer_client_ip"`
	H5            h5Info `json:"h5_info"`
}

type h5Info struct {
	Type string `json:"type"`
}

// beijing is WeChat Pay's clock.
func beijing() *time.Location { return time.FixedZone("UTC+8", 8*60*60) }

// pay places an order and tells what the payer has to do. No money moves before the payer does it.
func (a *account) pay(ctx context.Context, op channel.Operation) (channel.Result, error) {
	way := "native"
	o := a.order(op)
	switch op.Method.Flow {
	case "", paymux.FlowQR:
	case paymux.FlowInApp:
		way, o.Payer = "jsapi", &payer{OpenID: op.Method.PayerID}
	case paymux.FlowMobileWeb:
		way, o.Scene = "h5", &scene{PayerClientIP: op.Client.IP, H5: h5Info{Type: "Wap"}}
	case paymux.FlowApp:
		way = "app"
	default:
		return channel.Result{}, fmt.Errorf("flow %q: %w", op.Method.Flow, channel.ErrUnsupported)
	}
	r, known, done, err := a.change(ctx, op, "/v3/pay/transactions/"+way, o)
	if !done {
		return known, err
	}
	var ticket ticket
	if err := json.Unmarshal(r.body, &ticket); err != nil {
		return channel.Result{}, errors.New("the answer to the order is not of its form")
	}
	action, err := a.action(ctx, op, ticket)
	if err != nil {
		return channel.Result{}, err
	}
	return channel.Result{State: paymux.OpPending, ChannelID: o.OutTradeNo, NextAction: action}, nil
}

func (a *account) order(op channel.Operation) order {
	o := order{
		AppID: a.appID, MchID: a.mchID, OutTradeNo: orderNumber(op.ID), Attach: string(op.ID), NotifyURL: op.CallbackURL,
		Description: cut(printable(cmp.Or(op.Description, op.MerchantOrderID, string(op.Payment))), 127),
		Amount:      amount{Total: op.Money.Amount, Currency: op.Money.Currency},
	}
	if !op.ExpiresAt.IsZero() {
		o.TimeExpire = op.ExpiresAt.In(beijing()).Format(time.RFC3339)
	}
	return o
}

func orderNumber(id paymux.OperationID) string { return paymux.OrderNumber(string(id)) }

// cut shortens text to a limit in characters, as WeChat Pay counts.
func cut(text string, limit int) string {
	if r := []rune(text); len(r) > limit {
		return string(r[:limit])
	}
	return text
}

// printable keeps line breaks and other controls out of a text that will be a line's part in a statement.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}

func isAddress(text string) bool {
	_, err := netip.ParseAddr(text)
	return err == nil
}
