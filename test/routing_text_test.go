package test_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel/sandbox"
	"github.com/paymux/paymux/client"
	"github.com/paymux/paymux/routing/routingtest"
)

// rules of all kinds: what is large goes to two accounts in order, wallets are split, cards go where they do best.
const ruledByAll = `
name: all kinds
accounts:
  - {name: a, amounts: {CNY: {max: 40000}}, fees: [{percent: 1}]}
  - {name: b, fees: [{percent: 2}]}
  - {name: c, priority: 10, fees: [{percent: 3}]}
static:
  - {name: large, when: {amounts: {CNY: {min: 30000}}}, use: [a, b]}
dynamic:
  - {name: wallets, when: {methods: [alipay]}, split: {b: 60, d: 40}}
  - {name: cards, when: {currencies: [CNY]}, among: [a, b, c], score: {success: 1, cost: 1}, explore: 0.2}
fallback: {all: true}
`

// routed is a process with four accounts, one of which often answers 503, and these rules in force.
func routed(t *testing.T) (*process, *client.Operator, *client.Client) {
	t.Helper()
	p := newProcess(t, "sqlite")
	p.accounts = nil
	for _, name := range []string{"a", "b", "c", "d"} {
		p.accounts = append(p.accounts, fmt.Sprintf("{name: %s, channel: sandbox, methods: [card, alipay], options: {magic_503: \"off\"}}", name))
	}
	p.start()
	operator, err := client.NewOperator(client.Config{BaseURL: p.url(), Key: opsToken, Attempts: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := operator.PutRuleSetDraft(t.Context(), "all", ruledByAll, "test"); err != nil {
		t.Fatal(err)
	}
	if done, err := operator.ActivateDraft(t.Context(), "all", "test"); err != nil || !done.Everywhere {
		t.Fatalf("%+v, %v", done, err)
	}
	p.sandboxCall(t, http.MethodPut, "accounts/b/faults", sandbox.Faults{ErrorRate: 0.5}, nil)
	merchant, _ := p.merchant(nil)
	return p, operator, merchant
}

// randomLoad makes payments, some of which are declined, and returns those that are there.
func randomLoad(t *testing.T, merchant *client.Client, n int) []paymux.PaymentID {
	t.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	var made []paymux.PaymentID
	for worker := range 4 {
		random := rand.New(rand.NewPCG(uint64(worker), 7))
		all.Go(func() {
			for i := range n / 4 {
				r := client.PaymentRequest{
					Amount: 100 + random.Int64N(50_000), Currency: []paymux.Currency{"CNY", "CNY", "EUR"}[random.IntN(3)], MerchantOrderID: fmt.Sprintf("%d-%d", worker, i),
					PaymentMethod: &client.PaymentMethod{Type: []paymux.MethodType{paymux.Card, paymux.Card, paymux.Alipay}[random.IntN(3)]},
				}
				if r.PaymentMethod.Type == paymux.Card {
					number := []string{goodCard, goodCard, goodCard, "4000000000000002"}[random.IntN(4)]
					r.PaymentMethod.Card = &client.Card{Number: number, ExpMonth: 12, ExpYear: 2040, CVC: "123"}
				}
				payment, err := merchant.CreatePayment(t.Context(), r)
				if refused, ok := err.(*client.Error); ok && refused.Payment != nil {
					payment, err = refused.Payment, nil
				}
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				made = append(made, payment.ID)
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return made
}

// TestTextsTellTheChoices: for every payment of a random load the text alone, in both languages, lets a reader recompute where it went
// first and with each failover, and routing the load again by the set that was in force moves nothing.
func TestTextsTellTheChoices(t *testing.T) {
	t.Parallel()
	p, operator, merchant := routed(t)
	made := randomLoad(t, merchant, 200)
	readers := map[string]*routingtest.Reader{"en": routingtest.NewReader(0), "zh-CN": routingtest.NewReader(1)}
	kinds, failovers, turns := map[string]int{}, 0, 0
	for _, id := range made {
		e, err := operator.ExplainRouting(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		payment, err := merchant.Payment(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		went := sentTo(payment)
		for language, reader := range readers {
			readChoices(t, reader, e.Text[language], went, payment)
		}
		if charges := p.charges(t, id); len(charges) > 0 && charges[len(charges)-1].Account != went[len(went)-1] {
			t.Errorf("%s: the book says %s, the payment %q", id, charges[len(charges)-1].Account, went)
		}
		kinds[payment.Routing.Kind+" "+payment.Routing.By]++
		failovers += len(payment.Routing.Failovers)
		if payment.Routing.Turn != "" {
			turns++
		}
	}
	if len(made) != 200 || failovers == 0 || turns == 0 || len(kinds) != 4 {
		t.Errorf("%d payments, %d failovers, %d turns, %v: something was never tried", len(made), failovers, turns, kinds)
	}
	replaysOf(t, operator, len(made))
}

// sentTo are the accounts that a payment was sent to, in turn.
func sentTo(p *paymux.Payment) []string {
	var accounts []string
	for _, f := range p.Routing.Failovers {
		accounts = append(accounts, f.From)
	}
	return append(accounts, p.Account)
}

func readChoices(t *testing.T, reader *routingtest.Reader, text string, went []string, p *paymux.Payment) {
	t.Helper()
	decisions, err := reader.Read(text)
	if err != nil {
		t.Errorf("%s: %v\n%s", p.ID, err, text)
		return
	}
	var chosen []string
	for _, d := range decisions {
		if order := d.Choose(); len(order) > 0 {
			chosen = append(chosen, order[0])
		}
		if wrong := d.Wrong(p.Amount, string(p.ID)); wrong != "" {
			t.Errorf("%s: %s\n%s", p.ID, wrong, text)
		}
	}
	if !slices.Equal(chosen, went) {
		t.Errorf("%s went to %q; the text tells %q:\n%s", p.ID, went, chosen, text)
	}
}

// replaysOf routes the load again: by what is in force, and by a draft that sends everything elsewhere.
func replaysOf(t *testing.T, operator *client.Operator, n int) {
	t.Helper()
	same, err := operator.ReplayRouting(t.Context(), client.RoutingReplayRequest{Mode: "test"})
	if err != nil || same.Payments != int64(n) || same.Moved != 0 {
		t.Errorf("by the set in force: %+v, %v", same, err)
	}
	other, err := operator.ReplayRouting(t.Context(), client.RoutingReplayRequest{Document: "static: [{name: rest, use: [d]}]\nfallback: {refuse: true}\n", Moves: 3})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(other.Accounts, func(a paymux.ReplayAccount) bool { return a.Account == "d" })
	if i < 0 || other.Moved == 0 || other.Accounts[i].Then.Payments != int64(n) || len(other.Moves) != 3 || other.Moves[0].To != "d" {
		t.Errorf("by a draft that sends everything to d: %+v", other)
	}
	if again, err := operator.ReplayRouting(t.Context(), client.RoutingReplayRequest{}); err != nil || again.Moved != 0 {
		t.Errorf("a replay left something behind: %+v, %v", again, err)
	}
}
