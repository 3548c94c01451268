package sandbox

import (
	"context"
	"time"

	"github.com/paymux/paymux"
)

// booking is one line of a statement, as the institution writes it.
type booking struct {
	Operation   paymux.OperationID   `json:"operation"`
	Transaction string               `json:"transaction"`
	Kind        paymux.OperationKind `json:"kind"`
	Amount      int64                `json:"amount"`
	Currency    paymux.Currency      `json:"currency"`
	Fee         int64                `json:"fee"`
	At          time.Time            `json:"at"`
}

// books lists what moved money on a UTC day, in the order operations came in. Payments and
// captures cost 0.6 %, rounded to the nearest unit; refunds cost nothing.
func (i *Institution) books(ctx context.Context, at *customer, day time.Time) ([]booking, error) {
	p := plan{faults: at.switches(i.now), slow: i.delay}
	p.do = p.faults.Do
	if err := p.before(); err != nil {
		return nil, err
	}
	from := day.UTC().Truncate(24 * time.Hour)
	to := from.Add(24 * time.Hour)
	lines := []booking{}
	for c := range i.charges(func(c *Charge) bool {
		return c.Account == at.name && c.moved() && !c.EndedAt.Before(from) && c.EndedAt.Before(to)
	}) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		lines = append(lines, booking{c.Operation, c.Transaction, c.Kind, c.Amount, c.Currency, c.fee(), c.EndedAt})
	}
	return lines, p.after(ctx, &report{}, true)
}

// moved reports whether money went from one to the other: reservations and their end do not count.
func (c *Charge) moved() bool {
	return c.Effects > 0 && c.State == paymux.OpSucceeded && c.Kind != paymux.Cancel && !c.Manual
}

func (c *Charge) fee() int64 {
	if c.Kind == paymux.Refunds {
		return 0
	}
	return c.Amount/1000*6 + (c.Amount%1000*6+500)/1000
}
