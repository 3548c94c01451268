package sqlite

import (
	"context"
	"fmt"
	"math"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/replay"
)

// History implements replay.Store.
func (s *Store) History(ctx context.Context, f replay.Filter) ([]paymux.Payment, error) {
	list, err := query(ctx, s.pool, selectHistory(f), func(s *statement) { bindHistory(s, f) }, scanPayment)
	if err != nil {
		return nil, fmt.Errorf("read the history of payments: %w", err)
	}
	return list, nil
}

// selectHistory goes by the numbers of rows, which ascend with time, of all payments or of one merchant's.
func selectHistory(f replay.Filter) string {
	where := "WHERE n > ? AND n < ? ORDER BY n LIMIT ?"
	if f.Merchant != "" {
		where = "INDEXED BY payments_list WHERE merchant = ? AND n > ? AND n < ? ORDER BY n LIMIT ?"
	}
	return paymentColumns + where
}

func bindHistory(s *statement, f replay.Filter) {
	above, below := number(paymux.Since(paymux.PrefixPayment, f.From))-1, int64(math.MaxInt64)
	if !f.To.IsZero() {
		below = number(paymux.Since(paymux.PrefixPayment, f.To))
	}
	if f.Merchant != "" {
		s.text(string(f.Merchant))
	}
	s.int(max(above, number(string(f.After))))
	s.int(below)
	s.int(int64(f.Limit))
}
