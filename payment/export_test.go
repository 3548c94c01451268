package payment

// Noted is noted.
func (q *Quotas) Noted(err error) bool { return q.noted(err) }
