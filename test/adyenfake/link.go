package adyenfake

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

type link struct {
	id        string
	reference string
	amount    amount
	manual    bool
	status    string // active, completed or expired
	expiresAt string
}

type linkRequest struct {
	MerchantAccount   string            `json:"merchantAccount"`
	Reference         string            `json:"reference"`
	Amount            *amount           `json:"amount"`
	AllowedMethods    []string          `json:"allowedPaymentMethods"`
	ReturnURL         string            `json:"returnUrl"`
	Description       string            `json:"description"`
	ExpiresAt         string            `json:"expiresAt"`
	CountryCode       string            `json:"countryCode"`
	ManualCapture     bool              `json:"manualCapture"`
	CaptureDelayHours *int              `json:"captureDelayHours"`
	Metadata          map[string]string `json:"metadata"`
}

func (r *linkRequest) merchant() string { return r.MerchantAccount }

func (r *linkRequest) fault(now time.Time) *refusal {
	if f := r.Amount.fault(); f != nil {
		return f
	}
	at, err := time.Parse(time.RFC3339, r.ExpiresAt)
	switch {
	case r.Reference == "" || len(r.Reference) > 80:
		return invalid("130", "Reference is missing or too long")
	case len(r.AllowedMethods) == 0 || slices.ContainsFunc(r.AllowedMethods, unknownMethod):
		return invalid("29_100", "allowedPaymentMethods holds what is no method")
	case r.ExpiresAt != "" && (err != nil || !at.After(now) || at.After(now.Add(70*24*time.Hour))):
		return invalid("29_001", "expiresAt is out of range")
	case len([]rune(r.Description)) > 280:
		return invalid("29_002", "description is too long")
	}
	return nil
}

func unknownMethod(m string) bool {
	return !slices.Contains([]string{"scheme", "alipay", "wechatpayQR", "wechatpayWeb", "paypal"}, m)
}

func (s *Institution) makeLink(_ *http.Request, in *linkRequest) (int, any, *refusal) {
	if f := in.fault(s.Now()); f != nil {
		return 0, nil, f
	}
	l := &link{
		id: "PL" + newPSP(), reference: in.Reference, amount: *in.Amount, manual: in.ManualCapture,
		status: "active", expiresAt: in.ExpiresAt,
	}
	s.links[l.id] = l
	return http.StatusCreated, s.show(l), nil
}

func (s *Institution) show(l *link) object {
	return object{
		"id": l.id, "merchantAccount": s.Merchant, "reference": l.reference, "amount": l.amount, "status": l.status,
		"expiresAt": l.expiresAt, "url": "https://test.adyen.link/" + l.id,
	}
}

func (s *Institution) readLink(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.links[r.PathValue("id")]
	switch {
	case r.Header.Get("X-API-Key") != s.Key:
		(&refusal{Status: http.StatusUnauthorized, ErrorCode: "000", Message: "Unauthorized", ErrorType: "security"}).send(w)
	case l == nil:
		(&refusal{Status: http.StatusNotFound, ErrorCode: "29_003", Message: "no such link", ErrorType: "validation"}).send(w)
	default:
		send(w, http.StatusOK, s.show(l))
	}
}

type linkUpdate struct {
	Status string `json:"status"`
}

func (*linkUpdate) merchant() string { return anyMerchant }

func (s *Institution) updateLink(r *http.Request, in *linkUpdate) (int, any, *refusal) {
	l := s.links[r.PathValue("id")]
	switch {
	case l == nil || in.Status != "expired":
		return 0, nil, invalid("29_003", "no such link, or no such status")
	case l.status == "completed":
		return 0, nil, invalid("29_004", "the link was paid already")
	case l.status == "active":
		l.status = "expired"
		s.effects[closing+operationOf(l.reference)]++
	}
	return http.StatusOK, s.show(l), nil
}

const closing = "close " // effects of closing a page, which names no operation of its own

// Closed is how often the page of an operation was closed.
func (s *Institution) Closed(operation string) int { return s.Effects(closing + operation) }

// PayOnPage has the payer of an operation pay on Adyen's page. Badly: one attempt fails, and the page stays open.
func (s *Institution) PayOnPage(operation string, well bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.links {
		if operationOf(l.reference) != operation || l.status != "active" {
			continue
		}
		p := &payment{psp: newPSP(), reference: l.reference, amount: l.amount, manual: l.manual}
		s.payments[p.psp] = p
		if !well {
			s.refuse(p, "12", "Not enough balance")
			return
		}
		l.status = "completed"
		s.authorise(p)
		return
	}
	panic("adyenfake: no open page of " + operation)
}

// ExpireLink lets time close the page of an operation.
func (s *Institution) ExpireLink(operation string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.links {
		if strings.HasPrefix(l.reference, operation+"-") && l.status == "active" {
			l.status = "expired"
		}
	}
}
