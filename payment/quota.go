package payment

import (
	"errors"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/routing"
)

// Quotas remembers which quotas had no room, so that routing passes their accounts over without asking the store. The store
// alone decides: what it refuses is remembered here for a moment, and what it takes, or is given back, is forgotten. Safe
// for concurrent use; one is shared by all that route by the same store.
type Quotas struct {
	now   func() time.Time
	rules func() *routing.Program
	full  atomic.Pointer[map[paymux.QuotaKey]*full] // replaced where one is added
	mu    sync.Mutex                                // of who replaces it
}

// full is what was taken of a quota that had no room, and until when that is believed: in nanoseconds since 1970, 0 for no longer.
type full struct{ used, until atomic.Int64 }

const (
	// fullFor is how long a quota is believed to be full: room that another replica gives back is found after it.
	fullFor = 700 * time.Millisecond
	// tryEach is how often a payment tries a quota that was full for longer: what it finds, all know.
	tryEach = 100 * time.Millisecond
)

// NewQuotas returns a memory that knows of no full quota. rules are those in force: they say what an account's quotas are.
func NewQuotas(rules func() *routing.Program, now func() time.Time) *Quotas {
	q := &Quotas{now: now, rules: rules}
	q.full.Store(&map[paymux.QuotaKey]*full{})
	return q
}

// Full names the first of an account's quotas that is known to have no room for m on a day; empty: none is.
func (q *Quotas) Full(account string, m paymux.Money, day int32) string {
	quotas := q.rules().Quotas(account)
	for i := range quotas {
		for _, r := range takes(&quotas[i], account, m, day) {
			if r.Units > 0 && !q.room(&r) {
				return quotas[i].Name
			}
		}
	}
	return ""
}

// takes is what a payment takes of a quota: one of its count, and its amount where the currency is the quota's. Without units it takes nothing.
func takes(q *routing.Quota, account string, m paymux.Money, day int32) (list [2]paymux.Reservation) {
	key := paymux.QuotaKey{Account: account, Quota: q.Name, Day: day}
	if q.Count > 0 {
		list[0] = paymux.Reservation{QuotaKey: key, Units: 1, Limit: q.Count}
	}
	if q.Amount > 0 && q.Currency == m.Currency {
		key.Currency = q.Currency
		list[1] = paymux.Reservation{QuotaKey: key, Units: m.Amount, Limit: q.Amount}
	}
	return list
}

// room reports whether a reservation may fit. Of those who ask when the memory has grown old, one is told yes.
func (q *Quotas) room(r *paymux.Reservation) bool {
	if r.Units > r.Limit {
		return false
	}
	f := (*q.full.Load())[r.QuotaKey]
	if f == nil {
		return true
	}
	until := f.until.Load()
	if until == 0 || f.used.Load() <= r.Limit-r.Units {
		return true
	}
	now := q.now().UnixNano()
	return now >= until && f.until.CompareAndSwap(until, now+int64(tryEach))
}

// noted remembers what a store refused, and reports whether err is that.
func (q *Quotas) noted(err error) bool {
	var refused *paymux.QuotaFull
	if !errors.As(err, &refused) {
		return false
	}
	f := (*q.full.Load())[refused.QuotaKey]
	if f == nil {
		f = q.add(refused.QuotaKey)
	}
	f.used.Store(refused.Used)
	f.until.Store(q.now().Add(fullFor).UnixNano())
	return true
}

// add makes room for a key, and forgets days that are over everywhere.
func (q *Quotas) add(k paymux.QuotaKey) *full {
	q.mu.Lock()
	defer q.mu.Unlock()
	are := maps.Clone(*q.full.Load())
	if are[k] == nil {
		maps.DeleteFunc(are, func(old paymux.QuotaKey, _ *full) bool { return old.Day < k.Day-1 })
		are[k] = &full{}
		q.full.Store(&are)
	}
	return are[k]
}

// moved forgets what a commit has changed.
func (q *Quotas) moved(c *Change) {
	known := *q.full.Load()
	if len(known) == 0 {
		return
	}
	for _, list := range [...][]paymux.Reservation{c.Reserve, c.Release} {
		for i := range list {
			if f := known[list[i].QuotaKey]; f != nil {
				f.until.Store(0)
			}
		}
	}
}

// reserve takes room for a pay operation that was just begun, by the rules that chose its account.
func (d *draft) reserve(op *paymux.Operation, rules *routing.Program) {
	quotas := rules.Quotas(op.Account)
	for i := range quotas {
		for _, r := range takes(&quotas[i], op.Account, paymux.Money{Amount: op.Amount, Currency: op.Currency}, rules.Day(d.now)) {
			if r.Units > 0 {
				d.Reserve = append(d.Reserve, r)
				op.Quotas = append(op.Quotas, paymux.QuotaUse{Quota: r.Quota, Currency: r.Currency, Day: r.Day, Units: r.Units})
			}
		}
	}
}

// quotas gives back the room of pay operations that have certainly brought nothing. One that brought something after all takes
// it again, whatever there is: money is not refused because of a quota. A refund gives nothing back.
func (d *draft) quotas() {
	for i := range d.ops {
		op := &d.ops[i]
		if len(op.Quotas) == 0 || op.QuotasBack != d.mayHaveBrought(op) {
			continue
		}
		op.QuotasBack = !op.QuotasBack
		d.touch(op)
		for _, u := range op.Quotas {
			if r := u.Of(op.Account); op.QuotasBack {
				d.Release = together(d.Release, r)
			} else {
				d.Reserve = together(d.Reserve, r)
			}
		}
	}
}

// together adds a reservation without a limit to a list that has no key twice.
func together(list []paymux.Reservation, r paymux.Reservation) []paymux.Reservation {
	for i := range list {
		if list[i].QuotaKey == r.QuotaKey && list[i].Limit == 0 {
			list[i].Units += r.Units
			return list
		}
	}
	return append(list, r)
}

// mayHaveBrought reports whether a pay operation has brought something, or may have. A reservation that was captured in part
// ends canceled, and has.
func (d *draft) mayHaveBrought(op *paymux.Operation) bool {
	if !without(op) {
		return true
	}
	for i := range d.ops {
		if c := &d.ops[i]; c.Kind == paymux.Capture && c.PayID == op.ID && !without(c) {
			return true
		}
	}
	return false
}

// without reports whether an operation has certainly had no effect.
func without(op *paymux.Operation) bool {
	return op.State == paymux.OpDeclined || op.State == paymux.OpNotSent || op.State == paymux.OpCanceled
}
