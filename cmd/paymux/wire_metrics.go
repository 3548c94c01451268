package main

import (
	"context"
	"errors"
	"log/slog"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/groupcommit"
	"github.com/paymux/paymux/internal/rpc"
	"github.com/paymux/paymux/monitor"
	"github.com/paymux/paymux/monitor/health"
	"github.com/paymux/paymux/monitor/metrics"
)

// watched is what operators' machines ask this process.
type watched struct {
	health *health.Server
	set    *metrics.Set
	listen string // empty: nowhere
}

// served is a server of other processes, and as what.
type served struct {
	as     string
	server *rpc.Server
}

// openMonitor answers from the first moment on that the process is alive, where the configuration wants that.
func openMonitor(ctx context.Context, conf *Config, log *slog.Logger) (*watched, error) {
	w := &watched{set: metrics.New(metrics.Build{Version: version, Roles: conf.Roles, Region: conf.Region.Name})}
	w.health = &health.Server{Metrics: w.set.Handler(), Log: log}
	if conf.Monitor.Listen == "" {
		return w, nil
	}
	var err error
	if w.listen, err = w.health.Start(ctx, conf.Monitor.Listen); err != nil {
		return nil, usagef("monitor.listen: %w", err)
	}
	return w, nil
}

// show has a system watched: what it counts, and whether its parts are well, until ctx ends and it drains. forget
// is for when it has ended.
func (w *watched) show(ctx context.Context, s *system) (forget func() bool) {
	parts := []health.Part{{Name: "nats", Check: s.natsReady}}
	w.set.Add(metrics.Connection(s.messaging.Conn))
	w.set.Add(metrics.Registry(s.registry))
	w.set.Add(s.scrapeServers)
	if s.front != nil {
		w.set.Add(s.scrapeFront)
		w.set.Add(s.scrapeRelay)
	}
	switch {
	case s.payments != nil:
		w.set.Add(s.scrapeNode)
		w.set.Add(s.scrapePayments)
		w.set.Add(s.scrapeRouting)
		w.set.Add(s.scrapeQueue)
		parts = append(parts, health.Part{Name: "store", Check: s.storeReady})
	case s.front != nil:
		parts = append(parts, health.Part{Name: "node", Check: s.nodeReady})
	}
	if s.keys != nil {
		w.set.Add(s.scrapeKeys)
		parts = append(parts, health.Part{Name: "keys", Check: s.keys.Ready})
	}
	w.health.Ready(parts...)
	return context.AfterFunc(ctx, w.health.Draining)
}

func (s *system) natsReady(context.Context) error {
	if !s.messaging.Conn.IsConnected() {
		return errors.New("no connection")
	}
	return nil
}

func (s *system) scrapeServers(c *metrics.Scrape) {
	for _, one := range s.servers {
		c.RPC(one.as, one.server.Stats())
	}
	if s.gateway != nil {
		s.gateway.Scrape(c)
	}
}

func (s *system) scrapeFront(c *metrics.Scrape) {
	l := s.front.Load()
	for _, k := range l.Kinds {
		for class, n := range k.Classes {
			c.Count("paymux_http_requests_total", n, k.Kind, class)
		}
		c.Times("paymux_http_request_duration_seconds", k.Took, k.Kind)
	}
	for code, n := range l.Refused {
		c.Count("paymux_http_errors_total", n, string(code))
	}
	c.Set("paymux_http_requests_in_flight", float64(l.UnderWay))
	c.Set("paymux_http_streams_open", float64(l.Streams))
}

func (s *system) scrapeRelay(c *metrics.Scrape) {
	r := s.relay.State()
	c.Set("paymux_relay_list_version", float64(r.List))
	c.Count("paymux_relay_refused_total", r.Refused)
	for _, g := range r.Regions {
		c.Count("paymux_relay_payments_total", g.Home, g.Name, "home")
		c.Count("paymux_relay_payments_total", g.Rematched, g.Name, "rematched")
		c.Count("paymux_relay_payments_total", g.Followed, g.Name, "followed")
		c.Count("paymux_relay_spared_total", g.Spared, g.Name)
		c.Set("paymux_relay_region_up", metrics.One(!g.Down), g.Name)
		c.Set("paymux_relay_region_full", metrics.One(g.Full), g.Name)
		c.Set("paymux_relay_circuit_open", metrics.One(g.Open), g.Name)
	}
	if j := r.Journal; j != nil {
		c.Set("paymux_relay_journal_away_seconds", j.Away.Seconds())
		c.Set("paymux_relay_journal_settled", metrics.One(j.Settled))
		c.Set("paymux_relay_journal_unsaved", float64(j.Unsaved))
		c.Count("paymux_relay_journal_failures_total", j.Failed)
		c.Times("paymux_relay_journal_duration_seconds", j.Reads, "read")
		c.Times("paymux_relay_journal_duration_seconds", j.Writes, "write")
	}
}

func (s *system) scrapeNode(c *metrics.Scrape) {
	u := s.usage.Usage()
	c.Set("paymux_node_requests_per_second", u.RequestsPerSecond)
	c.Set("paymux_node_rated_requests_per_second", float64(s.conf.Node.Rated))
	c.Set("paymux_node_error_ratio", u.ErrorRatio)
	for _, v := range s.meter.Times() {
		c.Times("paymux_node_request_duration_seconds", v.All, v.Verb)
		c.Times("paymux_node_own_duration_seconds", v.Own, v.Verb)
	}
	for name, m := range s.channels.Meters() {
		c.Channel(name, m)
	}
	c.Times("paymux_store_change_duration_seconds", s.usage.Commits())
	if e, ok := s.engine.(interface{ CommitStats() groupcommit.Stats }); ok {
		g := e.CommitStats()
		c.Count("paymux_store_commits_total", int64(g.Groups.Number))
		c.Count("paymux_store_changes_total", g.Items)
		c.Times("paymux_store_commit_duration_seconds", g.Groups)
	}
	s.scrapeCopies(c)
}

func (s *system) scrapeCopies(c *metrics.Scrape) {
	if s.directory == nil {
		return
	}
	for _, of := range s.directory.Status() {
		if !of.AsOf.IsZero() {
			c.Set("paymux_copies_age_seconds", s.now().Sub(of.AsOf).Seconds(), of.Region.Name)
		}
	}
}

// familyOf is where a fact is counted, and as what.
func familyOf(m paymux.Measure) (family, outcome string) {
	switch m {
	case paymux.CountAnswered: // with the channel's calls
		return "", ""
	case paymux.CountRefunded:
		return "paymux_refunds_total", "succeeded"
	case paymux.CountRefundFailed:
		return "paymux_refunds_total", "failed"
	case paymux.CountDisputed:
		return "paymux_disputes_total", "opened"
	case paymux.CountDisputeWon:
		return "paymux_disputes_total", "won"
	case paymux.CountDisputeLost:
		return "paymux_disputes_total", "lost"
	}
	return "paymux_payments_total", string(m)
}

func (s *system) scrapePayments(c *metrics.Scrape) {
	s.counts.Each(func(of monitor.Counted, m paymux.Measure, n int64) {
		if family, outcome := familyOf(m); family != "" {
			c.Count(family, n, of.Mode, of.Channel, string(of.Method), outcome)
		}
	})
	c.Count("paymux_payments_late_total", s.counts.Late())
	c.Set("paymux_payments_unknown", float64(s.payments.Unknown()))
}

func (s *system) scrapeQueue(c *metrics.Scrape) {
	l := s.runner.Load()
	for family, n := range map[string]int{
		"paymux_queue_partitions": l.Partitions, "paymux_queue_lanes": l.Lanes, "paymux_queue_lanes_held": l.HeldLanes,
		"paymux_queue_lanes_parked": l.Parked, "paymux_queue_tasks_waiting": l.Waiting, "paymux_queue_tasks_held": l.Held,
		"paymux_queue_tasks_running": l.Running, "paymux_queue_outcomes_unsettled": l.Unsettled,
	} {
		c.Set(family, float64(n))
	}
	c.Set("paymux_queue_oldest_task_seconds", l.Oldest.Seconds())
	for _, k := range s.runner.Counts() {
		for outcome, n := range map[string]int64{"done": k.Done, "failed": k.Failed, "postponed": k.Postponed, "buried": k.Buried} {
			c.Count("paymux_queue_attempts_total", n, k.Kind, outcome)
		}
		c.Times("paymux_queue_attempt_duration_seconds", k.Took, k.Kind)
	}
	n := s.notifier.Counts()
	for result, times := range n.Attempts {
		c.Count("paymux_notify_attempts_total", times, result)
	}
	c.Times("paymux_notify_attempt_duration_seconds", n.Took)
}

func (s *system) scrapeKeys(c *metrics.Scrape) {
	for _, u := range s.keys.UseCounts() {
		for outcome, n := range u.Outcomes {
			c.Count("paymux_keys_uses_total", n, string(u.Use), outcome)
		}
		c.Times("paymux_keys_use_duration_seconds", u.Took, string(u.Use))
	}
}
