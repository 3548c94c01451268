package main

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"time"

	"github.com/paymux/paymux/bench/tally"
)

// measureThroughput measures how fast events are delivered that are emitted as fast as they are
// accepted, between two measurements of the ceiling: the machine may change its speed meanwhile.
func measureThroughput(ctx context.Context, l *lab) error {
	callers, err := l.bestCallers(ctx)
	if err != nil {
		return err
	}
	before, err := l.ceiling(ctx, callers, l.length/2)
	if err != nil {
		return err
	}
	if err := printNotify(nil, before); err != nil {
		return err
	}
	for range l.rounds {
		line, m, err := l.throughput(ctx, l.length)
		if err != nil {
			return err
		}
		after, err := l.ceiling(ctx, callers, l.length/2)
		if err != nil {
			return err
		}
		line.Ratio = round3(line.PerSecond / ((before.PerSecond + after.PerSecond) / 2))
		if err := printNotify(&m, line, after); err != nil {
			return err
		}
		before = after
	}
	return nil
}

// throughput loads a stage of its own in a closed loop.
func (l *lab) throughput(ctx context.Context, length time.Duration) (notifyLine, tally.Matched, error) {
	s, err := l.open(ctx, 0)
	if err != nil {
		return notifyLine{}, tally.Matched{}, err
	}
	defer s.close()
	if err := s.warm(ctx, 0, length/5); err != nil {
		return notifyLine{}, tally.Matched{}, err
	}
	before := s.usage()
	profiled := s.profile(ctx, length)
	w, err := s.load(ctx, s.everybody(measured, 0, length))
	if err != nil {
		return notifyLine{}, tally.Matched{}, err
	}
	if err := s.awaitAll(ctx); err != nil {
		return notifyLine{}, tally.Matched{}, err
	}
	w.spent = s.usage().minus(before) // what is delivered after the last commit counts, too
	line := s.line("throughput", 0)
	line.PeakMiB = s.memory("VmHWM:")
	if err := <-profiled; err != nil {
		return line, tally.Matched{}, err
	}
	m, err := s.finish(ctx)
	if err != nil {
		return line, m, err
	}
	line.load(w)
	line.deliveries(&m, measured, s.endpoints)
	line.BodyBytes = bodyBytes()
	return line, m, nil
}

// warm loads a stage for a while and waits until everything has arrived.
func (s *stage) warm(ctx context.Context, rate int, length time.Duration) error {
	if _, err := s.load(ctx, s.everybody(warming, rate, length)); err != nil {
		return err
	}
	return s.awaitAll(ctx)
}

// half is the rate of open loops, in events a second: what was asked for, or half of what a short
// closed loop delivers.
func (l *lab) half(ctx context.Context) (int, error) {
	if l.rate > 0 {
		return l.rate, nil
	}
	line, m, err := l.throughput(ctx, max(l.length/2, 3*time.Second))
	if err != nil {
		return 0, err
	}
	line.Phase = "highest rate"
	if err := printNotify(&m, line); err != nil {
		return 0, err
	}
	if line.PerSecond == 0 {
		return 0, errNothing
	}
	deliveriesPerEvent := float64(l.endpoints) / float64(l.merchants)
	return max(1, int(line.PerSecond/deliveriesPerEvent/2)), nil
}

// profile keeps a CPU profile of the first node, where one is asked for.
func (s *stage) profile(ctx context.Context, length time.Duration) <-chan error {
	done := make(chan error, 1)
	if s.lab.notifyPlan.profile == "" {
		done <- nil
		return done
	}
	go func() {
		path := fmt.Sprintf("/debug/pprof/profile?seconds=%d", max(1, int(length.Seconds())-1))
		answer, err := s.nodes[0].ask(ctx, http.MethodGet, path, nil)
		if err == nil {
			defer answer.Body.Close()
			err = writeProfile(s.lab.notifyPlan.profile, answer.Body)
		}
		done <- err
	}()
	return done
}

// bestCallers is how many callers the ceiling is fastest with, of a few.
func (l *lab) bestCallers(ctx context.Context) (int, error) {
	best, rate := 0, 0.0
	for _, callers := range []int{16, 64, 256} {
		line, err := l.ceiling(ctx, callers, time.Second)
		if err != nil {
			return 0, err
		}
		if line.PerSecond > rate {
			best, rate = callers, line.PerSecond
		}
	}
	if best == 0 {
		return 0, errNothing
	}
	return best, nil
}

// ceiling measures the bare loop: no store, no node, the same sink and body.
func (l *lab) ceiling(ctx context.Context, callers int, length time.Duration) (notifyLine, error) {
	s, err := l.sinkOnly(ctx)
	if err != nil {
		return notifyLine{}, err
	}
	defer s.close()
	loop, err := startChild(ctx, "notify-ceiling")
	if err != nil {
		return notifyLine{}, err
	}
	defer loop.stop()
	load := knocking{URLs: s.addresses.urls(l.endpoints, 0), Secret: s.secret, Callers: callers, ForMS: (length / 5).Milliseconds()}
	var out knocked
	if err := loop.tell(ctx, "/run", load, &out); err != nil { // opens the connections
		return notifyLine{}, err
	}
	load.ForMS = length.Milliseconds()
	before := spent{sink: s.sink.cpu(), generator: loop.cpu()}
	warmed := out.Delivered
	if err := loop.tell(ctx, "/run", load, &out); err != nil {
		return notifyLine{}, err
	}
	used := spent{sink: s.sink.cpu(), generator: loop.cpu()}.minus(before)
	if out.Failed > 0 {
		return notifyLine{}, fmt.Errorf("the ceiling failed %d times: %s", out.Failed, out.FirstFail)
	}
	var arrived sinkCount
	if err := s.sink.tell(ctx, "/count", nil, &arrived); err != nil {
		return notifyLine{}, err
	}
	if arrived.Steady != warmed+out.Delivered || arrived.Bad > 0 {
		return notifyLine{}, fmt.Errorf("the ceiling sent %d deliveries, the sink has seen %+v", warmed+out.Delivered, arrived)
	}
	took := time.Duration(out.Took)
	line := notifyLine{
		Scenario: l.scenario, Phase: "ceiling", Side: "ceiling", Loop: "closed", Endpoints: l.endpoints, Hosts: l.hosts, Callers: callers,
		Seconds: round3(took.Seconds()), Deliveries: int(out.Delivered), PerSecond: round3(float64(out.Delivered) / took.Seconds()),
		CPU: used.per(out.Delivered), CPUs: runtime.NumCPU(), Go: runtime.Version(), BodyBytes: bodyBytes(),
	}
	return line, s.sink.alive()
}

// measurePromptness loads at half of the highest rate, whatever the answers.
func measurePromptness(ctx context.Context, l *lab) error {
	rate, err := l.half(ctx)
	if err != nil {
		return err
	}
	s, err := l.open(ctx, 0)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.warm(ctx, rate, l.length/5); err != nil {
		return err
	}
	profiled := s.profile(ctx, l.length)
	w, err := s.load(ctx, s.everybody(measured, rate, l.length))
	if err != nil {
		return err
	}
	if err := <-profiled; err != nil {
		return err
	}
	m, err := s.finish(ctx)
	if err != nil {
		return err
	}
	line := s.line("half of the highest rate", rate)
	line.load(w)
	line.deliveries(&m, measured, s.endpoints)
	line.BodyBytes, line.PeakMiB = bodyBytes(), s.memory("VmHWM:")
	return printNotify(&m, line)
}
