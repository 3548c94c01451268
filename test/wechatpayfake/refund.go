package wechatpayfake

import (
	"fmt"
	"net/http"
	"time"
)

type refund struct {
	number, id, request, status string
	order                       *order
	amount                      int64
	made                        time.Time
}

func (s *Institution) refundRules() []rule {
	return []rule{
		{"out_trade_no", true, text(6, 32, `^[0-9A-Za-z_|*-]+$`)}, {"out_refund_no", true, text(1, 64, `^[0-9A-Za-z_|*@-]+$`)},
		{"reason", false, text(1, 80, ``)}, {"notify_url", false, notifyURL},
		{"amount", true, object(rule{"refund", true, number}, rule{"total", true, number}, rule{"currency", true, same("CNY")})},
	}
}

// giveBack takes a refund, or answers the same one again.
func (s *Institution) giveBack(in *call) {
	m, request, ok := in.read(s.refundRules())
	if !ok {
		return
	}
	no, o := str(m, "out_refund_no"), s.orders[str(m, "out_trade_no")]
	f := s.refunds[no]
	switch {
	case f != nil && f.request != request:
		in.refuse(http.StatusBadRequest, "INVALID_REQUEST", "订单金额或退款金额与之前请求不一致，请核实后再试")
	case f != nil:
		in.answer = s.shown(f)
	case o == nil || o.transaction == "":
		in.refuse(http.StatusNotFound, "RESOURCE_NOT_EXISTS", "订单不存在")
	case num(m, "amount", "total") != o.total:
		in.refuse(http.StatusBadRequest, "INVALID_REQUEST", "订单金额不一致")
	case s.givenBack(o)+num(m, "amount", "refund") > o.total:
		in.refuse(http.StatusBadRequest, "INVALID_REQUEST", "申请退款金额大于可退金额")
	default:
		f = &refund{number: no, id: fmt.Sprintf("50%026d", len(s.booked)+1), request: request, status: "PROCESSING", order: o, amount: num(m, "amount", "refund"), made: s.Now()}
		s.refunds[no], o.state = f, "REFUND"
		s.moved[no]++
		s.booked = append(s.booked, booking{at: f.made, order: o, refund: f})
		in.answer = s.shown(f)
	}
}

func (s *Institution) givenBack(o *order) (sum int64) {
	for _, f := range s.refunds {
		if f.order == o && f.status != "CLOSED" {
			sum += f.amount
		}
	}
	return sum
}

// showRefund: a refund takes its time, which is over when somebody asks, unless Hold was called.
func (s *Institution) showRefund(in *call) {
	f := s.refunds[in.PathValue("no")]
	if f == nil {
		in.refuse(http.StatusNotFound, "RESOURCE_NOT_EXISTS", "退款单不存在")
		return
	}
	if f.status == "PROCESSING" && !s.held {
		f.status = "SUCCESS"
	}
	in.answer = s.shown(f)
}

func (s *Institution) shown(f *refund) map[string]any {
	return map[string]any{
		"refund_id": f.id, "out_refund_no": f.number, "transaction_id": f.order.transaction, "out_trade_no": f.order.number,
		"channel": "ORIGINAL", "user_received_account": "支付用户零钱", "create_time": f.made.In(beijing()).Format(time.RFC3339),
		"status": f.status, "funds_account": "AVAILABLE",
		"amount": map[string]any{
			"total": f.order.total, "refund": f.amount, "payer_total": f.order.total, "payer_refund": f.amount,
			"settlement_refund": f.amount, "settlement_total": f.order.total, "discount_refund": 0, "currency": "CNY",
		},
	}
}

// Hold keeps refunds in processing until Settle.
func (s *Institution) Hold() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = true
}

// Settle gives a refund its end: SUCCESS, CLOSED or ABNORMAL.
func (s *Institution) Settle(number, status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refunds[number].status = status
}
