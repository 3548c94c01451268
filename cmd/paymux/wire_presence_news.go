package main

import (
	"context"
	"time"

	"github.com/paymux/paymux/registry"
	"github.com/paymux/paymux/relay"
)

// news tells others of this process where that is worth it: each announcement goes to everybody who follows its role, and
// those who have nothing to say are kept alive by the lease's renewals.
func (s *system) news(lease *registry.Lease) func(context.Context) {
	var told time.Time
	return func(context.Context) {
		was := lease.Instance()
		is := was
		s.busy(&is)
		if now := s.now(); relay.Notable(was, is, now.Sub(told)) {
			told = now
			lease.Update(s.busy)
		}
	}
}
