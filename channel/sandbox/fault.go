package sandbox

import (
	"slices"
	"time"

	"github.com/paymux/paymux"
)

// Faults are an account's switches. The zero value is an institution that works.
type Faults struct {
	Down        bool          `json:"down"`         // connections are refused; over the wire they are closed before anything is read
	LatencyMS   int           `json:"latency_ms"`   // before an answer comes; the deed is done at once
	ErrorRate   float64       `json:"error_rate"`   // 0 to 1: share of requests answered 503, nothing done
	TimeoutRate float64       `json:"timeout_rate"` // 0 to 1: share done, whose answer never comes
	UnknownCode bool          `json:"unknown_code"` // answers carry a code nobody knows
	LateSuccess bool          `json:"late_success"` // closed and expired orders can still be paid
	Callbacks   CallbackFault `json:"callbacks"`    // empty: normal
	// Do is how every operation behaves, and every query as far as it is about the line
	// or the answer. Empty: normal, or what its amount asks for.
	Do    Behaviour `json:"do"`
	ForMS int       `json:"for_ms"` // after this long all switches are off again; 0: they stay
}

// CallbackFault is how notifications misbehave.
type CallbackFault string

const (
	CallbacksNormal        CallbackFault = "normal"
	CallbacksLost          CallbackFault = "lost"           // never sent; a query finds the outcome
	CallbacksLate          CallbackFault = "late"           // sent after Config.Delay
	CallbacksDuplicate     CallbackFault = "duplicate"      // sent twice, each signed for itself
	CallbacksReplayed      CallbackFault = "replayed"       // followed by a copy, byte for byte, signature included
	CallbacksForged        CallbackFault = "forged"         // preceded by one with a wrong signature
	CallbacksStale         CallbackFault = "stale"          // preceded by one authentically signed an hour ago
	CallbacksWrongAmount   CallbackFault = "wrong_amount"   // state one unit more
	CallbacksWrongCurrency CallbackFault = "wrong_currency" // state another currency
	CallbacksWrongAccount  CallbackFault = "wrong_account"  // preceded by one about another account
	CallbacksUnknownCode   CallbackFault = "unknown_code"   // carry a code nobody knows
	CallbacksDeclined      CallbackFault = "declined"       // say declined of what was done
	CallbacksReordered     CallbackFault = "reordered"      // succeeded first, pending after it
)

// CallbackFaults lists every kind.
func CallbackFaults() []CallbackFault {
	return []CallbackFault{
		CallbacksNormal, CallbacksLost, CallbacksLate, CallbacksDuplicate, CallbacksReplayed, CallbacksForged, CallbacksStale, CallbacksWrongAmount,
		CallbacksWrongCurrency, CallbacksWrongAccount, CallbacksUnknownCode, CallbacksDeclined, CallbacksReordered,
	}
}

// Validate reports what is out of range, as a paymux.InvalidRequest.
func (f Faults) Validate() error {
	switch {
	case f.LatencyMS < 0 || f.LatencyMS > 600_000:
		return paymux.Errorf(paymux.InvalidRequest, "latency_ms is 0 to 600000.").At("latency_ms")
	case f.ForMS < 0 || f.ForMS > 86_400_000:
		return paymux.Errorf(paymux.InvalidRequest, "for_ms is 0 to 86400000.").At("for_ms")
	case !(f.ErrorRate >= 0 && f.ErrorRate <= 1):
		return paymux.Errorf(paymux.InvalidRequest, "error_rate is 0 to 1.").At("error_rate")
	case !(f.TimeoutRate >= 0 && f.TimeoutRate <= 1):
		return paymux.Errorf(paymux.InvalidRequest, "timeout_rate is 0 to 1.").At("timeout_rate")
	case f.Callbacks != "" && !slices.Contains(CallbackFaults(), f.Callbacks):
		return paymux.Errorf(paymux.InvalidRequest, "callbacks is one of %v.", CallbackFaults()).At("callbacks")
	case f.Do.news() != "":
		return paymux.Errorf(paymux.InvalidRequest, "do is not about notifications; set callbacks to %q.", f.Do.news()).At("do")
	case f.Do != "":
		return f.Do.check()
	}
	return nil
}

func (f *Faults) latency() time.Duration { return time.Duration(f.LatencyMS) * time.Millisecond }

// switches are faults with their end.
type switches struct {
	Faults
	until time.Time // zero: none
}

var works = &switches{}

// switches are the account's, as they are now.
func (c *customer) switches(now func() time.Time) *switches {
	s := c.faults.Load()
	if !s.until.IsZero() && !now().Before(s.until) {
		return works
	}
	return s
}

// SetFaults switches an account's faults from the next request on. An account
// that is not open is a paymux.NotFound.
func (i *Institution) SetFaults(account string, f Faults) error {
	if err := f.Validate(); err != nil {
		return err
	}
	c, err := i.customer(account)
	if err != nil {
		return err
	}
	s := &switches{Faults: f}
	if f.ForMS > 0 {
		s.until = i.now().Add(time.Duration(f.ForMS) * time.Millisecond)
	}
	c.faults.Store(s)
	return nil
}

// Faults returns an account's switches.
func (i *Institution) Faults(account string) (Faults, error) {
	c, err := i.customer(account)
	if err != nil {
		return Faults{}, err
	}
	return c.switches(i.now).Faults, nil
}
