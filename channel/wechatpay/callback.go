package wechatpay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// notice is the envelope of a notification.
type notice struct {
	ID           string `json:"id"`
	EventType    string `json:"event_type"`
	ResourceType string `json:"resource_type"`
	Resource     struct {
		sealed
		OriginalType string `json:"original_type"`
	} `json:"resource"`
}

// Callback reads a notification: its signature first, over the bytes as they came, then its age, then the
// resource inside, which only the APIv3 key opens. The same notification again is the same news. What is not about one of
// our orders (other programs may use the merchant number) is acknowledged and of no interest.
//
// An error that wraps none of ErrForged, ErrStale and ErrMalformed means that it could not be judged now: a key
// or a platform certificate was out of reach. WeChat Pay sends it again.
func (a *account) Callback(ctx context.Context, req channel.CallbackRequest) (channel.Callback, error) {
	fault := a.authentic(ctx, http.Header(req.Header), req.Body)
	if fault != nil && !errors.Is(fault, channel.ErrStale) {
		return channel.Callback{}, fmt.Errorf("wechatpay notification: %w", fault)
	}
	news, err := a.read(ctx, req.Body)
	if fault != nil { // of a stale one the timeline is told whose it was
		news, err = channel.Callback{ID: news.ID, Operation: news.Operation}, fault
	}
	if err != nil {
		return news, fmt.Errorf("wechatpay notification %.64s: %w", news.ID, err)
	}
	return news, nil
}

func (a *account) read(ctx context.Context, body []byte) (channel.Callback, error) {
	var n notice
	if err := json.Unmarshal(body, &n); err != nil || n.ID == "" || n.EventType == "" {
		return channel.Callback{}, fmt.Errorf("%w: not a notification", channel.ErrMalformed)
	}
	news := channel.Callback{ID: n.ID, Ack: channel.Ack{Status: http.StatusNoContent}}
	tell := a.kind(n)
	if tell == nil {
		return news, nil
	}
	id, result, err := a.tidings(ctx, n, tell)
	if err != nil && !heard(n.EventType) && errors.Is(err, channel.ErrMalformed) {
		return news, nil // an event of tomorrow, with a resource of its own form
	}
	news.Operation = id
	switch {
	case id == "" || err != nil:
		return news, err
	case !heard(n.EventType):
		result = channel.Result{State: paymux.OpUnknown, Code: n.EventType, ChannelID: result.ChannelID, Money: result.Money}
	}
	news.Result = result
	return news, nil
}

// tidings opens the resource of a notification and reads it.
func (a *account) tidings(ctx context.Context, n notice, tell teller) (paymux.OperationID, channel.Result, error) {
	plain, err := a.open(ctx, n.Resource.sealed)
	if err != nil {
		return "", channel.Result{}, fmt.Errorf("open the resource: %w", err)
	}
	return tell(plain)
}

// heard reports whether an event's meaning is known. That of others is not read out of their resource.
func heard(event string) bool {
	switch event {
	case "TRANSACTION.SUCCESS", "REFUND.SUCCESS", "REFUND.ABNORMAL", "REFUND.CLOSED":
		return true
	}
	return false
}

// teller reads a resource: whose news it is, empty where it is not ours, and what it says.
type teller func(plain []byte) (paymux.OperationID, channel.Result, error)

// kind is how the resource of a notification is read; nil where it is about neither orders nor refunds.
func (a *account) kind(n notice) teller {
	switch {
	case strings.HasPrefix(n.EventType, "TRANSACTION."):
		return a.orderNews
	case strings.HasPrefix(n.EventType, "REFUND."):
		return a.refundNews
	}
	return nil
}

func (a *account) orderNews(plain []byte) (paymux.OperationID, channel.Result, error) {
	var o orderState
	if err := json.Unmarshal(plain, &o); err != nil || o.OutTradeNo == "" || o.TradeState == "" {
		return operationOf(o.OutTradeNo), channel.Result{}, fmt.Errorf("%w: the resource is not a transaction", channel.ErrMalformed)
	}
	id := operationOf(o.OutTradeNo)
	if o.MchID != a.mchID || o.AppID != a.appID {
		return id, channel.Result{}, errOtherMerchant
	}
	if o.Attach != "" && o.Attach != string(id) {
		id = ""
	}
	return id, o.outcome(), nil
}

func (a *account) refundNews(plain []byte) (paymux.OperationID, channel.Result, error) {
	var f refundState
	if err := json.Unmarshal(plain, &f); err != nil || f.OutRefundNo == "" || f.RefundStatus == "" {
		return operationOf(f.OutRefundNo), channel.Result{}, fmt.Errorf("%w: the resource is not a refund", channel.ErrMalformed)
	}
	id := operationOf(f.OutRefundNo)
	if f.MchID != a.mchID {
		return id, channel.Result{}, errOtherMerchant
	}
	return id, f.outcome(), nil
}

// errOtherMerchant: the platform has signed it, and it is not this account's to believe.
var errOtherMerchant = fmt.Errorf("%w: it is about another merchant number or AppID", channel.ErrForeign)

// operationOf is the operation behind an order or refund number; empty where the number is not one of ours.
func operationOf(number string) paymux.OperationID {
	id := paymux.PrefixOperation + number
	if _, ok := paymux.TimeOf(id); !ok {
		return ""
	}
	return paymux.OperationID(id)
}
