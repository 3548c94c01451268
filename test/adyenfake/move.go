package adyenfake

import "net/http"

type modification struct {
	MerchantAccount string  `json:"merchantAccount"`
	Reference       string  `json:"reference"`
	Amount          *amount `json:"amount"`
}

func (r *modification) merchant() string { return r.MerchantAccount }

type refundRequest struct {
	modification
	Reason string `json:"merchantRefundReason"`
}

type cancelRequest struct {
	MerchantAccount string `json:"merchantAccount"`
	Reference       string `json:"reference"`
}

func (r *cancelRequest) merchant() string { return r.MerchantAccount }

type standaloneCancel struct {
	cancelRequest
	PaymentReference string `json:"paymentReference"`
}

// of finds the payment that a modification is of, and checks its amount.
func (s *Institution) of(r *http.Request, sum *amount, needed bool) (*payment, *refusal) {
	p := s.payments[r.PathValue("psp")]
	if p == nil {
		return nil, invalid("167", "Original pspReference required for this operation")
	}
	if !needed {
		return p, nil
	}
	if f := sum.fault(); f != nil {
		return nil, f
	}
	if sum.Currency != p.amount.Currency {
		return nil, invalid("138", "The currency is not the payment's")
	}
	return p, nil
}

func (s *Institution) received(p *payment, psp, reference string, sum *amount) object {
	out := object{"status": "received", "pspReference": psp, "paymentPspReference": p.psp, "merchantAccount": s.Merchant, "reference": reference}
	if sum != nil {
		out["amount"] = sum
	}
	return out
}

// capture is received whatever it asks for; the webhook says whether it was done.
func (s *Institution) capture(r *http.Request, in *modification) (int, any, *refusal) {
	p, f := s.of(r, in.Amount, true)
	if f != nil {
		return 0, nil, f
	}
	psp := newPSP()
	done := p.state == "authorised" && p.manual && p.captured == 0 && in.Amount.Value <= p.amount.Value
	if done {
		p.captured = in.Amount.Value // the rest is released
		s.took(in.Reference)
		s.book("SentForSettle", p, in.Reference, *in.Amount)
	}
	s.tell("CAPTURE", psp, p.psp, in.Reference, *in.Amount, done, unless(done, "Insufficient balance on payment"))
	return http.StatusCreated, s.received(p, psp, in.Reference, in.Amount), nil
}

func (s *Institution) refund(r *http.Request, in *refundRequest) (int, any, *refusal) {
	p, f := s.of(r, in.Amount, true)
	if f != nil {
		return 0, nil, f
	}
	psp := newPSP()
	done := in.Amount.Value <= p.captured-p.refunded
	if done {
		p.refunded += in.Amount.Value
		s.took(in.Reference)
		s.book("SentForRefund", p, in.Reference, *in.Amount)
	}
	s.tell("REFUND", psp, p.psp, in.Reference, *in.Amount, done, unless(done, "Insufficient balance on payment"))
	return http.StatusCreated, s.received(p, psp, in.Reference, in.Amount), nil
}

func (s *Institution) cancel(r *http.Request, in *cancelRequest) (int, any, *refusal) {
	p, f := s.of(r, nil, false)
	if f != nil {
		return 0, nil, f
	}
	psp := newPSP()
	s.release(p, "CANCELLATION", psp, in.Reference)
	return http.StatusCreated, s.received(p, psp, in.Reference, nil), nil
}

func (s *Institution) cancelByReference(_ *http.Request, in *standaloneCancel) (int, any, *refusal) {
	psp := newPSP()
	out := object{"status": "received", "pspReference": psp, "paymentReference": in.PaymentReference, "merchantAccount": s.Merchant, "reference": in.Reference}
	for _, p := range s.payments {
		if p.reference == in.PaymentReference {
			s.release(p, "TECHNICAL_CANCEL", psp, in.Reference)
			return http.StatusCreated, out, nil
		}
	}
	return 0, nil, invalid("167", "no payment has that reference")
}

// release cancels what has brought no money.
func (s *Institution) release(p *payment, event, psp, reference string) {
	done := p.captured == 0 && (p.state == "authorised" || p.state == "waiting")
	if done {
		p.state = "cancelled"
		s.took(reference)
	}
	s.tell(event, psp, p.psp, reference, p.amount, done, unless(done, "Transaction hasn't been authorised"))
}

func unless(done bool, reason string) string {
	if done {
		return ""
	}
	return reason
}
