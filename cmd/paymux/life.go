package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/paymux/paymux/access"
	"github.com/paymux/paymux/registry"
)

// life is a process among others: whom it knows, whether it stands by, and that it is about to end.
type life struct {
	nodes    *registry.Directory // of all regions; nil: there is nobody but this process
	seat     *registry.Seat      // of the primary frontend; nil: it needs none to be ready
	watch    *storeWatch         // of a node's store
	draining atomic.Bool
}

// seatPrefix is what keys of frontends' seats begin with: NATS lets frontends write those flags alone.
const seatPrefix = registry.RoleFrontend + "."

// startStandby has a frontend of a group hold the group's seat or stand by for it.
func (s *system) startStandby() error {
	group := s.conf.Access.StandbyGroup
	if group == "" {
		return nil
	}
	var err error
	s.seat, err = s.registry.Contend(seatPrefix+group, s.replica)
	return err
}

// keepFlags sees to it that the bucket of flags is there: frontends, which use it, may not make it.
func (s *system) keepFlags(context.Context) error {
	s.registry.Flags().Watch(registry.RoleFrontend) // ends with the registry
	return nil
}

// frontReady is what /readyz goes by. It steers load balancers and nothing else: a request that comes all the same is served.
func (s *system) frontReady(node func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		switch {
		case s.draining.Load():
			return access.Aside("about to end")
		case s.seat != nil && !s.seat.Held():
			return access.Aside(standingBy(s.seat.Holder()))
		}
		return node(ctx)
	}
}

func standingBy(holder string) string {
	if holder == "" {
		return "standby, and it is not known who is primary"
	}
	return "standby of " + holder
}

// drain says, at once, that this process takes nothing new, and gives load balancers the time to hear of it. It still serves.
func (s *system) drain(ctx context.Context) {
	s.draining.Store(true)
	if lease := s.lease.Load(); lease != nil {
		lease.Update(func(i *registry.Instance) { i.State = registry.Draining })
	}
	if s.seat != nil {
		limited, cancel := context.WithTimeout(ctx, releaseTime)
		defer cancel()
		if err := s.seat.Release(limited); err != nil {
			s.log.Warn("the standby takes over by itself", "error", err)
		}
	}
	if s.conf.has(roleFrontend) && s.conf.Access.Drain > 0 {
		time.Sleep(s.conf.Access.Drain)
	}
}

// announceSeat tells the registry whenever this process has become primary, or is it no more.
func (s *system) announceSeat() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			changed := s.seat.Changed()
			s.lease.Load().Update(s.busy)
			select {
			case <-changed:
			case <-ctx.Done():
				return
			}
		}
	}()
	s.onStop(func(context.Context) error {
		cancel()
		<-done
		return nil
	})
}

// checkLife reports what would make no share, and no group.
func (c *Config) checkLife() []error {
	var faults []error
	if c.Node.Weight < 0 || c.Node.Weight > 10000 {
		faults = append(faults, fmt.Errorf("node.weight: %d is not between 0 and 10000", c.Node.Weight))
	}
	if c.Access.Drain < 0 || c.Access.Drain > longestDrain {
		faults = append(faults, fmt.Errorf("access.drain: %s is not between 0s and %s", c.Access.Drain, longestDrain))
	}
	switch group := c.Access.StandbyGroup; {
	case group == "":
	case !plainName(group):
		faults = append(faults, fmt.Errorf("access.standby_group: %q is not a name of lower case letters, digits, - and _", group))
	case !c.has(roleFrontend):
		faults = append(faults, fmt.Errorf("access.standby_group: is of processes with the role frontend"))
	case c.NATS.URL == "":
		faults = append(faults, fmt.Errorf("access.standby_group: needs nats.url, where the frontends of a group find each other"))
	}
	return faults
}

// longestDrain is how long a frontend may serve on after it was told to end.
const longestDrain = 5 * time.Minute
