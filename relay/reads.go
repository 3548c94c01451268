package relay

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/rpc"
	"github.com/paymux/paymux/internal/wire"
)

// Reads finds what answers questions in each region: T is whatever a region offers for it, such as the queries of its
// node. Safe for concurrent use.
type Reads[T any] struct {
	relay *Relay
	dial  func(region string) (T, error)
	made  sync.Map // T by region name
}

// NewReads returns the questions' way to the regions that r knows. dial is asked once a region, by name.
func NewReads[T any](r *Relay, dial func(region string) (T, error)) *Reads[T] {
	return &Reads[T]{relay: r, dial: dial}
}

func (s *Reads[T]) of(p *place) (T, error) {
	if made, ok := s.made.Load(p.Name); ok {
		return made.(T), nil
	}
	t, err := s.dial(p.Name)
	if err != nil {
		return t, fmt.Errorf("relay: reach region %s: %w", p.Name, err)
	}
	kept, _ := s.made.LoadOrStore(p.Name, t)
	return kept.(T), nil
}

// Regions are the names of all regions that are known, in their order.
func (s *Reads[T]) Regions() []string {
	shown := s.relay.shown.Load()
	names := make([]string, len(shown.places))
	for i, p := range shown.places {
		names[i] = p.Name
	}
	return names
}

// Home is the name of the region an ID was issued in, which is the one that ByID asks. Empty: it is not known.
func (s *Reads[T]) Home(id string) string {
	shown := s.relay.shown.Load()
	if s.relay.fixed && len(shown.places) == 1 {
		return shown.places[0].Name
	}
	if p, err := shown.of(id); err == nil {
		return p.Name
	}
	return ""
}

// Name is the name of the region of a number. Empty: it is not known.
func (s *Reads[T]) Name(number paymux.Region) string {
	if p := s.relay.shown.Load().byNumber[number]; p != nil {
		return p.Name
	}
	return ""
}

// ByID asks the region an ID was issued in. Where there is one region for good, it is asked whatever the ID. Errors: those of
// ask; InvalidID, and NotFound because of paymux.ErrNoRegion, for what no region has issued; Unavailable where the region does not answer.
func ByID[T, R any](ctx context.Context, s *Reads[T], id string, ask func(context.Context, T) (R, error)) (R, error) {
	shown := s.relay.shown.Load()
	if s.relay.fixed && len(shown.places) == 1 {
		return query(ctx, s, shown, shown.places[0], ask)
	}
	p, err := shown.of(id)
	if err != nil {
		var none R
		return none, err
	}
	return query(ctx, s, shown, p, ask)
}

// In asks a region by name. Errors: as of ByID.
func In[T, R any](ctx context.Context, s *Reads[T], region string, ask func(context.Context, T) (R, error)) (R, error) {
	shown := s.relay.shown.Load()
	p := shown.byName[region]
	if p == nil {
		var none R
		return none, paymux.Errorf(paymux.NotFound, "There is no region %s.", region).Because(paymux.ErrNoRegion)
	}
	return query(ctx, s, shown, p, ask)
}

// Away reports whether an error says that a region was not reached or did not answer, and not what it answered.
func Away(err error) bool {
	return errors.Is(err, errSpared) || errors.Is(err, rpc.ErrNotTaken) || errors.Is(err, wire.ErrLost)
}

// Part is what one region answered, or why it did not.
type Part[R any] struct {
	Region string
	Number paymux.Region
	Value  R
	Err    error
}

// Each asks all regions at once, those in but left out, and returns what each answered, in the order of their names.
func Each[T, R any](ctx context.Context, s *Reads[T], ask func(context.Context, T) (R, error), but ...string) []Part[R] {
	return each(ctx, s, s.relay.shown.Load(), func(ctx context.Context, _ *place, t T) (R, error) { return ask(ctx, t) }, but...)
}

func each[T, R any](ctx context.Context, s *Reads[T], shown *snapshot, ask func(context.Context, *place, T) (R, error), but ...string) []Part[R] {
	parts := make([]Part[R], 0, len(shown.places))
	var all sync.WaitGroup
	for _, p := range shown.places {
		if slices.Contains(but, p.Name) {
			continue
		}
		parts = append(parts, Part[R]{Region: p.Name, Number: p.Number})
		part := &parts[len(parts)-1]
		do := func() {
			part.Value, part.Err = query(ctx, s, shown, p, func(ctx context.Context, t T) (R, error) { return ask(ctx, p, t) })
		}
		if len(shown.places) == 1 {
			do()
		} else {
			all.Go(do)
		}
	}
	all.Wait()
	return parts
}

// Whole returns what all regions answered. One that did not fails the whole: a list without its part would look complete.
func Whole[R any](parts []Part[R]) ([]R, error) {
	values := make([]R, len(parts))
	for i := range parts {
		if parts[i].Err != nil {
			return nil, parts[i].Err
		}
		values[i] = parts[i].Value
	}
	return values, nil
}

// Some returns what those regions answered that did. It fails where none did, and with an error that is no absence.
func Some[R any](parts []Part[R]) ([]R, error) {
	var values []R
	var missing error
	for i := range parts {
		switch err := parts[i].Err; {
		case err == nil:
			values = append(values, parts[i].Value)
		case !errors.Is(err, paymux.Unavailable):
			return nil, err
		default:
			missing = err
		}
	}
	if len(values) == 0 && missing != nil {
		return nil, missing
	}
	return values, nil
}

func query[T, R any](ctx context.Context, s *Reads[T], shown *snapshot, p *place, ask func(context.Context, T) (R, error)) (R, error) {
	var none R
	t, err := s.of(p)
	if err != nil {
		return none, err
	}
	return through(s.relay, ctx, shown, p, p.heard, func() (R, error) { return ask(ctx, t) })
}
