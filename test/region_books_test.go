package test_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
	"github.com/paymux/paymux/test/stripefake"
)

// trader is a merchant of a world, as its program sees Paymux: through frontends of one region, or of several in an order.
type trader struct {
	id     paymux.MerchantID
	key    paymux.Secret
	client *client.Client
}

// trader makes a merchant at its home, and waits until it is known at all frontends that its client is given: those of these
// regions, in this order; of home alone if there is none.
func (w *world) trader(home *region, at ...*region) *trader {
	w.t.Helper()
	if len(at) == 0 {
		at = []*region{home}
	}
	m, err := w.newTrader(home)
	if err != nil {
		w.t.Fatal(err)
	}
	var urls []string
	for _, r := range at {
		urls = append(urls, r.urls...)
	}
	for _, url := range urls {
		w.knows(url, m)
	}
	m.client = w.client(m, urls...)
	return m
}

// newTrader makes a merchant at its home.
func (w *world) newTrader(home *region) (*trader, error) {
	var made paymux.Merchant
	ops := home.ops()
	err := ops.Call(w.t.Context(), http.MethodPost, "/ops/v1/merchants", map[string]any{"name": "Tea House", "policy": map[string]any{"bearer": true}}, &made)
	if err != nil {
		return nil, err
	}
	key, err := ops.CreateKey(w.t.Context(), made.ID, client.KeyRequest{Kind: paymux.KeyBearer})
	return &trader{id: made.ID, key: key.Secret}, err
}

// client is one of a trader's, outside, that asks these frontends in this order.
func (w *world) client(m *trader, urls ...string) *client.Client {
	w.t.Helper()
	c, err := client.New(client.Config{BaseURLs: urls, Key: m.key, HTTP: w.places["outside"].http()})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// knows waits until a frontend accepts a trader's key.
func (w *world) knows(url string, m *trader) {
	w.t.Helper()
	c, err := w.client(m, url), error(nil)
	if !within(30*time.Second, func() bool {
		err = c.Call(w.t.Context(), http.MethodGet, "/v1/payments?limit=1", nil, nil)
		return err == nil
	}) {
		w.t.Fatalf("%s does not know %s: %v", url, m.id, err)
	}
}

// stall is a trader's traffic for newTrade: it asks again with the same key until there is an answer, for a minute and a half.
func (m *trader) stall(name string, every time.Duration) *stall {
	return &stall{name: name, m: m.client, every: every, insists: true, persists: 90 * time.Second, request: func(order string) client.PaymentRequest {
		return cardPayment(order, "")
	}}
}

// booked is a payment as a region's database has it.
type booked struct {
	region   string
	id       paymux.PaymentID
	order    string
	status   paymux.PaymentStatus
	received int64
	pays     []string // operations to pay
}

// books reads a region's database.
func (r *region) books() (list []booked, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, r.cluster.SocketURL("paymux"))
	if err != nil {
		return nil, fmt.Errorf("read the books of %s: %w", r.name, err)
	}
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, `SELECT id, merchant_order_id, status, received,
		ARRAY(SELECT o.id FROM operations o WHERE o.payment = p.id AND o.kind = 'pay' ORDER BY o.id)
		FROM payments p WHERE merchant_order_id NOT LIKE $1 ORDER BY id`, opening+"%")
	if err != nil {
		return nil, fmt.Errorf("read the books of %s: %w", r.name, err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (booked, error) {
		b := booked{region: r.name}
		err := row.Scan(&b.id, &b.order, &b.status, &b.received, &b.pays)
		return b, err
	})
}

// balance closes the trade, waits until every payment has ended, and holds three books against each other: what merchants were
// answered, what the regions' databases have, what the institution took. One key is one payment in one region; every charge is
// the one charge of a payment that received it, and the other way round. It returns the number of payments by region.
func (w *world) balance(tr *trade) map[string]int {
	w.t.Helper()
	// Stripe's lists prove after ten minutes that a sale never came there, whose sender died just before.
	tr.unseen = func(d *deal) bool {
		return !slices.ContainsFunc(w.charges(), func(c stripefake.Charge) bool { return c.Order == d.key })
	}
	tr.ends()
	byOrder, byID, count := map[string][]booked{}, map[paymux.PaymentID]booked{}, map[string]int{}
	for _, r := range w.regions {
		list, err := r.books()
		if err != nil {
			w.t.Fatal(err)
		}
		for _, b := range list {
			byOrder[b.order] = append(byOrder[b.order], b)
			byID[b.id] = b
		}
		count[r.name] = len(list)
	}
	for order, list := range byOrder {
		if len(list) > 1 {
			w.t.Errorf("%s has %d payments: %+v", order, len(list), list)
		}
	}
	w.holdAnswers(tr, byOrder)
	w.holdCharges(byID)
	return count
}

// holdAnswers holds what merchants were told against the databases.
func (w *world) holdAnswers(tr *trade, byOrder map[string][]booked) {
	w.t.Helper()
	asked := map[string]bool{}
	for _, d := range tr.deals {
		asked[d.key] = true
		switch list := byOrder[d.key]; {
		case d.payment == nil && len(list) > 0 && !d.unanswered:
			w.t.Errorf("%s was refused, and there is %+v: %v", d.key, list, d.err)
		case d.payment != nil && (len(list) != 1 || list[0].id != d.payment.ID):
			w.t.Errorf("%s was answered with %s, and there is %+v", d.key, d.payment.ID, list)
		case d.payment != nil && list[0].status != d.payment.Status:
			w.t.Errorf("%s was answered with %s that is %s, and is %+v", d.key, d.payment.ID, d.payment.Status, list)
		}
	}
	for order := range byOrder {
		if !asked[order] {
			w.t.Errorf("nobody asked for %s: %+v", order, byOrder[order])
		}
	}
}

// holdCharges holds the institution's book against the databases, both ways.
func (w *world) holdCharges(byID map[paymux.PaymentID]booked) {
	w.t.Helper()
	charged, orders := map[paymux.PaymentID]int64{}, map[string]int{}
	for _, c := range w.charges() {
		id := paymux.PaymentID(c.Payment)
		b, ok := byID[id]
		if !ok || !slices.Contains(b.pays, c.Operation) {
			w.t.Errorf("charged and in no database: %+v, %+v", c, b)
		}
		charged[id] += c.Amount
		if orders[c.Order]++; orders[c.Order] > 1 {
			w.t.Errorf("order %s was charged %d times: %+v", c.Order, orders[c.Order], c)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		if b := byID[id]; b.received != charged[id] {
			w.t.Errorf("received and charged (%d) differ: %+v", charged[id], b)
		}
	}
}

// charges are what the institution took for the trades.
func (w *world) charges() []stripefake.Charge {
	return slices.DeleteFunc(w.bank.Charges(), func(c stripefake.Charge) bool { return strings.HasPrefix(c.Order, opening) })
}

// report says how each stall fared: its deals of a span of time, attempts, failures and times until the answer.
func (w *world) report(tr *trade, what string, from, to time.Time) {
	w.t.Helper()
	for _, s := range tr.stalls {
		deals := tr.of(from, to, named(s.name))
		asked, refused := 0, 0
		for _, d := range deals {
			asked, refused = asked+d.asked, refused+d.refusals
		}
		w.t.Logf("%s: %s: %s; asked %d times, %d failed", what, s.name, figuresOf(deals), asked, refused)
	}
}

// tail is the end of a part's log.
func (p *part) tail() string {
	lines := strings.Split(strings.TrimSpace(p.logged()), "\n")
	return strings.Join(lines[max(0, len(lines)-15):], "\n")
}
