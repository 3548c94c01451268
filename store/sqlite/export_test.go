package sqlite

import "github.com/paymux/paymux/payment"

// SelectPayments is the query of a list, for a look at its plan.
var SelectPayments = selectPayments

// Group is changes made ready to be committed together.
func (s *Store) Group(changes []*payment.Change) (commit func() []error, err error) {
	group := make([]write, len(changes))
	for i, c := range changes {
		docs, err := encode(c)
		if err != nil {
			return nil, err
		}
		group[i] = func(w *writer) error { return w.change(c, docs) }
	}
	return func() []error { return s.flush(group) }, nil
}
