package alipay

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// early is how far a notification's time may be ahead of ours.
const early = 15 * time.Minute

// Callback reads a notification (a signed form). It calls nobody. Trades that are not ours, since other
// programs may use the same application, and other kinds of notification are acknowledged and of no interest.
func (a *account) Callback(ctx context.Context, req channel.CallbackRequest) (channel.Callback, error) {
	form, err := formOf(req)
	if err != nil {
		return channel.Callback{}, fmt.Errorf("%w: %w", channel.ErrForged, err)
	}
	about := subjectOf(form)
	refused := func(err error) (channel.Callback, error) {
		return channel.Callback{Operation: about}, fmt.Errorf("alipay notification %q: %w", form["notify_id"], err)
	}
	if err := a.authentic(form); err != nil {
		return refused(err)
	}
	if err := a.fresh(form["notify_time"]); err != nil {
		return refused(err)
	}
	news, err := a.read(ctx, form)
	if err != nil {
		return refused(err)
	}
	news.ID = form["notify_id"]
	news.Ack = channel.Ack{Status: http.StatusOK, ContentType: "text/plain", Body: []byte("success")}
	return news, nil
}

// authentic wants Alipay's signature over every parameter but sign and sign_type, and the notification to be
// for this application and its seller.
func (a *account) authentic(form map[string]string) error {
	if form["sign_type"] != "RSA2" {
		return fmt.Errorf("%w: sign_type is not RSA2", channel.ErrForged)
	}
	if err := a.trust.notification([]byte(notified(form)), form["sign"]); err != nil {
		return fmt.Errorf("%w: %w", channel.ErrForged, err)
	}
	if form["app_id"] != a.appID {
		return fmt.Errorf("%w: it is for another application", channel.ErrForeign)
	}
	if seller := form["seller_id"]; a.sellerID != "" && seller != "" && seller != a.sellerID {
		return fmt.Errorf("%w: it is for another seller", channel.ErrForeign)
	}
	return nil
}

// notified is what a notification's signature covers: unlike in a request, parameters without a value, too.
func notified(form map[string]string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(form)) {
		if name != "sign" && name != "sign_type" {
			parts = append(parts, name+"="+form[name])
		}
	}
	return strings.Join(parts, "&")
}

func (a *account) fresh(text string) error {
	at, err := time.ParseInLocation(clock, text, beijing)
	if err != nil {
		return fmt.Errorf("%w: notify_time", channel.ErrMalformed)
	}
	if age := a.now().Sub(at); age > a.tolerance || age < -early {
		return fmt.Errorf("%w: made %s from now", channel.ErrStale, age.Truncate(time.Second))
	}
	return nil
}

// subjectOf is the operation a form speaks of, believed or not: a refund where it reports one, else the payment. Empty
// for what is none of ours.
func subjectOf(form map[string]string) paymux.OperationID {
	number := form["out_trade_no"]
	if refunded(form) {
		number = form["out_biz_no"]
	}
	id, ok := operation(number)
	if !ok {
		return ""
	}
	return id
}

// refunded reports whether a notification is about a refund. It says TRADE_SUCCESS, or TRADE_CLOSED after the last one, and is
// no news of the payment: that one was paid long before.
func refunded(form map[string]string) bool {
	fee := decimal(form["refund_fee"])
	return form["gmt_refund"] != "" || fee != "" && fee.money().Amount != 0
}

func (a *account) read(ctx context.Context, form map[string]string) (channel.Callback, error) {
	if kind := form["notify_type"]; kind != "" && kind != "trade_status_sync" {
		return channel.Callback{}, nil
	}
	for _, name := range []string{"notify_id", "out_trade_no", "trade_no", "trade_status", "total_amount"} {
		if form[name] == "" {
			return channel.Callback{}, fmt.Errorf("%w: no %s", channel.ErrMalformed, name)
		}
	}
	stated := decimal(form["total_amount"]).money()
	if stated.Amount < 0 {
		return channel.Callback{}, fmt.Errorf("%w: total_amount", channel.ErrMalformed)
	}
	about := subjectOf(form)
	if about == "" {
		return channel.Callback{}, nil
	}
	if refunded(form) {
		return channel.Callback{Operation: about, Result: a.refundNews(ctx, form)}, nil
	}
	got := answer{TradeNo: form["trade_no"], TradeStatus: form["trade_status"], TotalAmount: decimal(form["total_amount"])}
	return channel.Callback{Operation: about, Result: a.payOutcome(ctx, got)}, nil
}

// refundNews: Alipay notifies of refunds that were made. refund_fee is the sum of all refunds of the
// trade, so the amount of this one is not stated.
func (a *account) refundNews(ctx context.Context, form map[string]string) channel.Result {
	r := channel.Result{State: paymux.OpUnknown, ChannelID: form["trade_no"], Code: form["trade_status"]}
	switch form["trade_status"] {
	case statusPaid, statusClosed, statusFinished:
		r.State = paymux.OpSucceeded
	default:
		a.unheardOf(ctx, "trade_status of a refund", form["trade_status"])
	}
	return r
}
