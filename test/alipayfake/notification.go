package alipayfake

import (
	"crypto/rand"
	"encoding/hex"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Notification is what Alipay tells of an order as it stands, made at a time: the parameters, not signed yet. Nil for an order that
// is not known.
func (i *Institution) Notification(number string, at time.Time) map[string]string {
	i.mu.Lock()
	defer i.mu.Unlock()
	t := i.known(number)
	if t == nil {
		return nil
	}
	p := map[string]string{
		"notify_id": notifyID(), "notify_type": "trade_status_sync", "notify_time": at.In(beijing).Format(clock), "version": "1.0", "charset": "utf-8",
		"app_id": i.AppID, "auth_app_id": i.AppID, "seller_id": i.SellerID, "seller_email": "seller@example.com", "buyer_id": t.buyer,
		"out_trade_no": t.number, "trade_no": t.tradeNo, "trade_status": t.status, "total_amount": yuan(t.amount),
		"subject": t.subject, "gmt_create": t.created.In(beijing).Format(clock),
	}
	if t.payments > 0 {
		p["gmt_payment"] = t.paidAt.In(beijing).Format(clock)
		p["receipt_amount"], p["buyer_pay_amount"] = yuan(t.amount), yuan(t.amount)
		p["fund_bill_list"] = `[{"amount":"` + yuan(t.amount) + `","fundChannel":"ALIPAYACCOUNT"}]`
	}
	return p
}

// RefundNotification is what Alipay tells of a refund.
func (i *Institution) RefundNotification(number, refund string, at time.Time) map[string]string {
	p := i.Notification(number, at)
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, f := range i.trades[number].refunds {
		if f.number == refund {
			p["out_biz_no"], p["refund_fee"] = f.number, yuan(i.trades[number].refunded())
			p["gmt_refund"] = f.at.In(beijing).Format(clock + ".000")
		}
	}
	return p
}

// Sign makes the body of a notification: signed, and encoded as Alipay's servers do.
func (i *Institution) Sign(p map[string]string) []byte {
	i.mu.Lock()
	defer i.mu.Unlock()
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(p)) {
		if name != "sign" && name != "sign_type" {
			parts = append(parts, name+"="+p[name])
		}
	}
	values := url.Values{"sign_type": {"RSA2"}, "sign": {signature(i.keys.alipay, []byte(strings.Join(parts, "&")))}}
	for name, value := range p {
		if name != "sign" && name != "sign_type" {
			values.Set(name, value)
		}
	}
	return []byte(values.Encode())
}

func notifyID() string {
	var id [16]byte
	rand.Read(id[:])
	return hex.EncodeToString(id[:])
}
