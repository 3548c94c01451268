package replay

import (
	"context"
	"time"

	"github.com/paymux/paymux"
)

// Store is the history of payments, of one region. Safe for concurrent use.
type Store interface {
	// History returns payments in the order of their IDs, which is that of their creation, at most f.Limit of them.
	History(ctx context.Context, f Filter) ([]paymux.Payment, error)
}

// Filter selects payments.
type Filter struct {
	Merchant paymux.MerchantID // empty: of all
	From, To time.Time         // of their creation, to the millisecond; To is exclusive. Zero: there is no end
	After    paymux.PaymentID  // the last one of the page before; empty: from the beginning
	Limit    int               // at least 1
}
