package wechatpay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// Query asks what became of op: of an order by its number, of a refund by its own. Whether a close was carried out,
// the order tells; one that is open proves that no close took effect, and that is ErrAbsent. A
// request can arrive late, but not later than five minutes after it was signed: WeChat Pay refuses it then.
func (a *account) Query(ctx context.Context, op channel.Operation) (channel.Result, error) {
	r, err := a.ask(ctx, op)
	if err != nil {
		return channel.Result{}, fmt.Errorf("query wechatpay %s %s: %w", op.Kind, op.ID, err)
	}
	return r, nil
}

func (a *account) ask(ctx context.Context, op channel.Operation) (channel.Result, error) {
	switch op.Kind {
	case paymux.Pay:
		o, err := a.askOrder(ctx, op.ID)
		if err != nil {
			return channel.Result{}, err
		}
		return o.outcome(), nil
	case paymux.Cancel:
		return a.askClose(ctx, op)
	case paymux.Refunds:
		return a.askRefund(ctx, op)
	}
	return channel.Result{}, channel.ErrUnsupported
}

func (a *account) askOrder(ctx context.Context, pay paymux.OperationID) (orderState, error) {
	var o orderState
	number := orderNumber(pay)
	if err := a.get(ctx, paymux.Pay, "/v3/pay/transactions/out-trade-no/"+number+"?mchid="+a.mchID, &o); err != nil {
		return o, err
	}
	if o.OutTradeNo != number || o.MchID != a.mchID || o.AppID != "" && o.AppID != a.appID {
		return o, errors.New("the answer is about another order")
	}
	return o, nil
}

func (a *account) askClose(ctx context.Context, op channel.Operation) (channel.Result, error) {
	o, err := a.askOrder(ctx, op.PayID)
	if err != nil {
		return channel.Result{}, err
	}
	r, open := o.closed()
	if open {
		return channel.Result{}, fmt.Errorf("the order is open (%s): %w", o.TradeState, channel.ErrAbsent)
	}
	return r, nil
}

func (a *account) askRefund(ctx context.Context, op channel.Operation) (channel.Result, error) {
	var f refundState
	number := orderNumber(op.ID)
	if err := a.get(ctx, paymux.Refunds, "/v3/refund/domestic/refunds/"+number, &f); err != nil {
		return channel.Result{}, err
	}
	if f.OutRefundNo != number {
		return channel.Result{}, errors.New("the answer is about another refund")
	}
	return f.outcome(), nil
}

// get asks a question. ErrAbsent: there is no such thing.
func (a *account) get(ctx context.Context, kind paymux.OperationKind, uri string, into any) error {
	r, err := a.call(ctx, http.MethodGet, uri, nil)
	if err != nil {
		return unknowing(err)
	}
	if r.status != http.StatusOK {
		if rule(questions, kind, r).verdict == absent {
			return fmt.Errorf("%w: %w", channel.ErrAbsent, r.told())
		}
		return r.told()
	}
	if err := json.Unmarshal(r.body, into); err != nil {
		return errors.New("the answer is not of its form")
	}
	return nil
}
