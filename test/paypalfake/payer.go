package paypalfake

import "time"

// What the payer, the merchant on PayPal's own pages, and time do.

// orderOf is the newest order of a pay operation, nil where there is none. The caller holds the lock.
func (s *Institution) orderOf(operation string) *order {
	for i := len(s.listed) - 1; i >= 0; i-- {
		if s.listed[i].custom == operation {
			return s.listed[i]
		}
	}
	return nil
}

// Orders is how many orders a pay operation has made.
func (s *Institution) Orders(operation string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.listed {
		if o.custom == operation {
			n++
		}
	}
	return n
}

// Approve is the payer saying yes on PayPal's page.
func (s *Institution) Approve(operation string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o := s.orderOf(operation); o != nil && o.status != "COMPLETED" {
		o.status, o.updated = "APPROVED", s.Now()
	}
}

// Lapse lets PayPal forget an order that nobody has paid.
func (s *Institution) Lapse(operation string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o := s.orderOf(operation); o != nil {
		delete(s.orders, o.id)
	}
}

// SetStatus gives the newest transaction of an order another status. Kinds are "capture",
// "authorization", "refund" and "order".
func (s *Institution) SetStatus(operation, kind, status, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.orderOf(operation)
	list := map[string][]*transaction{"capture": o.captures, "authorization": o.authorizations, "refund": o.refunds}[kind]
	if kind == "order" {
		o.status = status
		return
	}
	list[len(list)-1].status, list[len(list)-1].reason = status, reason
}

// RefundByHand is a refund made on PayPal's own pages: nobody gave it numbers of its own.
func (s *Institution) RefundByHand(operation string) (id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.orderOf(operation)
	return s.giveBack(o, o.captures[0], o.captures[0].amount).id
}

// AttemptFailed leaves a declined capture in an approved order.
func (s *Institution) AttemptFailed(operation string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.orderOf(operation)
	t := s.newTransaction(o, o.amount, o.invoice)
	t.status = "DECLINED"
	o.captures = append(o.captures, t)
}

// ApproveLater is Approve some time later.
func (s *Institution) ApproveLater(operation string, after time.Duration) {
	s.Approve(operation)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.orderOf(operation).updated = s.Now().Add(after)
}
