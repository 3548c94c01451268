package payment_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/routing"
)

// rationed are several payments at two banks that both have quotas, in any history.
type rationed struct {
	*house
	rooms    []*payment.Service // replicas
	book     *truth
	payments []paymux.PaymentID
	zone     *time.Location
	late     map[paymux.OperationID]bool // came when nobody counted on it any more
}

var rations = map[string][]routing.Quota{
	"first":  {{Name: "payments", Count: 2}, {Name: "money", Count: 5, Currency: "CNY", Amount: 900}},
	"second": {{Name: "payments", Count: 3}},
}

// Whatever is lost, late, refused, given back and taken again, at two replicas: after every step what is taken of each
// quota is the sum over the operations that are not certainly without effect, and more than the limit only by
// money that came late. In the end, when every outcome is known, no room is stranded.
func TestQuotasAreTheSumOfOperations(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Asia/Kolkata")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		h := newHouse(t)
		h.counted = true
		defer h.store.Close()
		m := &rationed{house: h, zone: zone, book: &truth{t: rt, book: map[paymux.OperationID]paymux.OperationState{}, ops: map[paymux.OperationID]channel.Operation{}}, late: map[paymux.OperationID]bool{}}
		m.ration()
		h.first.do, h.first.query = m.book.do, m.book.query
		h.second.do, h.second.query = m.book.do, m.book.query
		m.rooms = []*payment.Service{h.Service, h.beside()}
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			m.act(rt)
			m.compare(rt)
		}
		m.book.calm = true
		for range 12 {
			h.pass(2 * time.Hour)
			for _, id := range m.payments {
				h.resolve(id)
			}
		}
		m.compare(rt)
	})
}

func (m *rationed) ration() {
	set := &routing.RuleSet{Name: "rations", Version: 1, TimeZone: m.zone.String(), Fallback: routing.Fallback{All: true}}
	for _, name := range []string{"first", "second"} {
		set.Accounts = append(set.Accounts, routing.AccountRule{Name: name, Quotas: rations[name]})
	}
	program, err := routing.Compile(set)
	if err != nil {
		m.t.Fatal(err)
	}
	m.rules = program
}

func (m *rationed) act(rt *rapid.T) {
	if len(m.payments) == 0 || rapid.IntRange(0, 2).Draw(rt, "new") == 0 {
		m.makes(rt)
		return
	}
	id := rapid.SampledFrom(m.payments).Draw(rt, "payment")
	if rapid.IntRange(0, 5).Draw(rt, "late") == 0 {
		m.surprise(rt, id)
		return
	}
	m.step(rt, m.book, id)
}

func (m *rationed) makes(rt *rapid.T) {
	r := m.order(rapid.Int64Range(1, 500).Draw(rt, "price"))
	r.CaptureMethod = rapid.SampledFrom([]paymux.CaptureMethod{paymux.CaptureAutomatic, paymux.CaptureManual}).Draw(rt, "capture")
	r.ExpiresAt = m.clock().Add(time.Hour)
	reply, err := rapid.SampledFrom(m.rooms).Draw(rt, "replica").Create(m.t.Context(), r)
	if err == nil {
		m.payments = append(m.payments, paymentIn(m.t, reply).ID)
	}
}

// surprise has the bank prove that it did after all what was thought to be without effect.
func (m *rationed) surprise(rt *rapid.T, id paymux.PaymentID) {
	for _, op := range m.ops(id) {
		if op.Kind != paymux.Pay || !ineffective(op.State) || m.book.ops[op.ID].ID == "" {
			continue
		}
		m.book.book[op.ID] = paymux.OpSucceeded
		if m.book.ops[op.ID].Manual {
			m.book.book[op.ID] = paymux.OpAuthorized
		}
		m.late[op.ID] = true
		bank := map[string]*bank{"first": m.first, "second": m.second}[op.Account]
		bank.notice = func(channel.CallbackRequest) (channel.Callback, error) {
			return channel.Callback{ID: "notice", Operation: op.ID, Result: m.book.result(op.ID)}, nil
		}
		if _, err := rapid.SampledFrom(m.rooms).Draw(rt, "hears").Callback(m.t.Context(), paymux.CallbackRequest{Channel: "bank", Account: op.Account}); err != nil {
			rt.Fatalf("late money was refused: %v", err)
		}
	}
}

func ineffective(s paymux.OperationState) bool {
	return s == paymux.OpDeclined || s == paymux.OpNotSent || s == paymux.OpCanceled
}

// sum counts operations anew, from the store.
func (m *rationed) sum() (used, late map[paymux.QuotaKey]int64, days map[int32]bool) {
	used, late, days = map[paymux.QuotaKey]int64{}, map[paymux.QuotaKey]int64{}, map[int32]bool{}
	for _, id := range m.payments {
		ops := m.ops(id)
		captured := map[paymux.OperationID]bool{}
		for _, op := range ops {
			if op.Kind == paymux.Capture && !ineffective(op.State) {
				captured[op.PayID] = true
			}
		}
		for _, op := range ops {
			if op.Kind != paymux.Pay {
				continue
			}
			at := op.CreatedAt.In(m.zone)
			day := int32(time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, time.UTC).Unix() / 86400)
			if days[day] = true; ineffective(op.State) && !captured[op.ID] {
				continue
			}
			for _, q := range rations[op.Account] {
				k := paymux.QuotaKey{Account: op.Account, Quota: q.Name, Day: day}
				add := func(units int64) {
					if used[k] += units; m.late[op.ID] {
						late[k] += units
					}
				}
				if add(1); q.Currency != "" {
					k.Currency = q.Currency
					add(op.Amount)
				}
			}
		}
	}
	return used, late, days
}

func (m *rationed) compare(rt *rapid.T) {
	want, late, days := m.sum()
	got := map[paymux.QuotaKey]int64{}
	for day := range days {
		list, err := m.store.Quotas(m.t.Context(), day, "")
		if err != nil {
			rt.Fatal(err)
		}
		for _, u := range list {
			if u.Used > 0 {
				got[u.QuotaKey] = u.Used
			}
		}
	}
	if !maps.Equal(got, want) {
		rt.Fatalf("taken is %v, operations make %v", got, want)
	}
	for k, used := range got {
		for _, q := range rations[k.Account] {
			limit := q.Count
			if k.Currency != "" {
				limit = q.Amount
			}
			if q.Name == k.Quota && used-late[k] > limit {
				rt.Fatal(fmt.Sprintf("%d of %v is taken beside %d late, the limit is %d", used, k, late[k], limit))
			}
		}
	}
}
