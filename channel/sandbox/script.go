package sandbox

import (
	"slices"
	"sync"

	"github.com/paymux/paymux"
)

// Step is one line of a script: what is to happen to the next operation that it fits.
type Step struct {
	Match     Match     `json:"match,omitzero"`
	Do        Behaviour `json:"do"`
	Code      string    `json:"code,omitempty"`       // decline, decline_after_pending: the institution's code; empty: card_declined
	LatencyMS int       `json:"latency_ms,omitempty"` // slow: how slowly; 0: Config.Delay
	Times     int       `json:"times,omitempty"`      // operations it is for; 0: one

	Taken []paymux.OperationID `json:"taken,omitempty"` // which operations took it; ignored when set
}

// Match narrows a step down; what is empty fits everything. Queries take the steps that name them, and no others.
type Match struct {
	Kind     string            `json:"kind,omitempty"` // pay, capture, cancel, refund or query
	Method   paymux.MethodType `json:"method,omitempty"`
	Currency paymux.Currency   `json:"currency,omitempty"`
	Amount   int64             `json:"amount,omitempty"`  // in minor units
	Order    string            `json:"order,omitempty"`   // the merchant's number
	Payment  paymux.PaymentID  `json:"payment,omitempty"` // as in pay_…
}

// kindQuery is what a match calls a query.
const kindQuery = "query"

func (m *Match) fits(kind string, r *request) bool {
	return (m.Kind == kind || m.Kind == "" && kind != kindQuery) &&
		(m.Method == "" || m.Method == r.Method) && (m.Currency == "" || m.Currency == r.Currency) &&
		(m.Amount == 0 || m.Amount == r.Amount) && (m.Order == "" || m.Order == r.Order) && (m.Payment == "" || m.Payment == r.Payment)
}

// Validate reports what cannot be done, as a paymux.InvalidRequest.
func (s *Step) Validate() error {
	kinds := []string{"", string(paymux.Pay), string(paymux.Capture), string(paymux.Cancel), string(paymux.Refunds), kindQuery}
	_, known := declines[s.Code]
	switch {
	case !slices.Contains(kinds, s.Match.Kind):
		return paymux.Errorf(paymux.InvalidRequest, "match.kind %q is none of %v.", s.Match.Kind, kinds[1:]).At("match.kind")
	case s.Code != "" && !known:
		return paymux.Errorf(paymux.InvalidRequest, "%q is not a decline code of the sandbox; it knows %v.", s.Code, DeclineCodes()).At("code")
	case s.LatencyMS < 0 || s.LatencyMS > 600_000:
		return paymux.Errorf(paymux.InvalidRequest, "latency_ms is 0 to 600000.").At("latency_ms")
	case s.Times < 0 || s.Times > 1_000_000:
		return paymux.Errorf(paymux.InvalidRequest, "times is 0 to 1000000.").At("times")
	}
	return s.Do.check()
}

// left is how many operations the step is still for.
func (s *Step) left() int { return max(s.Times, 1) - len(s.Taken) }

// script is an account's list of steps. Each operation takes one step at most, with
// the first of its requests that arrives; its resends are served as if there were no script.
type script struct {
	mu    sync.Mutex // guards all below
	steps []Step
	seen  map[paymux.OperationID]bool // operations that took a step
}

// take gives a request the first step left that fits.
func (s *script) take(kind string, r *request) (Step, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if kind != kindQuery && s.seen[r.ID] {
		return Step{}, false
	}
	for at := range s.steps {
		step := &s.steps[at]
		if step.left() > 0 && step.Match.fits(kind, r) {
			step.Taken = append(step.Taken, r.ID)
			if kind != kindQuery {
				s.seen[r.ID] = true
			}
			return *step, true
		}
	}
	return Step{}, false
}

// SetScript gives an account its script, in place of what is left of an earlier one; no
// steps: none. Errors: paymux.InvalidRequest, paymux.NotFound.
func (i *Institution) SetScript(account string, steps []Step) error {
	c, err := i.customer(account)
	if err != nil {
		return err
	}
	fresh := &script{seen: map[paymux.OperationID]bool{}}
	for _, step := range steps {
		if err := step.Validate(); err != nil {
			return err
		}
		step.Taken = nil
		fresh.steps = append(fresh.steps, step)
	}
	if len(steps) == 0 {
		fresh = nil
	}
	c.script.Store(fresh)
	return nil
}

// Script lists an account's steps, and which operations took them.
func (i *Institution) Script(account string) ([]Step, error) {
	c, err := i.customer(account)
	if err != nil {
		return nil, err
	}
	s := c.script.Load()
	if s == nil {
		return nil, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	steps := slices.Clone(s.steps)
	for at := range steps {
		steps[at].Taken = slices.Clone(steps[at].Taken)
	}
	return steps, nil
}
