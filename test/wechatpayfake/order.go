package wechatpayfake

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"time"
)

type order struct {
	number, attach, description, openID string
	way, request                        string // as it was placed
	total                               int64
	state                               string
	transaction                         string
	expires, paidAt                     time.Time
}

func (s *Institution) orderRules(way string) []rule {
	rules := []rule{
		{"appid", true, same(s.Merchant.AppID)}, {"mchid", true, same(s.Merchant.MchID)},
		{"description", true, text(1, 127, `^[^\x00-\x1f]*$`)}, {"out_trade_no", true, text(6, 32, `^[0-9A-Za-z_|*-]+$`)},
		{"time_expire", false, instant}, {"attach", false, text(1, 128, ``)}, {"notify_url", true, notifyURL},
		{"amount", true, object(rule{"total", true, number}, rule{"currency", false, same("CNY")})},
	}
	switch way {
	case "jsapi":
		rules = append(rules, rule{"payer", true, object(rule{"openid", true, text(1, 128, ``)})})
	case "h5":
		rules = append(rules, rule{"scene_info", true, object(rule{"payer_client_ip", true, address},
			rule{"h5_info", true, object(rule{"type", true, text(1, 32, `^(iOS|Android|Wap)$`)})})})
	}
	return rules
}

// place takes an order, or answers the same order again.
func (s *Institution) place(in *call, way string) {
	m, request, ok := in.read(s.orderRules(way))
	if !ok {
		return
	}
	no := str(m, "out_trade_no")
	o := s.orders[no]
	if o == nil {
		o = &order{
			number: no, attach: str(m, "attach"), description: str(m, "description"), openID: str(m, "payer", "openid"),
			way: way, request: request, total: num(m, "amount", "total"), state: "NOTPAY",
		}
		o.expires, _ = time.Parse(time.RFC3339, str(m, "time_expire"))
		s.orders[no] = o
	}
	switch {
	case o.state == "SUCCESS" || o.state == "REFUND":
		in.refuse(http.StatusBadRequest, "ORDERPAID", "该订单已支付")
	case o.state == "CLOSED":
		in.refuse(http.StatusBadRequest, "ORDER_CLOSED", "该订单已关闭")
	case o.way != way || o.request != request:
		in.refuse(http.StatusForbidden, "OUT_TRADE_NO_USED", "商户订单号重复")
	default:
		in.answer = ticket(way)
	}
}

// ticket is new each time, for the same order.
func ticket(way string) map[string]string {
	id := "wx" + rand.Text()
	switch way {
	case "native":
		return map[string]string{"code_url": "weixin://wxpay/bizpayurl?pr=" + rand.Text()[:9]}
	case "h5":
		return map[string]string{"h5_url": "https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=" + id + "&package=2150917749"}
	}
	return map[string]string{"prepay_id": id}
}

func (s *Institution) close(in *call) {
	if _, _, ok := in.read([]rule{{"mchid", true, same(s.Merchant.MchID)}}); !ok {
		return
	}
	o := s.orders[in.PathValue("no")]
	switch {
	case o == nil:
		in.refuse(http.StatusNotFound, "ORDER_NOT_EXIST", "订单不存在")
	case o.state == "SUCCESS" || o.state == "REFUND":
		in.refuse(http.StatusBadRequest, "ORDERPAID", "该订单已支付")
	default:
		if o.state != "CLOSED" {
			s.closed[o.number]++
		}
		o.state, in.status = "CLOSED", http.StatusNoContent
	}
}

func (s *Institution) show(in *call) {
	o := s.orders[in.PathValue("no")]
	switch {
	case in.URL.Query().Get("mchid") != s.Merchant.MchID:
		in.refuse(http.StatusBadRequest, "PARAM_ERROR", "mchid is missing or another's")
	case o == nil:
		in.refuse(http.StatusNotFound, "ORDER_NOT_EXIST", "订单不存在")
	default:
		in.answer = s.transaction(o)
	}
}

// transaction is an order as queries and notifications show it.
func (s *Institution) transaction(o *order) map[string]any {
	t := map[string]any{
		"appid": s.Merchant.AppID, "mchid": s.Merchant.MchID, "out_trade_no": o.number, "attach": o.attach,
		"trade_state": o.state, "trade_state_desc": map[string]string{"NOTPAY": "订单未支付", "SUCCESS": "支付成功", "CLOSED": "订单已关闭", "REFUND": "转入退款"}[o.state],
	}
	if o.transaction != "" {
		t["transaction_id"], t["bank_type"], t["trade_type"] = o.transaction, "OTHERS", map[string]string{"native": "NATIVE", "jsapi": "JSAPI", "h5": "MWEB", "app": "APP"}[o.way]
		t["success_time"] = o.paidAt.In(beijing()).Format(time.RFC3339)
		t["payer"] = map[string]string{"openid": o.openID}
		t["amount"] = map[string]any{"total": o.total, "payer_total": o.total, "currency": "CNY", "payer_currency": "CNY"}
	}
	return t
}

func beijing() *time.Location { return time.FixedZone("UTC+8", 8*60*60) }

// Pay is the payer's part. It fails where nothing can be paid.
func (s *Institution) Pay(number string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.orders[number]
	if o == nil || o.state != "NOTPAY" {
		return fmt.Errorf("there is no open order %s", number)
	}
	if !o.expires.IsZero() && s.Now().After(o.expires) {
		return fmt.Errorf("the order %s has expired", number)
	}
	o.state, o.transaction, o.paidAt = "SUCCESS", fmt.Sprintf("42%026d", len(s.booked)+1), s.Now()
	s.moved[number]++
	s.booked = append(s.booked, booking{at: o.paidAt, order: o})
	return nil
}

// Change edits an order as nobody could from outside, such as its amount or its state.
func (s *Institution) Change(number, state string, total int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.orders[number]
	if state != "" {
		o.state = state
	}
	if total != 0 {
		o.total = total
	}
}
