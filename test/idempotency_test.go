package test_test

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel/sandbox"
	"github.com/paymux/paymux/client"
)

// One key is one effect and one answer: for requests at the same time, after a power
// cut that follows the answer, and after one in the middle of the call to the institution.
func TestIdempotency(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			p := newProcess(t, engine)
			p.accounts = []string{"{name: cards, channel: sandbox, methods: [card]}"}
			p.start()
			s := newScene(t, p, nil, "cards")
			t.Run("200 at once", func(t *testing.T) { s.on(t).atOnce() })
			t.Run("refused", func(t *testing.T) { s.on(t).keysRefused() })
			t.Run("power cut after the answer", func(t *testing.T) { s.on(t).cutAfterAnswer() })
			t.Run("power cut in mid-flight", func(t *testing.T) { s.on(t).cutInFlight() })
		})
	}
}

// on is the scene for a subtest.
func (s *scene) on(t *testing.T) *scene {
	other := *s
	other.t = t
	return &other
}

// signing is a client that signs, with connections of its own.
func (s *scene) signing() *client.Client {
	s.t.Helper()
	key, err := s.CreateKey(s.t.Context(), client.KeyRequest{Kind: paymux.KeyHMAC, Name: "signing"})
	if err != nil {
		s.t.Fatal(err)
	}
	signer, err := client.SignHMAC(key.ID, key.Secret, time.Now)
	if err != nil {
		s.t.Fatal(err)
	}
	lines := &http.Transport{MaxIdleConnsPerHost: 64}
	s.t.Cleanup(lines.CloseIdleConnections)
	return s.p.client(client.Config{Signer: signer, HTTP: &http.Client{Transport: lines, Timeout: time.Minute}})
}

// atOnce sends 200 signed requests with one key over many connections. Those
// that come while the first is still being answered are told so, and repeat.
func (s *scene) atOnce() {
	var wg sync.WaitGroup
	var mu sync.Mutex
	ids, fresh := map[paymux.PaymentID]int{}, 0
	begin := make(chan struct{})
	for range 5 {
		merchant := s.signing()
		for range 40 {
			wg.Go(func() {
				<-begin
				payment, replayed, err := s.insist(merchant)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					s.t.Errorf("create: %v", err)
					return
				}
				ids[payment.ID]++
				if !replayed {
					fresh++
				}
			})
		}
	}
	close(begin)
	wg.Wait()
	if len(ids) != 1 || fresh != 1 {
		s.t.Fatalf("%d payments, %d answers that were no replay: %v", len(ids), fresh, ids)
	}
	for id := range ids {
		s.booked(id, "pay succeeded 1")
		s.told(string(id), paymux.PaymentSucceeded)
	}
	if n := s.countOrder("at-once"); n != 1 {
		s.t.Errorf("%d payments of the order", n)
	}
}

func (s *scene) insist(merchant *client.Client) (*paymux.Payment, bool, error) {
	wish := s.wish(1000, paymux.Card, goodCard)
	wish.MerchantOrderID = "at-once"
	var payment *paymux.Payment
	var answered client.Answered
	var err error
	within(30*time.Second, func() bool {
		payment, err = merchant.CreatePayment(s.t.Context(), wish, client.IdempotencyKey("one-key"), client.Into(&answered))
		return !errors.Is(err, paymux.KeyInFlight)
	})
	return payment, answered.Replayed, err
}

// countOrder counts the payments of an order and their charges at the institution, which must agree.
func (s *scene) countOrder(order string) int {
	s.t.Helper()
	n := 0
	for p, err := range s.Payments(s.t.Context(), client.PaymentQuery{MerchantOrderID: order}) {
		if err != nil {
			s.t.Fatal(err)
		}
		n++
		if c := s.p.charges(s.t, p.ID); len(c) != 1 || c[0].Effects != 1 {
			s.t.Errorf("the book of %s: %+v", p.ID, c)
		}
	}
	charged := 0
	for _, c := range s.p.charges(s.t, "") {
		if c.Order == order {
			charged++
		}
	}
	if charged != n {
		s.t.Errorf("%d payments of order %s, %d charges", n, order, charged)
	}
	return n
}

func payBody(order string, amount int) string {
	return fmt.Sprintf(`{"amount":%d,"currency":"CNY","merchant_order_id":%q,"payment_method":{"type":"card","card":{"number":%q,"exp_month":12,"exp_year":2040,"cvc":"123"}}}`,
		amount, order, goodCard)
}

func (s *scene) post(path, key, body string) request {
	return request{method: http.MethodPost, path: path, key: key, body: body, bearer: s.bearer}
}

func (s *scene) keysRefused() {
	first := s.p.ask(s.t, s.post("/v1/payments", "refused-1", payBody("refused", 1000)))
	if first.status != http.StatusCreated || first.header.Get("Idempotent-Replayed") != "" {
		s.t.Fatalf("%d %s", first.status, first.body)
	}
	if again := s.p.ask(s.t, s.post("/v1/payments", "refused-1", payBody("refused", 1000))); !replays(again, first) {
		s.t.Errorf("the repeat answers %d %s, not %s", again.status, again.body, first.body)
	}
	other := s.p.ask(s.t, s.post("/v1/payments", "refused-1", payBody("refused", 1001)))
	if code, _ := other.problem(s.t); other.status != http.StatusUnprocessableEntity || code != paymux.KeyReused {
		s.t.Errorf("another body: %d %s", other.status, code)
	}
	elsewhere := s.p.ask(s.t, s.post("/v1/refunds", "refused-1", fmt.Sprintf(`{"payment":%q}`, first.id(s.t))))
	if code, _ := elsewhere.problem(s.t); elsewhere.status != http.StatusUnprocessableEntity || code != paymux.KeyReused {
		s.t.Errorf("another path: %d %s", elsewhere.status, code)
	}
	without := s.p.ask(s.t, s.post("/v1/payments", "", payBody("refused-2", 1000)))
	if code, _ := without.problem(s.t); without.status != http.StatusBadRequest || code != paymux.KeyMissing {
		s.t.Errorf("no key: %d %s", without.status, code)
	}
	if n := s.countOrder("refused"); n != 1 {
		s.t.Errorf("%d payments", n)
	}
	if n := s.countOrder("refused-2"); n != 0 {
		s.t.Errorf("%d payments without a key", n)
	}
}

// replays reports whether an answer is the stored one.
func replays(again, first answer) bool {
	return again.status == first.status && again.body == first.body && again.header.Get("Idempotent-Replayed") == "true"
}

// prepare makes a payment with money to refund and one with a reservation to capture.
func (s *scene) prepare(name string) (paid, reserved paymux.PaymentID) {
	s.t.Helper()
	wish := s.wish(1000, paymux.Card, goodCard)
	wish.MerchantOrderID = name + "-paid"
	paid = s.pay(wish, http.StatusCreated, paymux.Succeeded).ID
	wish.MerchantOrderID, wish.CaptureMethod = name+"-reserved", paymux.CaptureManual
	reserved = s.pay(wish, http.StatusCreated, paymux.Authorized).ID
	return paid, reserved
}

// changes are a create, a capture and a refund, each with its key.
func (s *scene) changes(name string) (asks []request, check func()) {
	s.t.Helper()
	paid, reserved := s.prepare(name)
	return []request{
			s.post("/v1/payments", name+"-create", payBody(name+"-new", 1000)),
			s.post("/v1/payments/"+string(reserved)+"/capture", name+"-capture", `{"amount":600}`),
			s.post("/v1/refunds", name+"-refund", fmt.Sprintf(`{"payment":%q,"amount":400}`, paid)),
		}, func() {
			s.t.Helper()
			s.booked(paid, "pay succeeded 1", "refund succeeded 1")
			s.booked(reserved, "pay authorized 1", "capture succeeded 1")
			if n := s.countOrder(name + "-new"); n != 1 {
				s.t.Errorf("%d new payments", n)
			}
			if p := s.payment(paid); p.AmountRefunded != 400 || p.AmountRefunding != 0 {
				s.t.Errorf("refunded %d, refunding %d", p.AmountRefunded, p.AmountRefunding)
			}
			if p := s.payment(reserved); p.AmountReceived != 600 || p.AmountCapturable != 400 || p.Status != paymux.PartiallyCaptured {
				s.t.Errorf("%s, received %d", p.Status, p.AmountReceived)
			}
		}
}

func (s *scene) cutAfterAnswer() {
	asks, check := s.changes("after")
	var firsts []answer
	for _, r := range asks {
		firsts = append(firsts, s.p.ask(s.t, r))
	}
	s.p.kill()
	s.p.start()
	for i, r := range asks {
		if again := s.p.ask(s.t, r); !replays(again, firsts[i]) {
			s.t.Errorf("%s: after the power cut %d %s, not %d %s", r.path, again.status, again.body, firsts[i].status, firsts[i].body)
		}
	}
	check()
}

// cutInFlight kills the process when the institution has done its part and its
// answers are on their way.
func (s *scene) cutInFlight() {
	asks, check := s.changes("mid")
	before := len(s.p.charges(s.t, ""))
	s.faults(sandbox.Faults{LatencyMS: 9000, Callbacks: sandbox.CallbacksLost})
	var wg sync.WaitGroup
	for _, r := range asks {
		wg.Go(func() {
			if a, err := s.p.try(r); err == nil {
				s.t.Errorf("%s was answered before the power cut: %d %s", r.path, a.status, a.body)
			}
		})
	}
	s.await("all three under way", 8*time.Second, func() bool { return len(s.p.charges(s.t, "")) == before+len(asks) })
	s.p.kill()
	wg.Wait()
	s.p.start() // the fault ends with the process

	for _, r := range asks {
		var first answer
		s.await(r.path+" answered", asked, func() bool {
			first = s.p.ask(s.t, r)
			return first.status != http.StatusConflict
		})
		if first.status != http.StatusCreated && first.status != http.StatusOK || first.header.Get("Idempotent-Replayed") != "true" {
			s.t.Errorf("%s: %d %v %s", r.path, first.status, first.header, first.body)
		}
		if again := s.p.ask(s.t, r); !replays(again, first) {
			s.t.Errorf("%s: %d %s, then %d %s", r.path, first.status, first.body, again.status, again.body)
		}
	}
	check()
}
