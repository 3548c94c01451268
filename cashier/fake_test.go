package cashier_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/cashier"
)

var (
	ids = paymux.NewIDs([]byte("0123456789abcdef"), 1, time.Now)
	now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
)

// house is a payment room of maps, as small as the cashier's interfaces allow.
type house struct {
	mu       sync.Mutex
	payments map[paymux.PaymentID]paymux.Payment
	links    map[paymux.LinkID]paymux.Link
	answers  map[string]paymux.Reply
	made     int
	confirms []paymux.ConfirmPayment
	creates  []paymux.CreatePayment
	methods  []paymux.MethodType
	fault    error // what Find and the verbs answer instead
	changed  chan struct{}
	name     string // of the merchant
}

func newHouse() *house {
	return &house{
		payments: map[paymux.PaymentID]paymux.Payment{}, links: map[paymux.LinkID]paymux.Link{}, answers: map[string]paymux.Reply{},
		methods: []paymux.MethodType{paymux.Card, paymux.WeChatPay, paymux.Alipay, paymux.BankTransfer}, changed: make(chan struct{}, 1), name: "Tea House",
	}
}

func (h *house) Find(_ context.Context, id paymux.PaymentID) (paymux.Payment, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	p, ok := h.payments[id]
	if !ok {
		return p, paymux.Errorf(paymux.NotFound, "no payment %s", id)
	}
	return p, h.fault
}

func (h *house) Create(_ context.Context, r paymux.CreatePayment) (paymux.Reply, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if before, ok := h.answers[r.Idempotency]; ok {
		return before, nil
	}
	if h.fault != nil {
		return paymux.Reply{}, h.fault
	}
	h.creates = append(h.creates, r)
	h.made++
	p := h.payment(paymux.RequiresAction)
	p.Amount, p.Currency, p.Link, p.Method = r.Money.Amount, r.Money.Currency, r.Link, r.Method
	p.NextAction = &paymux.NextAction{Type: paymux.ActionRedirect, Redirect: &paymux.Redirect{URL: "https://bank.example/authorize", Method: "GET"}}
	h.payments[p.ID] = p
	l := h.links[r.Link]
	l.Payment = p.ID
	h.links[r.Link] = l
	object, _ := json.Marshal(p)
	h.answers[r.Idempotency] = paymux.Reply{Object: object, Created: true}
	return h.answers[r.Idempotency], nil
}

func (h *house) Confirm(_ context.Context, r paymux.ConfirmPayment) (paymux.Reply, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.confirms = append(h.confirms, r)
	return paymux.Reply{}, h.fault
}

func (h *house) Methods(context.Context, paymux.MerchantID, paymux.Money) ([]paymux.MethodType, error) {
	return slices.Clone(h.methods), nil
}

func (h *house) Link(_ context.Context, id paymux.LinkID) (paymux.Link, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	l, ok := h.links[id]
	if !ok {
		return l, paymux.NotFound
	}
	return l, nil
}

func (h *house) Merchant(_ context.Context, id paymux.MerchantID) (paymux.Merchant, error) {
	return paymux.Merchant{ID: id, Name: h.name}, nil
}

// payment is one of 12.50 yuan in a status.
func (h *house) payment(status paymux.PaymentStatus) paymux.Payment {
	return paymux.Payment{
		ID: paymux.PaymentID(ids.New(paymux.PrefixPayment)), Status: status, Amount: 1250, Currency: "CNY", Merchant: "mer_1",
		MerchantOrderID: "A-1001", Description: "Two cups of tea", ReturnURL: "https://shop.example/thanks",
		Method: paymux.Method{}, Version: 3, ExpiresAt: now.Add(15 * time.Minute), UpdatedAt: now, Livemode: true,
	}
}

// keep puts a payment into the house, changed first.
func (h *house) keep(status paymux.PaymentStatus, change func(*paymux.Payment)) paymux.Payment {
	p := h.payment(status)
	if change != nil {
		change(&p)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.payments[p.ID] = p
	return p
}

func (h *house) keepLink(change func(*paymux.Link)) paymux.Link {
	l := paymux.Link{
		ID: paymux.LinkID(ids.New(paymux.PrefixLink)), Status: paymux.LinkActive, Amount: 1250, Currency: "CNY", Merchant: "mer_1",
		MerchantOrderID: "A-1001", Description: "Two cups of tea", ExpiresAt: now.Add(time.Hour), Livemode: true,
	}
	if change != nil {
		change(&l)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.links[l.ID] = l
	return l
}

func (h *house) handler(t testing.TB) http.Handler {
	return cashier.New(cashier.Config{
		Payments: h, Links: h, PublicURL: "https://pay.example", IDs: ids, Now: func() time.Time { return now },
		Watch: func(context.Context, paymux.PaymentID) <-chan struct{} { return h.changed },
		Log:   slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
}

// get asks for a page in a language.
func get(t testing.TB, h http.Handler, path, lang string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Header.Set("Accept-Language", lang)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func post(t testing.TB, h http.Handler, path string, form url.Values) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func body(t testing.TB, w *httptest.ResponseRecorder) string {
	t.Helper()
	b, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
