package sandbox

import (
	"context"
	"fmt"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// Statement lists what moved money on a UTC day, in the order operations came in. Payments and
// captures cost 0.6 %, rounded to the nearest unit; refunds cost nothing.
func (a *account) Statement(ctx context.Context, day time.Time) ([]channel.StatementLine, error) {
	from := day.UTC().Truncate(24 * time.Hour)
	to := from.Add(24 * time.Hour)
	booked := a.bank.charges(func(c *Charge) bool {
		return c.Account == a.name && c.moved() && !c.EndedAt.Before(from) && c.EndedAt.Before(to)
	})
	var lines []channel.StatementLine
	for c := range booked {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("sandbox: statement: %w", err)
		}
		lines = append(lines, channel.StatementLine{
			Operation: c.Operation, ChannelID: c.Transaction, Kind: c.Kind, Money: c.money(), Fee: c.fee(), At: c.EndedAt,
		})
	}
	return lines, nil
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
