package access

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/paymux/paymux"
)

func (s *Server) paymentRoutes() []route {
	payment := schemaFor[paymux.Payment]("Payment")
	const path, one = "/v1/payments", "/v1/payments/{id}"
	action := func(verb, id, summary, doc string, service paymux.ServiceType, body *schema, v verb) route {
		return route{
			method: http.MethodPost, path: one + "/" + verb, id: id, tag: "Payments", summary: summary, doc: doc,
			service: service, prefix: paymux.PrefixPayment, body: body, bodyOK: true, key: keyRequired,
			reply: payment, pending: true, payer: true, serve: s.do(v),
		}
	}
	sync := action("sync", "syncPayment", "Ask the institution now", "Asks the institution for the outcome and answers with what is then known. It changes nothing at the institution and may be repeated freely; an Idempotency-Key is not needed.", paymux.ServiceQuery, schemaFor[emptyBody](""), s.sync)
	sync.key, sync.payer = keyNone, false
	return []route{
		{
			method: http.MethodPost, path: path, id: "createPayment", tag: "Payments", summary: "Create a payment",
			doc:     "Makes a payment and, with confirm, sends it to a channel at once. next_action says what the payer has to do.",
			service: paymux.ServicePay, body: schemaFor[createBody]("PaymentCreate"), key: keyRequired,
			reply: payment, status: http.StatusCreated, pending: true, payer: true, serve: s.do(s.create),
		},
		{
			method: http.MethodGet, path: path, id: "listPayments", tag: "Payments", summary: "List payments",
			doc: "Newest first.", service: paymux.ServiceQuery, reply: schemaFor[page[paymux.Payment]]("PaymentList"),
			query: []param{
				cursorParam(), limitParam(),
				timeParam("created[gte]", "made at this time or later"), timeParam("created[lt]", "made before this time"),
				enumParam("status", "in this status", words(paymux.PaymentStatuses())),
				idParam("merchant_order_id", "with this order number of the merchant"),
			},
			serve: s.listPayments,
		},
		{
			method: http.MethodGet, path: one, id: "getPayment", tag: "Payments", summary: "Retrieve a payment",
			doc: "The payment as it stands. expand[] adds its operations and refunds.", service: paymux.ServiceQuery,
			prefix: paymux.PrefixPayment, reply: schemaFor[expandedPayment]("PaymentExpanded"), serve: s.getPayment,
			query: []param{{name: "expand[]", many: true, schema: &schema{kind: kindString, enum: []string{"operations", "refunds"}, doc: "what to add"}}},
		},
		action("confirm", "confirmPayment", "Confirm a payment", "Sends a created payment to a channel, with the method the payer chose.", paymux.ServicePay, schemaFor[confirmBody]("PaymentConfirm"), s.confirm),
		action("capture", "capturePayment", "Capture a payment", "Takes reserved money, all of it or part.", paymux.ServiceCapture, schemaFor[captureBody]("PaymentCapture"), s.capture),
		action("cancel", "cancelPayment", "Cancel a payment", "Ends a payment that has brought no money, or releases what is reserved.", paymux.ServiceCancel, schemaFor[cancelBody]("PaymentCancel"), s.cancel),
		sync,
		{
			method: http.MethodGet, path: one + "/timeline", id: "getTimeline", tag: "Payments", summary: "Retrieve a payment's timeline",
			doc: "Every hop of the payment, oldest first: API calls, route, channel calls, callbacks, changes, notifications.", service: paymux.ServiceQuery,
			prefix: paymux.PrefixPayment, reply: schemaFor[page[paymux.Hop]]("Timeline"), serve: s.getTimeline,
		},
		{
			method: http.MethodGet, path: one + "/operations", id: "listOperations", tag: "Payments", summary: "List a payment's operations",
			doc: "What was asked of institutions, oldest first.", service: paymux.ServiceQuery,
			prefix: paymux.PrefixPayment, reply: schemaFor[page[paymux.Operation]]("OperationList"), serve: s.listOperations,
		},
	}
}

func (s *Server) listPayments(ctx context.Context, c *call) (answer, error) {
	p, err := s.page(c, paymux.PrefixPayment)
	if err != nil {
		return answer{}, err
	}
	f := paymux.PaymentFilter{
		Merchant: c.caller.Merchant, MerchantOrderID: c.query.get("merchant_order_id"),
		Status:      paymux.PaymentStatus(c.query.get("status")),
		CreatedFrom: c.query.time("created[gte]"), CreatedTo: c.query.time("created[lt]"),
	}
	return listAnswer(p, func(p paymux.Page) ([]paymux.Payment, error) {
		f.Page = p
		list, err := s.queries.Payments(ctx, f)
		for i := range list {
			list[i].Routing = list[i].Routing.Shown()
		}
		return list, err
	}, func(p *paymux.Payment) string { return string(p.ID) })
}

// expandedPayment is a payment with what was asked for beside it.
type expandedPayment struct {
	paymux.Payment
	Operations []paymux.Operation `json:"operations,omitempty" doc:"with expand[]=operations"`
	Refunds    []paymux.Refund    `json:"refunds,omitempty" doc:"with expand[]=refunds, the newest 100"`
}

func (s *Server) getPayment(ctx context.Context, c *call) (answer, error) {
	p, err := s.queries.Payment(ctx, c.caller.Merchant, paymux.PaymentID(c.id))
	if err != nil {
		return answer{}, err
	}
	p.Routing = p.Routing.Shown()
	body, err := json.Marshal(p)
	if err != nil {
		return answer{}, err
	}
	expand := c.query["expand[]"]
	if slices.Contains(expand, "operations") {
		list, err := s.queries.Operations(ctx, c.caller.Merchant, p.ID)
		if body, err = with(body, "operations", list, err); err != nil {
			return answer{}, err
		}
	}
	if slices.Contains(expand, "refunds") {
		list, err := s.queries.Refunds(ctx, paymux.RefundFilter{Merchant: c.caller.Merchant, Payment: p.ID, Page: paymux.Page{Limit: maxLimit}})
		if body, err = with(body, "refunds", list, err); err != nil {
			return answer{}, err
		}
	}
	return answer{status: http.StatusOK, body: body}, nil
}

// with adds a list to an object, [] where there is nothing in it.
func with[T any](object []byte, name string, list []T, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	if list == nil {
		list = []T{}
	}
	more, err := json.Marshal(list)
	if err != nil {
		return nil, err
	}
	return bytes.Join([][]byte{bytes.TrimSuffix(object, []byte("}")), []byte(`,"` + name + `":`), more, []byte("}")}, nil), nil
}

func (s *Server) getTimeline(ctx context.Context, c *call) (answer, error) {
	hops, err := s.queries.Timeline(ctx, c.caller.Merchant, paymux.PaymentID(c.id))
	if err != nil {
		return answer{}, err
	}
	return answerWith(http.StatusOK, pageOf(hops))
}

func (s *Server) listOperations(ctx context.Context, c *call) (answer, error) {
	operations, err := s.queries.Operations(ctx, c.caller.Merchant, paymux.PaymentID(c.id))
	if err != nil {
		return answer{}, err
	}
	return answerWith(http.StatusOK, pageOf(operations))
}
