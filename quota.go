package paymux

import (
	"cmp"
	"errors"
	"fmt"
)

// QuotaKey names a counter: what an account's pay operations have taken of a quota on one day.
type QuotaKey struct {
	Account  string
	Quota    string   // its name in the rules
	Currency Currency // whose amounts are counted; empty: payments are
	Day      int32    // since 1970-01-01, in the time zone of the rules
}

// Reservation is room that a pay operation takes in a quota.
type Reservation struct {
	QuotaKey
	Units int64 // 1, or the amount in minor units
	Limit int64 // of what is taken that day in all; 0: it is taken, whatever there is
}

// QuotaUsed is a counter as it stands.
type QuotaUsed struct {
	QuotaKey
	Used int64
}

// QuotaStatus is how much of an account's quota is taken on one day. Each region counts for itself.
type QuotaStatus struct {
	Account  string   `json:"account" example:"cards-main"`
	Quota    string   `json:"quota" doc:"its name in the rules" example:"daily"`
	Region   string   `json:"region,omitempty" doc:"whose payments are counted: each region counts for itself" example:"eu"`
	Currency Currency `json:"currency,omitempty" doc:"whose amounts are counted; payments are where there is none"`
	Day      string   `json:"day" doc:"YYYY-MM-DD, in the time zone of the rules" example:"2026-11-26"`
	Used     int64    `json:"used" doc:"payments, or minor units; those with certainty unpaid have given theirs back" example:"118"`
	Limit    int64    `json:"limit,omitempty" doc:"of the rules in force; none where they limit it no more" example:"150"`
}

// Compare orders by account, quota and currency.
func (q *QuotaStatus) Compare(other *QuotaStatus) int {
	return cmp.Or(cmp.Compare(q.Account, other.Account), cmp.Compare(q.Quota, other.Quota), cmp.Compare(q.Currency, other.Currency))
}

// QuotaUse is what an operation has taken of a quota of its account, which it gives back, under the very same key, when it
// is certain that it brought nothing.
type QuotaUse struct {
	Quota    string   `json:"quota"`
	Currency Currency `json:"currency,omitempty"`
	Day      int32    `json:"day"`
	Units    int64    `json:"units"`
}

// Of is the use as a reservation without a limit.
func (u QuotaUse) Of(account string) Reservation {
	return Reservation{QuotaKey: QuotaKey{Account: account, Quota: u.Quota, Currency: u.Currency, Day: u.Day}, Units: u.Units}
}

// ErrQuotaFull: a quota has no room for what was to be reserved; decide again. The error is a *QuotaFull.
var ErrQuotaFull = errors.New("quota full")

// QuotaFull says which quota had no room, and what of it was taken at that moment.
type QuotaFull struct{ QuotaUsed }

func (e *QuotaFull) Error() string {
	return fmt.Sprintf("quota %s of account %s is full: %d taken on day %d", e.Quota, e.Account, e.Used, e.Day)
}

// Is makes errors.Is(err, ErrQuotaFull) true.
func (e *QuotaFull) Is(target error) bool { return target == ErrQuotaFull }
