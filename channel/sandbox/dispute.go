package sandbox

import (
	"context"

	"github.com/paymux/paymux"
)

// OpenDispute lets the payer claim a paid charge back. Errors: paymux.NotFound, and
// paymux.StateConflict where it is not paid or disputed already.
func (i *Institution) OpenDispute(ctx context.Context, op paymux.OperationID, reason string) error {
	if reason == "" {
		reason = "general"
	}
	return i.act(ctx, op, func(d *draft, c *Charge) error {
		if c.paid() == 0 || c.Dispute != nil {
			return paymux.Errorf(paymux.StateConflict, "Only a paid charge without a dispute can be disputed.")
		}
		c.Dispute = &Dispute{ID: "sbxdp_" + unguessable(8), Status: paymux.DisputeOpened, Reason: reason}
		i.tellDispute(d, c, 0)
		return nil
	})
}

// EndDispute decides an open dispute: won by the merchant, or lost. Errors as with OpenDispute.
func (i *Institution) EndDispute(ctx context.Context, op paymux.OperationID, won bool) error {
	return i.act(ctx, op, func(d *draft, c *Charge) error {
		if c.Dispute == nil || c.Dispute.Status != paymux.DisputeOpened {
			return paymux.Errorf(paymux.StateConflict, "There is no open dispute.")
		}
		ended := *c.Dispute
		ended.Status = paymux.DisputeLost
		if won {
			ended.Status = paymux.DisputeWon
		}
		c.Dispute = &ended
		i.tellDispute(d, c, 0)
		return nil
	})
}
