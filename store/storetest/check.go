package storetest

import (
	"errors"
	"testing"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/payment"
)

func checkTests() []test {
	return []test{
		{"check/payments", paymentChecks},
		{"check/other rows", otherChecks},
	}
}

// badPayments are payments no store may keep, whatever a room's error.
var badPayments = map[string]func(*paymux.Payment){
	"unknown status":           func(p *paymux.Payment) { p.Status = "paid" },
	"no amount":                func(p *paymux.Payment) { p.Amount, p.AmountReceived, p.AmountCapturable = 0, 0, 0 },
	"negative amount":          func(p *paymux.Payment) { p.Amount = -1 },
	"negative capturable":      func(p *paymux.Payment) { p.AmountCapturable = -1 },
	"negative received":        func(p *paymux.Payment) { p.AmountReceived, p.AmountRefunded, p.AmountRefunding = -1, 0, 0 },
	"negative refunded":        func(p *paymux.Payment) { p.AmountRefunded = -1 },
	"negative refunding":       func(p *paymux.Payment) { p.AmountRefunding = -1 },
	"negative disputed":        func(p *paymux.Payment) { p.AmountDisputed = -1 },
	"more than asked":          func(p *paymux.Payment) { p.AmountCapturable++ },
	"more refunded than paid":  func(p *paymux.Payment) { p.AmountRefunded = p.AmountReceived + 1; p.AmountRefunding = 0 },
	"more refunding than left": func(p *paymux.Payment) { p.AmountRefunding = p.AmountReceived - p.AmountRefunded + 1 },
	"no currency":              func(p *paymux.Payment) { p.Currency = "" },
	"no merchant":              func(p *paymux.Payment) { p.Merchant = "" },
}

// Each bad row is refused, written new or by an advance, and those committed
// in the same group are not harmed by it.
func paymentChecks(t *testing.T, f *fixture) {
	for name, spoil := range badPayments {
		good := f.payment()
		f.commit(t, &payment.Change{Payment: good})
		bad := -1
		batch, outcomes := f.together(t, func() []*payment.Change {
			var changes []*payment.Change
			for range 8 {
				changes = append(changes, &payment.Change{Payment: f.payment(), Begin: f.idempotency("x")})
			}
			bad = 4
			spoil(&changes[bad].Payment)
			return changes
		})
		for i, err := range outcomes {
			if i != bad && err != nil {
				t.Errorf("%s: the neighbour %d of a bad row: %v", name, i, err)
			}
			f.wantKept(t, batch[i], i != bad)
		}
		refused(t, name, outcomes[bad])
		next := f.next(good, paymux.Succeeded)
		spoil(&next)
		if next.Amount != good.Amount || next.Currency != good.Currency || next.Merchant != good.Merchant {
			continue // what never changes is not written again
		}
		refused(t, name+" by an advance", f.Commit(t.Context(), &payment.Change{Payment: next}))
		same(t, "the payment", must[payment.Record](t)(f.Record(t.Context(), good.ID)).Payment, good)
	}
}

// wantKept checks that all or nothing of a change is there.
func (f *fixture) wantKept(t *testing.T, c *payment.Change, kept bool) {
	t.Helper()
	_, payErr := f.Record(t.Context(), c.Payment.ID)
	_, keyErr := f.Idempotency(t.Context(), c.Begin.Merchant, c.Begin.Key)
	for _, err := range []error{payErr, keyErr} {
		if kept && err != nil || !kept && !errors.Is(err, paymux.NotFound) {
			t.Errorf("a part of a change that should be kept=%t: %v", kept, err)
		}
	}
}

// refused fails the test unless a bad row was refused, as a fault and not as a lost race.
func refused(t *testing.T, name string, err error) {
	t.Helper()
	if err == nil {
		t.Errorf("%s was stored", name)
	}
	for _, race := range []error{paymux.ErrStale, paymux.ErrKeyTaken, paymux.ErrOrderTaken} {
		if errors.Is(err, race) {
			t.Errorf("%s was refused as %v", name, race)
		}
	}
}

func otherChecks(t *testing.T, f *fixture) {
	p := f.payment()
	f.commit(t, &payment.Change{Payment: p})
	next := func() *payment.Change { return &payment.Change{Payment: f.next(p, paymux.Succeeded)} }
	changes := map[string]func(c *payment.Change){
		"operation kind": func(c *payment.Change) {
			c.New = []paymux.Operation{f.operation(p)}
			c.New[0].Kind = "steal"
		},
		"operation state": func(c *payment.Change) {
			c.New = []paymux.Operation{f.operation(p)}
			c.New[0].State = "maybe"
		},
		"operation amount": func(c *payment.Change) {
			c.New = []paymux.Operation{f.operation(p)}
			c.New[0].Amount = -1
		},
		"refund status": func(c *payment.Change) {
			c.NewRefunds = []paymux.Refund{f.refund(p)}
			c.NewRefunds[0].Status = "maybe"
		},
		"refund amount": func(c *payment.Change) {
			c.NewRefunds = []paymux.Refund{f.refund(p)}
			c.NewRefunds[0].Amount = 0
		},
		"dispute status": func(c *payment.Change) {
			c.Disputes = []paymux.Dispute{f.dispute(p)}
			c.Disputes[0].Status = "maybe"
		},
		"dispute amount": func(c *payment.Change) {
			c.Disputes = []paymux.Dispute{f.dispute(p)}
			c.Disputes[0].Amount = -1
		},
		"idempotency key": func(c *payment.Change) {
			c.Begin = f.idempotency("x")
			c.Begin.Key = ""
		},
	}
	for name, spoil := range changes {
		c := next()
		spoil(c)
		refused(t, name, f.Commit(t.Context(), c))
	}
	same(t, "the payment", must[payment.Record](t)(f.Record(t.Context(), p.ID)), payment.Record{Payment: p})

	endpoint, link, key := f.endpoint(), f.link(), f.key(f.newMerchant(t).ID)
	endpoint.Status, link.Status, key.Kind = "perhaps", "perhaps", "perhaps"
	refused(t, "endpoint status", f.CreateEndpoint(t.Context(), endpoint, nil))
	refused(t, "link status", f.CreateLink(t.Context(), link, nil))
	refused(t, "key kind", f.CreateKey(t.Context(), key, nil))
}
