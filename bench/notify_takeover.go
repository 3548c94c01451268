package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/paymux/paymux/bench/tally"
	"github.com/paymux/paymux/queue"
)

// takeover is what became of a replica's partitions when it ended. Times are milliseconds.
type takeover struct {
	Partitions int     `json:"partitions"`       // the victim held
	Gap        float64 `json:"longest_gap_ms"`   // in which one of them had no arrival, from the end on
	GapBefore  float64 `json:"gap_before_ms"`    // the same before the end: what the load's rate makes
	Worst      float64 `json:"longest_ms"`       // from commit to arrival, of those partitions' events
	OthersP99  float64 `json:"others_p99_ms"`    // of the other partitions' events meanwhile
	Exit       float64 `json:"exit_ms"`          // from the signal until the process was gone
	Late       int     `json:"later_than_250ms"` // of those partitions' events
}

// measureTakeover ends replicas under load: one is killed, a new one takes its place and is asked
// to end. The first replica emits all events and stays. Phases are measured and, for the second, flooding.
func measureTakeover(ctx context.Context, l *lab) error {
	s, err := l.open(ctx, 0)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.shared(ctx); err != nil {
		return err
	}
	// From the first replica, which stays: what the others note of their commits goes with them.
	_, err = s.loadFrom(ctx, s.everybody(warming, l.rate, 2*time.Second), s.nodes[0])
	if err := errors.Join(err, s.awaitAll(ctx)); err != nil {
		return err
	}
	killed, err := s.end(ctx, measured, func(n *server) { _ = n.cmd.Process.Kill() })
	if err != nil {
		return fmt.Errorf("kill: %w", err)
	}
	fresh, err := s.launchNode(ctx)
	if err != nil {
		return err
	}
	if err := errors.Join(s.startNodes(ctx, fresh), s.shared(ctx)); err != nil {
		return err
	}
	ended, err := s.end(ctx, flooding, (*server).stop)
	if err != nil {
		return fmt.Errorf("stop: %w", err)
	}
	m, err := s.finish(ctx)
	if err != nil {
		return err
	}
	return printNotify(&m, s.takeoverLine("kill -9", &m, killed), s.takeoverLine("SIGTERM", &m, ended))
}

// shared returns once every replica holds its share of the partitions: not less than half of an equal one.
func (s *stage) shared(ctx context.Context) error {
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		least, sum := queue.Partitions, 0
		for _, n := range s.nodes {
			held, err := heldBy(ctx, n)
			if err != nil {
				return err
			}
			least, sum = min(least, len(held)), sum+len(held)
		}
		if sum == queue.Partitions && least >= queue.Partitions/len(s.nodes)/2 {
			return nil
		}
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
	return fmt.Errorf("the replicas did not come to share the partitions within a minute")
}

func heldBy(ctx context.Context, n *server) (parts []int, err error) {
	return parts, n.tell(ctx, "/held", nil, &parts)
}

// ending is one end of a replica.
type ending struct {
	window
	phase uint32
	held  []int // by the victim
	at    int64 // Unix nanoseconds
	exit  time.Duration
}

// end loads the stage from its first replica and, after a fifth of the time, ends the last one.
func (s *stage) end(ctx context.Context, phase uint32, how func(*server)) (ending, error) {
	e := ending{phase: phase}
	loaded := make(chan error, 1)
	victim := s.nodes[len(s.nodes)-1]
	s.nodes = slices.Clone(s.nodes[:len(s.nodes)-1]) // whose end is none of the stage's
	if err := sleep(ctx, settling); err != nil {
		return e, err
	}
	var w window
	load := s.everybody(phase, s.rate, s.length)
	go func() {
		var err error
		w, err = s.loadFrom(ctx, load, s.nodes[0])
		loaded <- err
	}()
	err := sleep(ctx, s.length/5)
	if err == nil {
		e.held, err = heldBy(ctx, victim)
	}
	began := time.Now()
	how(victim)
	<-victim.exited
	e.at, e.exit = began.UnixNano(), time.Since(began)
	if err := errors.Join(err, <-loaded, s.awaitAll(ctx)); err != nil {
		return e, err
	}
	e.window = w
	if len(e.held) == 0 {
		return e, errors.New("the replica that was to end held no partition")
	}
	return e, nil
}

func (s *stage) takeoverLine(name string, m *tally.Matched, e ending) notifyLine {
	line := s.line(name, s.rate)
	line.load(e.window)
	line.CPU = nil // a process that has ended cannot be asked
	line.deliveries(m, e.phase, s.endpoints)
	parts := make([]int, len(s.cast.Endpoints))
	for i, id := range s.cast.Endpoints {
		parts[i] = queue.PartitionOf(string(id))
	}
	of := func(keep func(part int) bool) []tally.Delivery {
		return tally.Where(m.Deliveries, func(d tally.Delivery) bool { return d.Phase == e.phase && keep(parts[d.Endpoint]) })
	}
	victims := func(part int) bool { return slices.Contains(e.held, part) }
	before := e.at - int64(s.length/6)
	t := takeover{Partitions: len(e.held), Exit: ms(e.exit)}
	for _, part := range e.held {
		list := of(func(p int) bool { return p == part })
		if len(list) == 0 {
			continue // no endpoint is in it
		}
		t.Gap = max(t.Gap, ms(tally.LongestGap(list, e.at, e.Ended)))
		t.GapBefore = max(t.GapBefore, ms(tally.LongestGap(list, before, e.at)))
	}
	took := tally.SpreadOf(of(victims), tally.Delivery.Took)
	t.Worst = ms(took.Quantile(1))
	for _, d := range took {
		if d > 250*time.Millisecond {
			t.Late++
		}
	}
	t.OthersP99 = ms(tally.SpreadOf(of(func(p int) bool { return !victims(p) }), tally.Delivery.Took).Quantile(.99))
	line.Takeover = &t
	return line
}
