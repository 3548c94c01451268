package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// What can befall endpoints. The healthy ones are not to notice any of it (D3).
const (
	slowTrouble   = "slow"   // they answer late
	refuseTrouble = "refuse" // they refuse connections
	burstTrouble  = "burst"  // one merchant has tens of thousands of events at once
)

var allTroubles = []string{slowTrouble, refuseTrouble, burstTrouble}

// Slots and the time limit of one attempt are the queue's and the notifier's own defaults.
const (
	slotsOfNode  = 64 + 2048
	attemptLimit = 15 * time.Second
)

// measureIsolation lets trouble befall some endpoints, one kind after the other, and compares the
// others' times to those of the same run before it began.
func measureIsolation(ctx context.Context, l *lab) error {
	rate, err := l.half(ctx)
	if err != nil {
		return err
	}
	for _, trouble := range l.troubles {
		for _, mode := range l.modes {
			loop := map[string]int{"open": rate, "closed": 0}[mode]
			if err := l.isolate(ctx, trouble, loop); err != nil {
				return fmt.Errorf("%s, %s loop: %w", trouble, mode, err)
			}
		}
	}
	return nil
}

func (l *lab) isolate(ctx context.Context, trouble string, rate int) error {
	s, err := l.open(ctx, l.troubled(trouble))
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.warm(ctx, rate, l.length/5); err != nil {
		return err
	}
	before, err := s.load(ctx, s.everybody(baseline, rate, l.length))
	if err := errors.Join(err, s.awaitAll(ctx)); err != nil {
		return err
	}
	during, err := s.suffer(ctx, trouble, rate)
	if err != nil {
		return err
	}
	m, err := s.finish(ctx)
	if err != nil {
		return err
	}
	base, line := s.line("baseline before "+trouble, rate), s.line(trouble, rate)
	base.load(before)
	base.deliveries(&m, baseline, s.endpoints-s.shaky)
	line.load(during)
	line.deliveries(&m, measured, s.endpoints-s.shaky)
	line.against(&base)
	line.PeakMiB = s.memory("VmHWM:")
	if trouble == slowTrouble {
		line.SlowFor, line.Slots = l.slowFor.Seconds(), slotsOfNode*l.replicas
		line.LoadOfSlots = round3(line.ShakyPer * min(l.slowFor, attemptLimit).Seconds() / float64(line.Slots))
	}
	return printNotify(&m, base, line)
}

// troubled is how many endpoints are to have trouble.
func (l *lab) troubled(trouble string) int {
	if trouble == burstTrouble {
		return 1
	}
	return max(1, l.endpoints*l.slow/100)
}

// suffer lets trouble begin, loads the stage, and ends the trouble once all healthy endpoints have
// what was emitted for them.
func (s *stage) suffer(ctx context.Context, trouble string, rate int) (window, error) {
	flooded := make(chan error, 1)
	switch trouble {
	case slowTrouble, refuseTrouble:
		b := behaviour{DelayMS: s.slowFor.Milliseconds(), Refuse: trouble == refuseTrouble}
		if err := s.behave(ctx, b); err != nil {
			return window{}, err
		}
		flooded <- nil
	case burstTrouble:
		go func() {
			_, err := s.load(ctx, s.flood())
			flooded <- err
		}()
	}
	w, err := s.load(ctx, s.everybody(measured, rate, s.length))
	if err := errors.Join(err, <-flooded, s.awaitSteady(ctx)); err != nil {
		return w, err
	}
	return w, s.behave(ctx, behaviour{})
}

// flood is as many events as were asked for to the merchant of the last endpoint, as fast as they are accepted.
func (s *stage) flood() emission {
	merchant := (s.endpoints - 1) % s.merchants
	return emission{
		Phase: flooding, From: merchant, To: merchant + 1, Emitters: s.emitters, Events: s.events,
		ForMS: (30 * time.Minute).Milliseconds(),
	}
}
