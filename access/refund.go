package access

import (
	"context"
	"net/http"

	"github.com/paymux/paymux"
)

type refundBody struct {
	Payment          string            `json:"payment" need:"true" len:"1-64" format:"id" doc:"the payment to give back from" example:"pay_01KAN7PQ4E9C3H7B1D5F8G2J6K"`
	Amount           int64             `json:"amount" need:"false" range:"1-999999999999" doc:"in minor units; all that is left if not given" example:"500"`
	Reason           string            `json:"reason" need:"false" len:"0-255" example:"requested_by_customer"`
	MerchantRefundID string            `json:"merchant_refund_id" need:"false" len:"1-64" doc:"the refund's number at the merchant" example:"R-1001"`
	Metadata         map[string]string `json:"metadata" need:"false" doc:"up to 50 entries of the merchant's own"`
}

func (s *Server) refundRoutes() []route {
	refund := schemaFor[paymux.Refund]("Refund")
	return []route{
		{
			method: http.MethodPost, path: "/v1/refunds", id: "createRefund", tag: "Refunds", summary: "Create a refund",
			doc:     "Gives money of a payment back, all or part, once or several times.",
			service: paymux.ServiceRefund, body: schemaFor[refundBody]("RefundCreate"), key: keyRequired,
			reply: refund, status: http.StatusCreated, pending: true, payer: true, serve: s.do(s.refund),
		},
		{
			method: http.MethodGet, path: "/v1/refunds", id: "listRefunds", tag: "Refunds", summary: "List refunds",
			doc: "Newest first.", service: paymux.ServiceQuery, reply: schemaFor[page[paymux.Refund]]("RefundList"),
			query: []param{cursorParam(), limitParam(), idParam("payment", "of this payment")}, serve: s.listRefunds,
		},
		{
			method: http.MethodGet, path: "/v1/refunds/{id}", id: "getRefund", tag: "Refunds", summary: "Retrieve a refund",
			service: paymux.ServiceQuery, prefix: paymux.PrefixRefund, reply: refund, serve: s.getRefund,
		},
	}
}

func (s *Server) refund(ctx context.Context, in input) (paymux.Reply, error) {
	b, err := decode[refundBody](in.body)
	if err != nil {
		return paymux.Reply{}, err
	}
	if err := s.ids.Check(paymux.PrefixPayment, b.Payment); err != nil {
		return paymux.Reply{}, at(err, in.at+".payment")
	}
	return s.payments.Refund(ctx, paymux.CreateRefund{
		Caller: in.caller, Payment: paymux.PaymentID(b.Payment), Amount: b.Amount,
		Reason: b.Reason, MerchantRefundID: b.MerchantRefundID, Metadata: b.Metadata,
	})
}

func (s *Server) listRefunds(ctx context.Context, c *call) (answer, error) {
	p, err := s.page(c, paymux.PrefixRefund)
	if err != nil {
		return answer{}, err
	}
	payment, err := s.optionalID(c, "payment", paymux.PrefixPayment)
	if err != nil {
		return answer{}, err
	}
	return listAnswer(p, func(p paymux.Page) ([]paymux.Refund, error) {
		return s.queries.Refunds(ctx, paymux.RefundFilter{Merchant: c.caller.Merchant, Payment: paymux.PaymentID(payment), Page: p})
	}, func(r *paymux.Refund) string { return string(r.ID) })
}

func (s *Server) getRefund(ctx context.Context, c *call) (answer, error) {
	r, err := s.queries.RefundByID(ctx, c.caller.Merchant, paymux.RefundID(c.id))
	if err != nil {
		return answer{}, err
	}
	return answerWith(http.StatusOK, r)
}
