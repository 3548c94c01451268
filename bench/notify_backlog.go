package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Phases of a backlog, beside those of every stage.
const (
	filling = flooding + 1 + iota
	down
	draining
)

const longestDrain = 30 * time.Minute

// measureBacklog lets one merchant's endpoint be down while events for it pile up, and come
// up again. It compares the others' times with those from before, in each part of it.
func measureBacklog(ctx context.Context, l *lab) error {
	rate, err := l.half(ctx)
	if err != nil {
		return err
	}
	s, err := l.open(ctx, 1)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.warm(ctx, rate, l.length/5); err != nil {
		return err
	}
	parts := []struct {
		phase uint32
		name  string
		load  func() (window, error)
	}{
		{baseline, "baseline", func() (window, error) { return s.load(ctx, s.others(baseline, rate, l.length)) }},
		{filling, "backlog grows", func() (window, error) { return s.fill(ctx, rate) }},
		{down, "backlog waits", func() (window, error) { return s.load(ctx, s.others(down, rate, l.length)) }},
		{draining, "backlog drains", func() (window, error) { return s.drain(ctx, rate) }},
	}
	windows := make([]window, len(parts))
	for i, p := range parts {
		if windows[i], err = p.load(); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		if err := s.awaitSteady(ctx); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	m, err := s.finish(ctx)
	if err != nil {
		return err
	}
	var lines []notifyLine
	for i, p := range parts {
		line := s.line(p.name, rate)
		line.load(windows[i])
		line.deliveries(&m, p.phase, s.endpoints-1)
		if i > 0 {
			line.against(&lines[0])
		}
		lines = append(lines, line)
	}
	last := &lines[len(lines)-1]
	flood := s.line("", 0)
	flood.deliveries(&m, flooding, s.endpoints-1)
	last.CPU = windows[len(windows)-1].per(int64(last.Deliveries + flood.ShakyDone))
	last.ShakyDone, last.ShakyRate, last.PeakMiB = flood.ShakyDone, flood.ShakyRate, s.memory("VmHWM:")
	return printNotify(&m, lines...)
}

// others is a load of all merchants but the one whose endpoint is down.
func (s *stage) others(phase uint32, rate int, length time.Duration) emission {
	e := s.everybody(phase, rate, length)
	if s.merchants == s.endpoints {
		e.To--
	}
	return e
}

// fill closes the port of the last endpoint and emits the backlog, while the others go on.
func (s *stage) fill(ctx context.Context, rate int) (window, error) {
	if err := s.behave(ctx, behaviour{Refuse: true}); err != nil {
		return window{}, err
	}
	done := make(chan error, 1)
	go func() {
		_, err := s.load(ctx, s.flood())
		done <- errors.Join(err, s.stopEmitting(ctx, filling))
	}()
	w, err := s.load(ctx, s.others(filling, rate, longestDrain))
	return w, errors.Join(err, <-done)
}

// drain opens the port and waits until the backlog has arrived, while the others go on.
func (s *stage) drain(ctx context.Context, rate int) (window, error) {
	if err := s.behave(ctx, behaviour{}); err != nil {
		return window{}, err
	}
	done := make(chan error, 1)
	backlog := s.expected.Shaky
	go func() {
		err := s.await(ctx, sinkCount{Shaky: backlog})
		done <- errors.Join(err, s.stopEmitting(ctx, draining))
	}()
	w, err := s.load(ctx, s.others(draining, rate, longestDrain))
	return w, errors.Join(err, <-done)
}
