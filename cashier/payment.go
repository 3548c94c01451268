package cashier

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/paymux/paymux"
)

// showPayment is the page of one payment, by its status and what the payer has to do.
func (s *cashier) showPayment(w http.ResponseWriter, r *http.Request) {
	p, ok := s.payment(w, r)
	if !ok {
		return
	}
	m, err := s.Links.Merchant(r.Context(), p.Merchant)
	if err != nil {
		s.failed(w, r, "find merchant", err)
		return
	}
	v := s.view(w, r)
	v.ofPayment(p, m, s.Now())
	if v.Kind == "choose" {
		if v.Methods, err = s.methods(r, p.Merchant, p.Money(), p.AllowedMethods); err != nil {
			s.failed(w, r, "find methods", err)
			return
		}
		if p.Method.Type != "" {
			v.Methods = []paymux.MethodType{p.Method.Type}
		}
		v.Action = fmt.Sprintf("/pay/%s/confirm", p.ID)
		v.Attempt = strconv.FormatInt(p.Version, 10)
		v.Notice = notice(r)
	}
	s.show(w, r, http.StatusOK, v)
}

// methods are what the payer may choose from: what can be routed, and where the merchant named some, only those.
func (s *cashier) methods(r *http.Request, merchant paymux.MerchantID, m paymux.Money, allowed []paymux.MethodType) ([]paymux.MethodType, error) {
	routable, err := s.Payments.Methods(r.Context(), merchant, m)
	if err != nil || len(allowed) == 0 {
		return routable, err
	}
	return slices.DeleteFunc(slices.Clone(allowed), func(t paymux.MethodType) bool { return !slices.Contains(routable, t) }), nil
}

// confirm sends a created payment on its way with the method the payer chose. The page's
// version is part of the idempotency key: a double click is one request.
func (s *cashier) confirm(w http.ResponseWriter, r *http.Request) {
	p, ok := s.payment(w, r)
	if !ok {
		return
	}
	page := "/pay/" + string(p.ID)
	method, attempt, ok := chosen(w, r)
	if _, err := strconv.ParseInt(attempt, 10, 64); !ok || err != nil {
		sameSite(w, r, page+"?notice=choose")
		return
	}
	m, err := s.Links.Merchant(r.Context(), p.Merchant)
	if err != nil {
		s.failed(w, r, "find merchant", err)
		return
	}
	key := fmt.Sprintf("cashier:%s:%s", p.ID, attempt)
	reply, err := s.Payments.Confirm(r.Context(), paymux.ConfirmPayment{
		Caller:    s.caller(r, m, p.Livemode, key, "chose "+string(method)),
		Payment:   p.ID,
		Method:    paymux.Method{Type: method},
		ReturnURL: p.ReturnURL,
	})
	sameSite(w, r, page+s.after(r, outcome(reply, err)))
}

// chosen reads the form of a choice: a method and the attempt the page stood for.
func chosen(w http.ResponseWriter, r *http.Request) (method paymux.MethodType, attempt string, ok bool) {
	r.Body = http.MaxBytesReader(w, r.Body, 4096)
	if err := r.ParseForm(); err != nil {
		return "", "", false
	}
	method = paymux.MethodType(r.PostForm.Get("method"))
	return method, r.PostForm.Get("attempt"), slices.Contains(paymux.MethodTypes(), method)
}

// after is the query of the page that follows a choice. Where the payment itself
// shows what happened, that is all the payer needs to see.
func (s *cashier) after(r *http.Request, err error) string {
	var told *paymux.Error
	switch {
	case err == nil, errors.Is(err, paymux.PaymentDeclined), errors.Is(err, paymux.StateConflict), errors.Is(err, paymux.OutcomeUnknown),
		errors.Is(err, paymux.KeyInFlight), errors.Is(err, paymux.KeyReused):
		return "?go=1"
	case errors.As(err, &told) && (told.Code == paymux.NoChannel || told.Code == paymux.Unsupported || told.Code == paymux.InvalidRequest):
		return "?notice=method"
	}
	s.Log.ErrorContext(r.Context(), "cashier: the payer's choice could not be carried out", "path", r.URL.Path, "error", err)
	return "?notice=later"
}

// notice is the key of a word above the form, if the page was asked to show one we know.
func notice(r *http.Request) string {
	switch r.URL.Query().Get("notice") {
	case "choose":
		return "notice.choose"
	case "method":
		return "notice.method"
	case "later":
		return "notice.later"
	}
	return ""
}
