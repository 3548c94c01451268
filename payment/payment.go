// Package payment is the life of a payment: it turns a verified request into
// operations at institutions, and what institutions say into states, events and
// tasks. It keeps the rules that keep money right (docs/payment-cycle.md):
//
//   - what is to be sent is durable before it is sent, and the operation's ID is
//     the idempotency key at the institution;
//   - unknown never becomes failed by time, another channel is tried only after a
//     proof that nothing happened, and a failed query changes nothing;
//   - state, event, notification and task rows are one commit, whose version
//     decides races: the loser reads again and decides again.
//
// It holds no database connection while an institution is called, speaks no HTTP,
// and knows no institution by name. Start reading at create.go, then draft.go,
// where outcomes become states.
package payment

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/internal/trace"
	"github.com/paymux/paymux/queue"
	"github.com/paymux/paymux/routing"
)

// KindResolve is the task that brings a payment to its proper end: it asks for
// outcomes nobody reported, sends what a crash kept from being sent, and expires. Ref is the payment's ID.
const KindResolve = "resolve"

// Config wires a Service. Every field but Gathering, Decided, Quotas, Observer, Notify, Offer, Changed and Trace is required.
type Config struct {
	Store Store
	// Accounts are the accounts as they are now. It is asked often and answers at once. What it
	// has named once it goes on naming, so that what is under way there can be brought to its end.
	Accounts func() *channel.Accounts
	// Gathering reports whether there may be accounts that Accounts does not name yet: a payment that nobody takes is
	// asked to come again then, and not refused for good.
	Gathering func() bool
	// Routes is the rule set in force over the accounts there are; called once a payment. What it names, Accounts names, too.
	Routes func() *routing.View
	// Decided is told by which kind of rule each decision was made.
	Decided func(kind string)
	// Quotas remembers which are full. It is the one that Routes knows of.
	Quotas *Quotas
	// Observer hears what became of operations.
	Observer Observer
	IDs      *paymux.IDs
	// Policy finds a merchant's policy where no request carries it: late money.
	Policy func(context.Context, paymux.MerchantID) (paymux.Policy, error)
	// Notify returns the tasks that deliver an event, to be committed with it.
	Notify func(context.Context, paymux.Event) ([]queue.Task, error)
	// Offer hears of tasks that were just committed.
	Offer func([]queue.Task)
	// Changed hears of every committed change of a payment.
	Changed   func(paymux.Payment)
	PublicURL string // of the front door, without a trailing slash
	// Patience is how long after a call's time limit an institution that says it
	// never saw the operation is believed. Zero: 5 s.
	Patience time.Duration
	// Expiry is the life of an unpaid payment where neither request nor policy says. Zero: 30 min.
	Expiry time.Duration
	Now    func() time.Time
	Log    *slog.Logger
	// Trace has news of an operation recorded under the trace of the request that began it. Nil: it is passed on and not recorded.
	Trace *trace.Tracer
}

// Service carries out merchants' requests, institutions' callbacks and tasks. Safe for concurrent use.
type Service struct {
	Config
	recent   *recent
	doubts   *doubts
	unknowns *unknowns
}

// New returns a Service.
func New(c Config) *Service {
	if c.Notify == nil {
		c.Notify = func(context.Context, paymux.Event) ([]queue.Task, error) { return nil, nil }
	}
	if c.Offer == nil {
		c.Offer = func([]queue.Task) {}
	}
	if c.Gathering == nil {
		c.Gathering = func() bool { return false }
	}
	if c.Decided == nil {
		c.Decided = func(string) {}
	}
	if c.Quotas == nil {
		c.Quotas = NewQuotas(func() *routing.Program { return c.Routes().Program() }, c.Now)
	}
	if c.Changed == nil {
		c.Changed = func(paymux.Payment) {}
	}
	if c.Patience == 0 {
		c.Patience = 5 * time.Second
	}
	if c.Expiry == 0 {
		c.Expiry = 30 * time.Minute
	}
	return &Service{Config: c, recent: newRecent(), doubts: newDoubts(), unknowns: newUnknowns()}
}

// attempts bounds how often a step is decided again after losing a race.
const attempts = 20

// errUnchanged is a decision's word that there is nothing to commit.
var errUnchanged = errors.New("payment: nothing to change")

// change reads the payment, lets decide work on a draft of it and commits the
// draft, again from the start when another change came first, or a quota was full. decide returns
// errUnchanged to commit nothing; its other errors are returned as they are.
func (s *Service) change(ctx context.Context, read func(context.Context) (Record, error), decide func(*draft) error) (*draft, error) {
	for range attempts {
		rec, err := read(ctx)
		if err != nil {
			return nil, err
		}
		d := s.draftOf(rec)
		if err := decide(d); errors.Is(err, errUnchanged) {
			return d, nil
		} else if err != nil {
			return d, err
		}
		err = s.commit(ctx, d)
		if err == nil || !errors.Is(err, paymux.ErrStale) && !s.Quotas.noted(err) {
			return d, err
		}
	}
	return nil, paymux.Errorf(paymux.Unavailable, "The payment is being changed by many requests at once. Try again.")
}

// commit makes a draft durable and tells those who wait for it.
func (s *Service) commit(ctx context.Context, d *draft) error {
	ctx, span := s.backTo(ctx, d)
	defer span.End()
	if err := d.seal(ctx); err != nil {
		return err
	}
	if err := s.keep(ctx, d); err != nil {
		return err
	}
	if len(d.Tasks) > 0 {
		s.Offer(d.Tasks)
	}
	s.recent.put(d)
	s.Changed(d.Payment)
	return nil
}

// owned reads a payment and refuses it to any merchant but its own, as if it did not exist.
func (s *Service) owned(merchant paymux.MerchantID, id paymux.PaymentID) func(context.Context) (Record, error) {
	return func(ctx context.Context) (Record, error) {
		rec, err := s.Store.Record(ctx, id)
		if errors.Is(err, paymux.NotFound) || err == nil && rec.Payment.Merchant != merchant {
			return Record{}, paymux.Errorf(paymux.NotFound, "There is no payment %s.", id)
		}
		if err != nil {
			return Record{}, fmt.Errorf("load payment %s: %w", id, err)
		}
		return rec, nil
	}
}
