package replay

import (
	"cmp"
	"context"
	"reflect"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/routing"
	"github.com/paymux/paymux/routing/learn"
)

// hindsight is what was known when a past payment was routed: what is on record of its candidates, and of other
// accounts what the history until then teaches. It is used by one goroutine.
type hindsight struct {
	past    past
	book    *learn.Book
	quotas  quotas
	program *routing.Program
}

// Figures implements routing.Knowledge.
func (h *hindsight) Figures(account string, k routing.Kind) routing.Figures {
	if c := h.past.candidate(account); c != nil && c.Dropped == "" && (h.past.Routing.By == paymux.OrderedScore || c.Success != 0 || c.Trials != 0) {
		return routing.Figures{Success: c.Success, Trials: c.Trials, Latency: time.Duration(c.LatencyMS) * time.Millisecond}
	}
	return h.book.Figures(account, k)
}

// Health implements routing.Knowledge.
func (h *hindsight) Health(merchant paymux.MerchantID, account string) routing.Health {
	if c := h.past.candidate(account); c != nil && c.Dropped == "" && h.past.Routing.Kind != "" {
		return healthOf(c.Health)
	}
	return h.book.Health(merchant, account)
}

func healthOf(word string) routing.Health {
	for _, h := range []routing.Health{routing.Probing, routing.Abnormal} {
		if word == h.String() {
			return h
		}
	}
	return routing.Normal
}

// Full implements routing.Knowledge: by the record where the account had the same quotas then, and otherwise by what
// the replayed set has sent there that day.
func (h *hindsight) Full(account string, m paymux.Money, day int32) string {
	if c := h.past.candidate(account); c != nil && h.quotas.same(h.past.Routing.Version, account) {
		if c.Code == routing.DropQuota {
			return cmp.Or(c.Detail, account)
		}
		return ""
	}
	return h.quotas.full(h.program.Quotas(account), account, m, day)
}

// learnt has later payments know of this one.
func (h *hindsight) learnt(attempts []attempt) {
	for _, a := range attempts {
		h.book.Observe(learn.Outcome{
			Merchant: h.past.Merchant, Account: a.account, Kind: h.past.kind(), Result: a.result, Retried: a.retried, At: h.past.at,
		})
	}
}

// quotas count what the replayed set sends where.
type quotas struct {
	program *routing.Program
	sets    func(ctx context.Context, version int64) (*routing.RuleSet, error)
	ctx     context.Context
	used    map[use]int64
	trusted map[trust]bool
}

type use struct {
	account, quota string
	day            int32
	amount         bool
}

type trust struct {
	version int64
	account string
}

// same reports whether the set of a version had the quotas of the replayed set for an account.
func (q *quotas) same(version int64, account string) bool {
	key := trust{version, account}
	same, known := q.trusted[key]
	if known {
		return same
	}
	mine := q.program.Quotas(account)
	if q.sets != nil {
		if set, err := q.sets(q.ctx, version); err == nil && set != nil {
			same = reflect.DeepEqual(quotasOf(set, account), mine) && set.TimeZone == q.program.Set.TimeZone
		}
	}
	q.trusted[key] = same
	return same
}

func quotasOf(set *routing.RuleSet, account string) []routing.Quota {
	for i := range set.Accounts {
		if set.Accounts[i].Name == account {
			return set.Accounts[i].Quotas
		}
	}
	return nil
}

func (q *quotas) full(list []routing.Quota, account string, m paymux.Money, day int32) string {
	for _, one := range list {
		if !one.Room(m, q.used[use{account, one.Name, day, false}], q.used[use{account, one.Name, day, true}]) {
			return one.Name
		}
	}
	return ""
}

// take counts a payment that the replayed set sends to an account.
func (q *quotas) take(account string, m paymux.Money, day int32) {
	for _, one := range q.program.Quotas(account) {
		q.used[use{account, one.Name, day, false}]++
		if one.Currency == m.Currency {
			q.used[use{account, one.Name, day, true}] += m.Amount
		}
	}
}
