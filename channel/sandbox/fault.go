package sandbox

import (
	"fmt"
	"slices"
	"time"

	"github.com/paymux/paymux"
)

// Faults are an account's switches. The zero value is an institution that works.
type Faults struct {
	Down        bool          `json:"down"`         // connections are refused
	LatencyMS   int           `json:"latency_ms"`   // before an answer comes; the deed is done at once
	ErrorRate   float64       `json:"error_rate"`   // 0 to 1: share of requests answered 503, nothing done
	TimeoutRate float64       `json:"timeout_rate"` // 0 to 1: share done, whose answer never comes
	UnknownCode bool          `json:"unknown_code"` // answers carry a code nobody knows
	LateSuccess bool          `json:"late_success"` // closed and expired orders can still be paid
	Callbacks   CallbackFault `json:"callbacks"`    // empty: normal
}

// CallbackFault is how notifications misbehave.
type CallbackFault string

const (
	CallbacksNormal      CallbackFault = "normal"
	CallbacksLost        CallbackFault = "lost"         // never sent; a query finds the outcome
	CallbacksLate        CallbackFault = "late"         // sent after Config.Delay
	CallbacksDuplicate   CallbackFault = "duplicate"    // sent twice
	CallbacksForged      CallbackFault = "forged"       // preceded by one with a wrong signature
	CallbacksWrongAmount CallbackFault = "wrong_amount" // state one unit more
	CallbacksReordered   CallbackFault = "reordered"    // succeeded first, pending after it
)

// CallbackFaults lists every kind.
func CallbackFaults() []CallbackFault {
	return []CallbackFault{CallbacksNormal, CallbacksLost, CallbacksLate, CallbacksDuplicate, CallbacksForged, CallbacksWrongAmount, CallbacksReordered}
}

// Validate reports what is out of range, as a paymux.InvalidRequest.
func (f Faults) Validate() error {
	switch {
	case f.LatencyMS < 0 || f.LatencyMS > 600_000:
		return paymux.Errorf(paymux.InvalidRequest, "latency_ms is 0 to 600000.").At("latency_ms")
	case !(f.ErrorRate >= 0 && f.ErrorRate <= 1):
		return paymux.Errorf(paymux.InvalidRequest, "error_rate is 0 to 1.").At("error_rate")
	case !(f.TimeoutRate >= 0 && f.TimeoutRate <= 1):
		return paymux.Errorf(paymux.InvalidRequest, "timeout_rate is 0 to 1.").At("timeout_rate")
	case f.Callbacks != "" && !slices.Contains(CallbackFaults(), f.Callbacks):
		return paymux.Errorf(paymux.InvalidRequest, "callbacks is one of %v.", CallbackFaults()).At("callbacks")
	}
	return nil
}

func (f Faults) latency() time.Duration { return time.Duration(f.LatencyMS) * time.Millisecond }

// SetFaults switches an account's faults from the next request on. An account
// that is not open is a paymux.NotFound.
func (i *Institution) SetFaults(account string, f Faults) error {
	if err := f.Validate(); err != nil {
		return err
	}
	a, err := i.account(account)
	if err != nil {
		return err
	}
	a.faults.Store(&f)
	return nil
}

// Faults returns an account's switches.
func (i *Institution) Faults(account string) (Faults, error) {
	a, err := i.account(account)
	if err != nil {
		return Faults{}, err
	}
	return *a.faults.Load(), nil
}

// Accounts lists the open accounts by name.
func (i *Institution) Accounts() []string {
	i.mu.RLock()
	defer i.mu.RUnlock()
	names := make([]string, 0, len(i.accounts))
	for name := range i.accounts {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (i *Institution) account(name string) (*account, error) {
	i.mu.RLock()
	defer i.mu.RUnlock()
	if a := i.accounts[name]; a != nil {
		return a, nil
	}
	return nil, paymux.Errorf(paymux.NotFound, "The sandbox has no account %q.", name)
}

// magic is what the last two digits of an amount in minor units ask for.
type magic int64

// Magic amounts. They speak of pay operations only.
const (
	magicDecline      magic = 1
	magicInsufficient magic = 2
	magic3DS          magic = 3  // cards
	magicTimeout      magic = 5  // done, and the answer never comes
	magicLost         magic = 6  // no notification; a query finds the outcome
	magicDuplicate    magic = 7  // notified twice
	magicWrongAmount  magic = 8  // notified with a wrong amount
	magicUnavailable  magic = 9  // 503, nothing done
	magicUnknownCode  magic = 10 // done, answered with a code nobody knows
	magicLate         magic = 11 // notified late
	magicReordered    magic = 12 // notified in the wrong order
	magicForged       magic = 13 // a forged notification comes first
)

var magicNews = map[magic]CallbackFault{
	magicLost: CallbacksLost, magicDuplicate: CallbacksDuplicate, magicWrongAmount: CallbacksWrongAmount,
	magicLate: CallbacksLate, magicReordered: CallbacksReordered, magicForged: CallbacksForged,
}

// MagicAmount is one row of the table of magic amounts.
type MagicAmount struct {
	LastDigits string `json:"last_digits"` // of the amount in minor units
	HelpEN     string `json:"help_en"`
	HelpZH     string `json:"help_zh"`
}

// MagicAmounts lists what amounts make happen. The list is the caller's own.
func MagicAmounts() []MagicAmount {
	row := func(m magic, en, zh string) MagicAmount { return MagicAmount{fmt.Sprintf("%02d", m), en, zh} }
	return []MagicAmount{
		row(magicDecline, "Declined.", "拒绝支付。"),
		row(magicInsufficient, "Declined: insufficient funds.", "拒绝支付：余额不足。"),
		row(magic3DS, "Cards are asked for 3-D Secure.", "银行卡需要 3-D Secure 验证。"),
		row(magicTimeout, "The charge happens and the answer never comes.", "扣款成功，但应答丢失。"),
		row(magicLost, "The notification is lost; a query finds the outcome.", "通知丢失，可通过查询得到结果。"),
		row(magicDuplicate, "Notified twice.", "重复通知。"),
		row(magicWrongAmount, "The notification states a wrong amount.", "通知中的金额错误。"),
		row(magicUnavailable, "503 before anything happens; another account may be tried.", "返回 503，未做任何处理，可切换账户。"),
		row(magicUnknownCode, "Answered with a code nobody knows.", "返回未知代码。"),
		row(magicLate, "Notified late.", "通知迟到。"),
		row(magicReordered, "Notified in the wrong order.", "通知乱序。"),
		row(magicForged, "A forged notification comes first.", "先收到一条伪造的通知。"),
	}
}
