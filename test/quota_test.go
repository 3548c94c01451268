package test_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
	"github.com/paymux/paymux/test/stripefake"
)

// rations are the rules of the fleet: dollars are counted, euros weighed, pounds counted while replicas die. What does not fit goes on.
const rations = `
name: rations
accounts:
  - name: counted
    quotas: [{name: payments, count: 150}]
  - name: weighed
    quotas: [{name: money, currency: EUR, amount: 40000}]
  - name: mortal
    quotas: [{name: payments, count: 200}]
static:
  - {name: dollars, when: {currencies: [USD]}, use: [counted, rest]}
  - {name: euros, when: {currencies: [EUR]}, use: [weighed, rest]}
  - {name: pounds, when: {currencies: [GBP]}, use: [mortal, rest]}
fallback: {refuse: true}
`

// ration is the limit of an account of theirs: payments, or minor units of EUR.
var ration = map[string]int64{"counted": 150, "weighed": 40_000, "mortal": 200}

// Four replicas on one database take load at once, more than the quotas have room for, and a part of it is declined:
// exactly the limits are used, all that does not fit goes on to the next account, room that is given back is used,
// and what is taken is a recount of the operations.
func TestQuotasHoldWithFourReplicas(t *testing.T) {
	t.Parallel()
	f, b := newRationed(t)
	f.sell(16, func(n int64) client.PaymentRequest {
		if n%2 == 0 {
			return bought(fmt.Sprint("order-", n), token(), "EUR", 100*(1+rand.Int64N(4)))
		}
		return bought(fmt.Sprint("order-", n), token(), "USD", 1000+n)
	})
	f.replicas[0].await("the quotas are full", time.Minute, func() bool { return b.full(t, "counted") && b.full(t, "weighed") })
	f.halt()
	f.replicas[0].await("every outcome is known", time.Minute, func() bool { return b.open(t) == 0 })
	f.fill(b, "counted", "USD", 1000) // what was declined last
	f.fill(b, "weighed", "EUR", 100)
	b.wantRecount(t)
	t.Logf("%d sales: %v", f.sales.Load(), b.taken(t))

	for i := range 24 { // on all replicas
		for account, c := range map[string]paymux.Currency{"counted": "USD", "weighed": "EUR"} {
			p := f.order(i%len(f.replicas), fmt.Sprint("behind-", account, i), stripefake.Visa, c, 100)
			if p.Account != "rest" || p.Status != paymux.Succeeded {
				t.Errorf("a payment behind a full quota is %s at %s", p.Status, p.Account)
			}
			wantFull(t, &p, account)
		}
	}
	if !b.full(t, "counted") || !b.full(t, "weighed") {
		t.Errorf("taken at the end: %v", b.taken(t))
	}
	f.replicas[3].shows(t, map[string]int64{"counted": 150, "weighed": 40_000, "mortal": 0})
}

// shows compares with what operators are shown of the quotas.
func (p *process) shows(t *testing.T, used map[string]int64) {
	t.Helper()
	operator, err := client.NewOperator(client.Config{BaseURL: p.url(), Key: opsToken, Attempts: 1})
	if err != nil {
		t.Fatal(err)
	}
	list, err := operator.RoutingQuotas(t.Context())
	shown := map[string]int64{}
	for _, q := range list {
		shown[q.Account] += q.Used
		if q.Limit != ration[q.Account] {
			t.Errorf("the limit of %s is shown as %d", q.Account, q.Limit)
		}
	}
	if diff := cmp.Diff(used, shown); diff != "" || err != nil {
		t.Errorf("operators are shown %v\n%s", err, diff)
	}
}

// Replicas die under load while a quota fills up: what is taken is at every moment a recount of the operations, those
// that nobody knows the outcome of included, and the quota fills up to its limit all the same.
func TestQuotasOfReplicasThatDie(t *testing.T) {
	t.Parallel()
	f, b := newRationed(t)
	f.sell(12, func(n int64) client.PaymentRequest { return bought(fmt.Sprint("order-", n), token(), "GBP", 1000+n) })
	for death := range int64(4) {
		f.replicas[0].await("sales", time.Minute, func() bool { return b.taken(t)["mortal"] > 20+30*death })
		victim := f.replicas[rand.IntN(len(f.replicas))]
		victim.kill()
		b.wantRecount(t)
		victim.start()
	}
	f.replicas[0].await("the quota is full", time.Minute, func() bool { return b.full(t, "mortal") })
	f.halt()
	f.fill(b, "mortal", "GBP", 1000)
	b.wantRecount(t)
	t.Logf("%d sales, %d without an outcome yet: %v", f.sales.Load(), b.open(t), b.taken(t))
}

func newRationed(t *testing.T) (*fleet, *books) {
	t.Helper()
	rules := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(rules, []byte(rations), 0o600); err != nil {
		t.Fatal(err)
	}
	f := newFleetWith(t, 4, 3, []string{"counted", "weighed", "mortal", "rest"}, "routing: {file: "+rules+"}")
	conn, err := pgx.Connect(t.Context(), f.replicas[0].cluster.URL("paymux"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.WithoutCancel(t.Context())) })
	return f, &books{conn: conn}
}

// sell has merchants buy from several sides at once until halt.
func (f *fleet) sell(sides int, wish func(n int64) client.PaymentRequest) {
	ctx, stop := context.WithCancel(context.WithoutCancel(f.t.Context()))
	f.stop = stop
	for range sides {
		f.buying.Go(func() {
			for ctx.Err() == nil {
				n := f.sales.Add(1)
				f.purchase(sale{c: f.merchants[n%3], key: fmt.Sprint("sale-", n), request: wish(n)})
			}
		})
	}
	f.t.Cleanup(func() { stop(); f.buying.Wait() })
}

// token is a card that pays, mostly, or is declined by its bank, or by the institution so that another account may try.
func token() string {
	switch rand.IntN(8) {
	case 0, 1:
		return stripefake.NoFunds
	case 2:
		return stripefake.Busy
	}
	return stripefake.Visa
}

func bought(number, card string, c paymux.Currency, amount int64) client.PaymentRequest {
	return client.PaymentRequest{
		Amount: amount, Currency: c, MerchantOrderID: number,
		PaymentMethod: &client.PaymentMethod{Type: paymux.Card, Card: &client.Card{Token: card}},
	}
}

// order buys at one replica and returns the payment.
func (f *fleet) order(replica int, number, card string, c paymux.Currency, amount int64) paymux.Payment {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), 10*time.Second)
	defer cancel()
	p, err := f.merchants[0].at(f.replicas[replica]).CreatePayment(ctx, bought(number, card, c, amount), client.IdempotencyKey(number))
	if err != nil {
		f.t.Fatal(err)
	}
	return *p
}

func wantFull(t *testing.T, p *paymux.Payment, account string) {
	t.Helper()
	for _, c := range p.Routing.Candidates {
		if c.Account == account && c.Code == "quota_full" {
			return
		}
	}
	t.Errorf("the payment does not say that the quota of %s is full: %+v", account, p.Routing)
}

// books read the fleet's database.
type books struct {
	mu   sync.Mutex
	conn *pgx.Conn
}

// sums reads pairs of an account and a number.
func (b *books) sums(t *testing.T, sql string) map[string]int64 {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	rows, err := b.conn.Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	sums := map[string]int64{}
	var account string
	var n int64
	if _, err := pgx.ForEachRow(rows, []any{&account, &n}, func() error { sums[account] = n; return nil }); err != nil {
		t.Fatal(err)
	}
	return sums
}

const (
	takenSQL = "SELECT account, sum(used)::bigint FROM quotas GROUP BY account"
	// recountSQL knows nothing of quotas: an operation counts unless it certainly brought nothing.
	recountSQL = `SELECT detail::json->>'account', sum(CASE detail::json->>'account' WHEN 'weighed' THEN amount ELSE 1 END)::bigint
		FROM operations WHERE kind = 'pay' AND state NOT IN ('declined', 'not_sent', 'canceled') AND detail::json->>'account' <> 'rest' GROUP BY 1`
	bothSQL = "SELECT 'taken ' || account, n FROM (" + takenSQL + ") t (account, n) UNION ALL SELECT 'recount ' || account, n FROM (" + recountSQL + ") r (account, n)"
	openSQL = "SELECT 'open', count(*) FROM operations WHERE state IN ('created', 'sent', 'unknown', 'pending')"
)

func (b *books) taken(t *testing.T) map[string]int64 { return b.sums(t, takenSQL) }
func (b *books) open(t *testing.T) int64             { return b.sums(t, openSQL)["open"] }

func (b *books) full(t *testing.T, account string) bool {
	return b.taken(t)[account] == ration[account]
}

// wantRecount compares in one snapshot, whatever is being written.
func (b *books) wantRecount(t *testing.T) {
	t.Helper()
	both := b.sums(t, bothSQL)
	for account, most := range ration {
		taken, recount := both["taken "+account], both["recount "+account]
		if taken != recount || taken > most {
			t.Errorf("%s: %d is taken, the operations make %d, the limit is %d", account, taken, recount, most)
		}
	}
}

// fill buys until a quota is full: what was given back is found at every replica within a second.
func (f *fleet) fill(b *books, account string, c paymux.Currency, amount int64) {
	f.t.Helper()
	n := 0
	f.replicas[0].await("the quota of "+account+" is full", 30*time.Second, func() bool {
		if b.full(f.t, account) {
			return true
		}
		n++
		f.order(n%len(f.replicas), fmt.Sprint("fill-", account, n), stripefake.Visa, c, amount)
		return false
	})
}
