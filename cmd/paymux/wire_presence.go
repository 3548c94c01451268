package main

import (
	"cmp"
	"context"
	"encoding/json"
	"math"
	"slices"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/registry"
	"github.com/paymux/paymux/relay"
)

// presenceEvery is how often a process looks whether others should know how busy it is.
const presenceEvery = 2 * time.Second

// presence is what others see of this process, where others are: it is announced in one role,
// as NATS gives it credentials for one. Gateways announce themselves.
func (s *system) presence() (registry.Instance, bool) {
	i := registry.Instance{ID: s.replica, Version: version, State: registry.Ready, Weight: cmp.Or(s.conf.Node.Weight, 100), Since: s.now()}
	switch {
	case s.messaging.Embedded():
		return i, false
	case s.conf.has(roleNode):
		i.Role, i.Name = roleNode, s.conf.Region.Name
	case s.conf.has(roleFrontend):
		i.Role, i.Name = roleFrontend, s.conf.Region.Name
	case s.conf.has(roleKeys):
		i.Role, i.Name = roleKeys, "keys"
	default:
		return i, false
	}
	return i, true
}

// startPresence announces this process, and from then on how busy it is. A registry that is away is no error.
func (s *system) startPresence(ctx context.Context) error {
	i, wanted := s.presence()
	if !wanted {
		return nil
	}
	s.busy(&i)
	lease, err := s.registry.Register(ctx, i)
	if err != nil {
		return err
	}
	s.lease.Store(lease) // drain says that it takes nothing new, the registry's end takes it out: it is there until it has answered
	s.every(presenceEvery, s.news(lease))
	if s.seat != nil {
		s.announceSeat()
	}
	return nil
}

// busy puts into an instance how busy its process is.
func (s *system) busy(i *registry.Instance) {
	if s.meter == nil {
		if i.Role == roleFrontend {
			i.Detail, _ = json.Marshal(relay.FrontendDetail{ // there is nothing in it that could not be written
				Assignment: s.listed.Load(), StandbyGroup: s.conf.Access.StandbyGroup, Primary: s.seat != nil && s.seat.Held(),
			})
		}
		return
	}
	u := s.usage.Usage()
	d := relay.Detail{Number: paymux.Region(s.conf.Region.Number), Frontend: s.conf.has(roleFrontend), Queue: int(u.QueueDepth), LatencyUS: u.StoreLatency.Microseconds()}
	can(&d, s.channels.Accounts().All())
	i.Rated = s.conf.Node.Rated
	if err := d.Announce(i, relay.Metered{Requests: int(math.Round(u.RequestsPerSecond)), Errors: u.ErrorRatio}); err != nil {
		s.log.Error("announce how busy this node is", "error", err)
	}
}

// can says what a node can serve: the accounts it knows, and the channels and methods of those that take payments.
func can(d *relay.Detail, accounts []*channel.Account) {
	for _, a := range accounts {
		d.Accounts = append(d.Accounts, a.Name)
		if a.Down == "" {
			d.Channels = append(d.Channels, a.Driver.Name)
			d.Methods = append(d.Methods, a.Methods...)
		}
	}
	slices.Sort(d.Channels)
	slices.Sort(d.Methods)
	d.Channels, d.Methods = slices.Compact(d.Channels), slices.Compact(d.Methods)
}
