package payment

import (
	"context"
	"slices"
	"time"

	"github.com/paymux/paymux"
)

// QuotaStatuses are the quotas of today: those of the rules in force, taken from or not, and those that were taken from by rules that
// are in force no more. They are in the order of accounts, quotas and currencies. Errors: the store's.
func (s *Service) QuotaStatuses(ctx context.Context) ([]paymux.QuotaStatus, error) {
	rules := s.Routes().Program()
	day := rules.Day(s.Now())
	taken, err := s.Store.Quotas(ctx, day, "")
	if err != nil {
		return nil, err
	}
	are := map[paymux.QuotaKey]paymux.QuotaStatus{}
	for _, u := range taken {
		are[u.QuotaKey] = quotaStatus(u.QuotaKey, u.Used, 0)
	}
	for _, a := range s.Accounts().All() {
		for _, q := range rules.Quotas(a.Name) {
			for _, r := range takes(&q, a.Name, paymux.Money{Currency: q.Currency}, day) {
				if r.Limit > 0 {
					are[r.QuotaKey] = quotaStatus(r.QuotaKey, are[r.QuotaKey].Used, r.Limit)
				}
			}
		}
	}
	list := make([]paymux.QuotaStatus, 0, len(are))
	for _, one := range are {
		list = append(list, one)
	}
	slices.SortFunc(list, func(a, b paymux.QuotaStatus) int { return a.Compare(&b) })
	return list, nil
}

func quotaStatus(k paymux.QuotaKey, used, limit int64) paymux.QuotaStatus {
	day := time.Unix(int64(k.Day)*24*60*60, 0).UTC().Format(time.DateOnly)
	return paymux.QuotaStatus{Account: k.Account, Quota: k.Quota, Currency: k.Currency, Day: day, Used: used, Limit: limit}
}
