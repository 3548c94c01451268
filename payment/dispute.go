package payment

import (
	"context"
	"errors"
	"fmt"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// dispute records an institution's news of a chargeback. News that is known changes nothing.
func (s *Service) dispute(ctx context.Context, account string, n *channel.Dispute) error {
	_, err := s.change(ctx, s.recordOf(n.Operation), func(d *draft) error {
		if op := d.find(n.Operation); op.Account != account {
			return errForeign
		}
		// Read with each decision anew: news of one dispute may come twice at once.
		known, err := s.Store.Dispute(ctx, account, n.ChannelID)
		if err != nil && !errors.Is(err, paymux.NotFound) {
			return fmt.Errorf("load dispute %s: %w", n.ChannelID, err)
		}
		if known.Status == n.Status || known.Status == paymux.DisputeWon || known.Status == paymux.DisputeLost {
			return errUnchanged
		}
		d.told = n.Operation
		d.dispute(known, account, n)
		return nil
	})
	return err
}

func (d *draft) dispute(known paymux.Dispute, account string, n *channel.Dispute) {
	p, dispute := &d.Payment, known
	if dispute.ID == "" {
		dispute = paymux.Dispute{
			ID: paymux.DisputeID(d.s.IDs.New(paymux.PrefixDispute)), Object: "dispute", Livemode: p.Livemode, Payment: p.ID,
			Amount: n.Money.Amount, Currency: n.Money.Currency, ChannelID: n.ChannelID, Account: account,
			CreatedAt: d.now, Merchant: p.Merchant,
		}
		p.AmountDisputed += inCurrency(p.Currency, n.Money)
	}
	if n.Status == paymux.DisputeWon {
		p.AmountDisputed -= inCurrency(p.Currency, paymux.Money{Amount: dispute.Amount, Currency: dispute.Currency})
	}
	dispute.Status, dispute.Reason = n.Status, or(n.Reason, dispute.Reason)
	dispute.Version, dispute.UpdatedAt = dispute.Version+1, d.now
	d.Disputes = append(d.Disputes, dispute)
	d.hop(paymux.HopCallback, string(dispute.ID), account+": dispute "+string(n.Status)+" "+n.Money.String(), nil)
}

// inCurrency is how much of m a sum in a currency counts. Institutions may state a dispute in the currency they settle
// in: the case says so, and the payment's sum must not be added up of two kinds of money.
func inCurrency(c paymux.Currency, m paymux.Money) int64 {
	if m.Currency != c {
		return 0
	}
	return m.Amount
}
