package main

import (
	"context"
	"time"

	"github.com/paymux/paymux/bench/tally"
)

const settling = 3 * time.Second // after a start or a load

// measureIdle measures what merchants cost who have endpoints and no events: of a
// fresh node, and of one that has delivered to each of them once.
func measureIdle(ctx context.Context, l *lab) error {
	s, err := l.open(ctx, 0)
	if err != nil {
		return err
	}
	defer s.close()
	fresh, err := s.rest(ctx, "idle, fresh")
	if err != nil {
		return err
	}
	one := s.everybody(measured, 0, time.Minute)
	one.Each = true
	if _, err := s.loadFrom(ctx, one, s.nodes[0]); err != nil {
		return err
	}
	if err := s.awaitAll(ctx); err != nil {
		return err
	}
	used, err := s.rest(ctx, "idle, after an event each")
	if err != nil {
		return err
	}
	m, err := s.finish(ctx)
	if err != nil {
		return err
	}
	used.outcome(&m)
	return printNotify(&m, fresh, used)
}

// rest lets the stage be and measures what it does all the same.
func (s *stage) rest(ctx context.Context, phase string) (notifyLine, error) {
	if err := sleep(ctx, settling); err != nil {
		return notifyLine{}, err
	}
	before, began := s.usage(), time.Now()
	if err := sleep(ctx, s.length); err != nil {
		return notifyLine{}, err
	}
	used, length := s.usage().minus(before), time.Since(began)
	line := s.line(phase, 0)
	line.Loop = ""
	line.Seconds = round3(length.Seconds())
	line.CPUSecond = used.per(length.Milliseconds()) // a thousand milliseconds are a second
	line.NowMiB, line.PeakMiB = s.memory("VmRSS:"), s.memory("VmHWM:")
	line.outcome(&tally.Matched{})
	return line, s.alive()
}
