package test_test

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel/sandbox"
	"github.com/paymux/paymux/client"
)

// scene is one merchant, its endpoint and its own accounts at the institution, in a
// process that others share: what one scene switches on disturbs no other.
type scene struct {
	t *testing.T
	p *process
	*client.Client
	bearer  paymux.Secret
	sink    *sink
	account string // the first of its accounts
}

// newScene makes a merchant that may use these accounts alone.
func newScene(t *testing.T, p *process, policy map[string]any, accounts ...string) *scene {
	t.Helper()
	if policy == nil {
		policy = map[string]any{}
	}
	policy["accounts"] = accounts
	s := &scene{t: t, p: p, account: accounts[0]}
	s.Client, s.bearer = p.merchant(policy)
	s.sink = newSink(t, s.Client)
	return s
}

// wish is a payment of the scene by a method; card is a number, for cards.
func (s *scene) wish(amount int64, method paymux.MethodType, card string) client.PaymentRequest {
	r := client.PaymentRequest{
		Amount: amount, Currency: "CNY", MerchantOrderID: s.t.Name()[max(0, len(s.t.Name())-50):],
		PaymentMethod: &client.PaymentMethod{Type: method},
	}
	if card != "" {
		r.PaymentMethod.Card = &client.Card{Number: card, ExpMonth: 12, ExpYear: 2040, CVC: "123"}
	}
	return r
}

const goodCard = "4242424242424242"

// pay creates a payment that must be answered with a status of HTTP and of the payment.
func (s *scene) pay(r client.PaymentRequest, status int, state paymux.PaymentStatus) *paymux.Payment {
	s.t.Helper()
	var answered client.Answered
	payment, err := s.CreatePayment(s.t.Context(), r, client.Into(&answered))
	if refused, ok := err.(*client.Error); ok {
		payment, err = refused.Payment, nil
	}
	if err != nil || payment == nil || answered.Status != status || payment.Status != state {
		s.t.Fatalf("create: %d, %v, %+v; want %d, %s", answered.Status, err, payment, status, state)
	}
	return payment
}

func (s *scene) payment(id paymux.PaymentID) *paymux.Payment {
	s.t.Helper()
	payment, err := s.Payment(s.t.Context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	return payment
}

func (s *scene) await(what string, limit time.Duration, done func() bool) {
	s.t.Helper()
	if !within(limit, done) {
		s.t.Fatalf("not %s within %s", what, limit)
	}
}

// becomes waits until a payment has a status.
func (s *scene) becomes(id paymux.PaymentID, status paymux.PaymentStatus, limit time.Duration) *paymux.Payment {
	s.t.Helper()
	var now *paymux.Payment
	if !within(limit, func() bool { now = s.payment(id); return now.Status == status }) {
		s.t.Fatalf("%s is %s after %s, not %s:\n%s", id, now.Status, limit, status, s.story(id))
	}
	return now
}

// faults switches the faults of the scene's first account.
func (s *scene) faults(f sandbox.Faults) {
	s.t.Helper()
	s.p.sandboxCall(s.t, http.MethodPut, "accounts/"+s.account+"/faults", f, nil)
}

// payer has the institution do the payer's part of a payment.
func (s *scene) payer(id paymux.PaymentID, verb string) {
	s.t.Helper()
	s.p.sandboxCall(s.t, http.MethodPost, "payments/"+string(id)+"/"+verb, nil, nil)
}

// book is what the institution did for a payment, oldest first: "pay succeeded 1" is a
// pay operation that moved money once.
func (s *scene) book(id paymux.PaymentID) []string {
	s.t.Helper()
	var lines []string
	for _, c := range s.p.charges(s.t, id) {
		lines = append(lines, fmt.Sprintf("%s %s %d", c.Kind, c.State, c.Effects))
	}
	return lines
}

// charges are the book's lines of a payment, oldest first.
func (p *process) charges(t *testing.T, id paymux.PaymentID) []sandbox.Charge {
	t.Helper()
	var list struct{ Data []sandbox.Charge }
	p.sandboxCall(t, http.MethodGet, "charges?limit=1000&payment="+string(id), nil, &list)
	slices.Reverse(list.Data)
	return list.Data
}

func (p *process) sandboxCall(t *testing.T, method, path string, in, out any) {
	t.Helper()
	if err := p.ops().Call(t.Context(), method, "/sandbox/api/"+path, in, out); err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
}

// story is a payment's timeline, a hop a line.
func (s *scene) story(id paymux.PaymentID) string {
	s.t.Helper()
	hops, err := s.Timeline(s.t.Context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	var b strings.Builder
	for _, h := range hops {
		fmt.Fprintf(&b, "%s: %s\n", h.Kind, h.Text)
	}
	return b.String()
}

// tells waits until the timeline has these parts of lines, in this order: what a task
// leaves there is committed with the task's end, soon after its work is seen.
func (s *scene) tells(id paymux.PaymentID, parts ...string) {
	s.t.Helper()
	var story string
	if !within(10*time.Second, func() bool { story = s.story(id); return inOrder(story, parts) }) {
		s.t.Errorf("the timeline does not tell %q, in this order:\n%s", parts, story)
	}
}

func inOrder(text string, parts []string) bool {
	for _, part := range parts {
		_, after, found := strings.Cut(text, part)
		if !found {
			return false
		}
		text = after
	}
	return true
}

// booked compares the institution's book of a payment with what it should say.
func (s *scene) booked(id paymux.PaymentID, want ...string) {
	s.t.Helper()
	if got := s.book(id); !slices.Equal(got, want) {
		s.t.Errorf("the book says %q, not %q", got, want)
	}
}

// told waits until the endpoint has heard of an object, then checks that it heard
// exactly one notification of each of these kinds, and that no other was committed.
func (s *scene) told(object string, want ...paymux.EventType) {
	s.t.Helper()
	s.await(fmt.Sprintf("told of %s: %v", object, want), 20*time.Second, func() bool {
		return !slices.ContainsFunc(want, func(e paymux.EventType) bool { return s.sink.times(object, e) == 0 })
	})
	once := map[paymux.EventType]int{}
	for _, e := range want {
		once[e] = 1
	}
	committed := map[paymux.EventType]int{}
	for e, err := range s.Events(s.t.Context(), client.EventQuery{ObjectID: object}) {
		if err != nil {
			s.t.Fatal(err)
		}
		committed[e.Type]++
	}
	if !maps.Equal(committed, once) {
		s.t.Errorf("events of %s are %v, not one each of %v", object, committed, want)
	}
	if heard := s.sink.heard(object); !maps.Equal(heard, once) {
		s.t.Errorf("%s was told by %v, not by one each of %v", object, heard, want)
	}
	for _, err := range s.sink.refused() {
		s.t.Errorf("a notification did not verify: %v", err)
	}
}

// browser is a payer's: it keeps cookies and stops at every redirect.
func browser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// press opens a page, finds its button in the form and presses it. It returns where the browser is sent.
func press(t *testing.T, page, action string) string {
	t.Helper()
	b := browser(t)
	shown, err := b.Get(page)
	if err != nil {
		t.Fatal(err)
	}
	defer shown.Body.Close()
	html, err := io.ReadAll(shown.Body)
	if err != nil || shown.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s, %v", page, shown.Status, err)
	}
	if !strings.Contains(string(html), `<form method="post"`) || !strings.Contains(string(html), `name="action" value="`+action+`"`) {
		t.Fatalf("the page has no form with %s:\n%s", action, html)
	}
	sent, err := b.PostForm(page, url.Values{"action": {action}})
	if err != nil {
		t.Fatal(err)
	}
	defer sent.Body.Close()
	if sent.StatusCode != http.StatusSeeOther {
		t.Fatalf("POST %s: %s, not 303", page, sent.Status)
	}
	return sent.Header.Get("Location")
}
