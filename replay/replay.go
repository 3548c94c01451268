// Package replay asks what a rule set would have done with payments of the past (C8), without touching anything: it reads
// the history, a page at a time, decides each payment again, and reports what would have moved whereto, what comes of
// that and what it costs. The same history has the same report. What a payment does not say itself is in its explanation
// (paymux.Routing); what was known then is on record of the candidates it had. Start reading at Run.
package replay

import (
	"context"
	"fmt"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/routing"
	"github.com/paymux/paymux/routing/learn"
)

// Config is what replays need.
type Config struct {
	Store    Store
	Accounts func() []routing.Account // as they are today
	// Allowed are the accounts a merchant may use today; empty: all. It is asked once a merchant. Nil: all may use all.
	Allowed func(ctx context.Context, merchant paymux.MerchantID) ([]string, error)
	// Sets finds a set that was in force: what is on record of quotas holds where the replayed set has the same. Nil: none is known.
	Sets func(ctx context.Context, version int64) (*routing.RuleSet, error)
}

// Service replays. Safe for concurrent use: each replay has a state of its own.
type Service struct{ Config }

// New returns a service.
func New(c Config) *Service { return &Service{Config: c} }

// Options say what to replay.
type Options struct {
	Filter        // After goes on where another replay ended; Limit is of payments: 0 is DefaultPayments, MaxPayments at most
	Mode   string // live or test; empty: both
	Moves  int    // how many to list: 0 is DefaultMoves, MaxMoves at most; negative: none
}

// Bounds of a replay.
const (
	DefaultPayments = 100_000
	MaxPayments     = 1_000_000
	DefaultMoves    = 100
	MaxMoves        = 1000

	pageSize = 500
)

func (o Options) bounded() Options {
	if o.Limit <= 0 {
		o.Limit = DefaultPayments
	}
	if o.Moves == 0 {
		o.Moves = DefaultMoves
	}
	o.Limit, o.Moves = min(o.Limit, MaxPayments), min(max(o.Moves, 0), MaxMoves)
	return o
}

// Run replays a rule set. Errors: routing.Faults for a set that does not work; of the store.
func (s *Service) Run(ctx context.Context, set *routing.RuleSet, o Options) (*paymux.RoutingReplay, error) {
	program, err := routing.Compile(set)
	if err != nil {
		return nil, err
	}
	o = o.bounded()
	r := &run{s: s, o: o, allowed: map[paymux.MerchantID][]string{}, sums: newSums(program), known: hindsight{
		book: learn.New(learn.Options{}, o.From), program: program,
		quotas: quotas{program: program, sets: s.Sets, ctx: ctx, used: map[use]int64{}, trusted: map[trust]bool{}},
	}}
	r.known.book.SetPolicy(program.Health)
	r.view = program.Bind(awake(s.Accounts()), &r.known)
	if err := r.history(ctx); err != nil {
		return nil, err
	}
	report := r.report()
	report.RuleSet, report.Version = set.Name, set.Version
	return report, nil
}

// awake are accounts without what keeps them from working today.
func awake(today []routing.Account) []routing.Account {
	accounts := make([]routing.Account, len(today))
	for i, a := range today {
		a.Down = ""
		accounts[i] = a
	}
	return accounts
}

// run is one replay.
type run struct {
	s       *Service
	o       Options
	view    *routing.View
	known   hindsight
	allowed map[paymux.MerchantID][]string // by merchant, as far as they were asked for
	sums    *sums
	moves   []paymux.ReplayMove
	last    paymux.PaymentID // that was read
	more    bool             // there may be others after it
}

// page is a part of the history on its way.
type page struct {
	payments []paymux.Payment
	err      error
}

// history reads the next page while one is replayed.
func (r *run) history(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	pages := make(chan page, 1)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.s.read(ctx, r.o.Filter, pages)
	}()
	defer func() { cancel(); <-ended }()
	for left := r.o.Limit; left > 0; {
		got, ok := <-pages
		if !ok {
			return ctx.Err()
		}
		if got.err != nil {
			return fmt.Errorf("replay: %w", got.err)
		}
		for i := range got.payments {
			if err := r.payment(ctx, &got.payments[i]); err != nil {
				return err
			}
		}
		left -= len(got.payments)
		r.last, r.more = got.payments[len(got.payments)-1].ID, left <= 0
	}
	return nil
}

// read hands out pages until there are no more.
func (s *Service) read(ctx context.Context, f Filter, to chan<- page) {
	defer close(to)
	for left := f.Limit; left > 0; {
		f.Limit = min(left, pageSize)
		payments, err := s.Store.History(ctx, f)
		if len(payments) == 0 && err == nil {
			return
		}
		select {
		case to <- page{payments, err}:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
		f.After = payments[len(payments)-1].ID
		left -= len(payments)
	}
}

// payment decides one payment again.
func (r *run) payment(ctx context.Context, p *paymux.Payment) error {
	if r.o.Mode != "" && p.Livemode != (r.o.Mode == "live") {
		return nil
	}
	was, routed := pastOf(p)
	if !routed {
		r.sums.unrouted++
		return nil
	}
	allowed, err := r.allowedTo(ctx, p.Merchant)
	if err != nil {
		return fmt.Errorf("replay: accounts of merchant %s: %w", p.Merchant, err)
	}
	r.known.past = was
	r.known.book.Tick(was.at)
	request := was.request(allowed)
	to := ""
	if d := r.view.Decide(&request); len(d.Order) > 0 {
		to = d.Order[0]
	}
	attempts := was.attempts()
	r.sums.add(&was, attempts, to, &request)
	if to != was.first && len(r.moves) < r.o.Moves {
		r.moves = append(r.moves, r.move(&was, to, &request))
	}
	if to != "" && (to != was.first || attempts[0].result == 0 || attempts[0].result == learn.Succeeded) {
		r.known.quotas.take(to, p.Money(), r.known.program.Day(was.at))
	}
	r.known.learnt(attempts)
	return nil
}

func (r *run) allowedTo(ctx context.Context, merchant paymux.MerchantID) ([]string, error) {
	list, known := r.allowed[merchant]
	if known || r.s.Allowed == nil {
		return list, nil
	}
	list, err := r.s.Allowed(ctx, merchant)
	if err == nil {
		r.allowed[merchant] = list
	}
	return list, err
}
