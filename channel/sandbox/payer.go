package sandbox

import (
	"context"
	"slices"

	"github.com/paymux/paymux"
)

// Approve does the payer's part of a pay operation in the affirmative: scans and
// pays, passes 3-D Secure, transfers the money. Doing it again changes nothing.
// Errors: paymux.NotFound; paymux.StateConflict where the order is closed or
// refused (unless the account's late_success switch is on).
func (i *Institution) Approve(ctx context.Context, op paymux.OperationID) error {
	return i.act(ctx, op, func(d *draft, c *Charge) error {
		switch c.State {
		case paymux.OpSucceeded, paymux.OpAuthorized:
			return nil
		case paymux.OpPending:
			i.conclude(d, c, c.Verdict, i.now().UTC())
			return nil
		}
		if a, err := i.customer(c.Account); err != nil || !a.switches(i.now).LateSuccess {
			return paymux.Errorf(paymux.StateConflict, "The order is %s (%s) and cannot be paid any more.", c.State, c.Code)
		}
		c.Late = true
		i.conclude(d, c, "", i.now().UTC())
		return nil
	})
}

// Decline refuses a pending pay operation. code is one of the institution's
// codes; empty means that the payer canceled. Errors as with [Institution.Approve].
func (i *Institution) Decline(ctx context.Context, op paymux.OperationID, code string) error {
	if code == "" {
		code = codePayer
	}
	if code == string(paymux.DeclineGeneric) {
		code = codeDeclined
	}
	if _, known := declines[code]; !known {
		return paymux.Errorf(paymux.InvalidRequest, "%q is not a decline code of the sandbox; it knows %v.", code, DeclineCodes()).At("code")
	}
	return i.act(ctx, op, func(d *draft, c *Charge) error {
		if c.State != paymux.OpPending {
			return paymux.Errorf(paymux.StateConflict, "The order is %s already.", c.State)
		}
		i.conclude(d, c, code, i.now().UTC())
		return nil
	})
}

// enterCard is the payer's card form.
func (i *Institution) enterCard(ctx context.Context, op paymux.OperationID, details *paymux.CardDetails) error {
	return i.act(ctx, op, func(d *draft, c *Charge) error {
		if c.State != paymux.OpPending || c.Step != stepCard {
			return paymux.Errorf(paymux.StateConflict, "The order does not wait for a card.")
		}
		i.swipe(d, c, details, i.now().UTC())
		return nil
	})
}

// act changes a pay operation as it is now.
func (i *Institution) act(ctx context.Context, op paymux.OperationID, do func(d *draft, c *Charge) error) error {
	return i.change(ctx, func(d *draft) error {
		known, ok := d.charge(op)
		if !ok || known.Kind != paymux.Pay {
			return paymux.Errorf(paymux.NotFound, "The sandbox has no pay operation %s.", op)
		}
		c := i.current(d, known)
		if err := do(d, &c); err != nil {
			return err
		}
		if c != known {
			d.put(c)
		}
		return nil
	})
}

// OpenPay is the pay operation of a payment that a payer would act on: the newest one
// not refused. A payment never seen is a paymux.NotFound.
func (i *Institution) OpenPay(payment paymux.PaymentID) (paymux.OperationID, error) {
	var found paymux.OperationID
	for _, c := range slices.Backward(i.ChargesOf(payment)) {
		if c.Kind != paymux.Pay {
			continue
		}
		if c.State == paymux.OpPending {
			return c.Operation, nil
		}
		if found == "" {
			found = c.Operation
		}
	}
	if found == "" {
		return "", paymux.Errorf(paymux.NotFound, "The sandbox has no payment %s.", payment)
	}
	return found, nil
}
