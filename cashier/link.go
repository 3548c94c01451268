package cashier

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/paymux/paymux"
)

// showLink is the page of a payment link: a choice while nothing has been paid,
// otherwise the way to the payment it has led to.
func (s *cashier) showLink(w http.ResponseWriter, r *http.Request) {
	l, m, ok := s.link(w, r)
	if !ok {
		return
	}
	v := s.view(w, r)
	v.ofLink(l, m)
	newest, err := s.newest(r, l)
	if err != nil {
		s.failed(w, r, "find the link's payment", err)
		return
	}
	switch {
	case newest != nil && !newest.Status.EndedUnpaid():
		if v.Kind = "paid"; !paid(newest.Status) {
			sameSite(w, r, "/pay/"+string(newest.ID))
			return
		}
		v.Payment = string(newest.ID)
	case l.Status != paymux.LinkActive:
		v.Kind = "link-canceled"
	case expired(l, s):
		v.Kind = "link-expired"
	default:
		v.Kind, v.Notice = "choose", notice(r)
		v.Action = fmt.Sprintf("/pay/l/%s/pay", l.ID)
		if newest != nil {
			v.Attempt, v.Why = string(newest.ID), why(*newest)
		}
		if v.Methods, err = s.methods(r, l.Merchant, paymux.Money{Amount: l.Amount, Currency: l.Currency}, l.AllowedMethods); err != nil {
			s.failed(w, r, "find methods", err)
			return
		}
	}
	s.show(w, r, http.StatusOK, v)
}

// payLink makes the payment, sends it on its way and shows it. The attempt, the payment
// that came before, is part of the idempotency key: a double click makes one payment.
func (s *cashier) payLink(w http.ResponseWriter, r *http.Request) {
	l, m, ok := s.link(w, r)
	if !ok {
		return
	}
	page := "/pay/l/" + string(l.ID)
	method, attempt, ok := chosen(w, r)
	if !ok || attempt != "" && s.IDs.Check(paymux.PrefixPayment, attempt) != nil {
		sameSite(w, r, page+"?notice=choose")
		return
	}
	if l.Status != paymux.LinkActive || expired(l, s) {
		sameSite(w, r, page)
		return
	}
	switch newest, err := s.newest(r, l); {
	case err != nil:
		s.failed(w, r, "find the link's payment", err)
		return
	case newest != nil && !newest.Status.EndedUnpaid():
		sameSite(w, r, "/pay/"+string(newest.ID))
		return
	}
	reply, err := s.Payments.Create(r.Context(), paymux.CreatePayment{
		Caller:          s.caller(r, m, l.Livemode, fmt.Sprintf("cashier:%s:%s", l.ID, attempt), "chose "+string(method)+" on the payment link"),
		Money:           paymux.Money{Amount: l.Amount, Currency: l.Currency},
		MerchantOrderID: l.MerchantOrderID,
		Description:     l.Description,
		Method:          paymux.Method{Type: method},
		AllowedMethods:  l.AllowedMethods,
		CaptureMethod:   paymux.CaptureAutomatic,
		Confirm:         true,
		ReturnURL:       l.ReturnURL,
		Link:            l.ID,
		Metadata:        l.Metadata,
	})
	err = outcome(reply, err)
	if id := s.made(r, l.ID, reply, err); id != "" {
		sameSite(w, r, "/pay/"+string(id)+"?go=1")
		return
	}
	sameSite(w, r, page+s.after(r, err))
}

// made is the payment a request led to: the reply's, or, where another request came
// first, the one that request made.
func (s *cashier) made(r *http.Request, link paymux.LinkID, reply paymux.Reply, err error) paymux.PaymentID {
	var object struct {
		ID paymux.PaymentID `json:"id"`
	}
	if json.Unmarshal(reply.Object, &object) == nil && object.ID != "" {
		return object.ID
	}
	if errors.Is(err, paymux.KeyInFlight) || errors.Is(err, paymux.KeyReused) || errors.Is(err, paymux.OrderInUse) {
		if l, err := s.Links.Link(r.Context(), link); err == nil {
			return l.Payment
		}
	}
	return ""
}

// outcome is what went wrong, wherever the verb put it.
func outcome(reply paymux.Reply, err error) error {
	if err == nil && reply.Error != nil {
		return reply.Error
	}
	return err
}

// link reads the link named in the path, and whose it is. ok is false where the answer was given already.
func (s *cashier) link(w http.ResponseWriter, r *http.Request) (l paymux.Link, m paymux.Merchant, ok bool) {
	id := r.PathValue("link")
	if err := s.IDs.Check(paymux.PrefixLink, id); err != nil {
		s.notFound(w, r)
		return l, m, false
	}
	l, err := s.Links.Link(r.Context(), paymux.LinkID(id))
	if err == nil {
		m, err = s.Links.Merchant(r.Context(), l.Merchant)
	}
	if err != nil {
		s.failed(w, r, "find payment link", err)
		return l, m, false
	}
	return l, m, true
}

// newest is the payment the link has led to last, or nil.
func (s *cashier) newest(r *http.Request, l paymux.Link) (*paymux.Payment, error) {
	if l.Payment == "" {
		return nil, nil
	}
	p, err := s.Payments.Find(r.Context(), l.Payment)
	if err != nil {
		return nil, err
	}
	return &p, nil
}

func expired(l paymux.Link, s *cashier) bool {
	return !l.ExpiresAt.IsZero() && !s.Now().Before(l.ExpiresAt)
}
