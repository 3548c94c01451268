package access_test

import (
	"context"
	"flag"
	"fmt"
	"testing"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access"
	"github.com/paymux/paymux/access/accessregions"
	"github.com/paymux/paymux/access/accessrpc"
	"github.com/paymux/paymux/relay"
)

// overRegions runs the whole suite with what is behind the front door in the first of so many regions, and nothing in the others.
var overRegions = flag.Int("regions", 0, "put the rooms into one of so many regions")

// empty are n regions with nothing in them, numbered from 2.
func empty(n int) map[string]*book {
	all := map[string]*book{}
	for i := range n {
		all[fmt.Sprintf("region-%d", i+2)] = &book{answers: map[string]paymux.Idempotency{}}
	}
	return all
}

// putRegions moves what is behind a front door into region 1, of several.
func putRegions(t testing.TB, c *access.Config, others map[string]*book) {
	t.Helper()
	nodes := map[string]accessrpc.Node{"region-1": nodeOf(c)}
	all := []relay.Region{{Number: 1, Name: "region-1", Weight: 1, Node: node{c.Payments, c.Callbacks}}}
	for name, b := range others {
		far := access.Config{
			Queries: b, Merchants: b, Endpoints: b, Links: b, Events: b, Notifications: b, NotificationLog: b, Answers: b,
			Tasks: silent{}, Channels: silent{}, Statistics: silent{},
			RuleSets: b, RuleSetTrials: b, Routes: b,
		}
		var number paymux.Region
		if _, err := fmt.Sscanf(name, "region-%d", &number); err != nil {
			t.Fatal(err)
		}
		nodes[name] = nodeOf(&far)
		all = append(all, relay.Region{Number: number, Name: name})
	}
	r, err := relay.New(all)
	if err != nil {
		t.Fatal(err)
	}
	regions := accessregions.New(r, func(name string) (accessrpc.Node, error) { return nodes[name], nil }, "region-1")
	c.Queries, c.Merchants, c.Endpoints, c.Links, c.Events, c.Notifications, c.NotificationLog = regions, regions, regions, regions, regions, regions, regions
	c.Answers, c.AnswersOf, c.Tasks, c.Channels, c.Statistics = regions, regions.AnswersOf, regions, regions, regions
	c.RuleSets, c.RuleSetTrials, c.Routes = regions, regions, regions
}

// nodeOf is what is behind a front door.
func nodeOf(c *access.Config) accessrpc.Node {
	return accessrpc.Node{
		Queries: c.Queries, Directory: elsewhere{}, Merchants: c.Merchants, Endpoints: c.Endpoints, Links: c.Links, Events: c.Events,
		Notifications: c.Notifications, NotificationLog: c.NotificationLog, Answers: c.Answers, Tasks: c.Tasks, Channels: c.Channels, Statistics: c.Statistics, RuleSets: c.RuleSets, RuleSetTrials: c.RuleSetTrials, Routes: c.Routes, Payers: elsewhere{},
		Ready: func(context.Context) error { return nil },
	}
}

// silent is a region in which nothing happens.
type silent struct{}

func (silent) Statuses(context.Context) ([]paymux.ChannelStatus, error) { return nil, nil }
func (silent) Decide(context.Context, paymux.RolloutChange) (paymux.ChannelStatus, error) {
	return paymux.ChannelStatus{}, paymux.Errorf(paymux.InvalidRequest, "Nothing is decided here.")
}
func (silent) Statistics(context.Context, paymux.StatisticsQuery) (paymux.StatisticsAnswer, error) {
	return paymux.StatisticsAnswer{AsOf: frontTime}, nil
}
func (silent) BuriedTasks(context.Context, paymux.Page) ([]access.BuriedTask, error) { return nil, nil }
