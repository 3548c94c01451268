package sqlite

import (
	"github.com/paymux/paymux"
	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/replay"
)

// Queries, for a look at their plans.
var (
	SelectPayments = selectPayments
	SelectEvents   = selectEvents
)

// Plans are queries by what they are for.
var Plans = map[string]string{
	"due":                   selectDue,
	"parked":                selectParked,
	"lanes":                 selectLanes,
	"newest place":          newestSeq,
	"siblings":              selectSiblings,
	"attempts":              selectAttempts,
	"attempts to one":       selectAttemptsTo,
	"notified":              selectNotified,
	"notifications":         selectNotifications,
	"one notification":      selectNotification,
	"logged":                selectLogged,
	"waiting":               selectWaiting,
	"buried":                selectGivenUp,
	"replay":                selectReplay,
	"failing":               failingEndpoints,
	"changed":               changedRevisions,
	"changed merchants":     changedMerchants,
	"changed keys":          changedKeys,
	"changed endpoints":     changedEndpoints,
	"deleted endpoints":     goneEndpoints,
	"same copy":             sameEndpointCopy,
	"copies that went":      sweepCopies + "endpoints" + unseenCopies,
	"prune events":          pruneEvents,
	"prune attempts":        pruneAttempts,
	"prune buried":          pruneBuried,
	"delete task":           "DELETE FROM tasks" + byKey,
	"park task":             parkTask,
	"held":                  selectHeld,
	"facts":                 selectFacts,
	"fact":                  selectFact,
	"prune statistics":      pruneStatistics,
	"quota":                 selectQuota,
	"quotas":                selectQuotas,
	"prune quotas":          pruneQuotas,
	"history":               selectHistory(replay.Filter{}),
	"merchant's history":    selectHistory(replay.Filter{Merchant: "mer_1"}),
	"statistics":            selectStatistics(paymux.StatisticsQuery{Group: []paymux.Dimension{paymux.ByMerchant}}),
	"merchant's statistics": selectStatistics(paymux.StatisticsQuery{Only: paymux.StatisticsKey{Merchant: "mer_1"}, Group: []paymux.Dimension{paymux.ByChannel, paymux.ByCurrency}}),
}

// Group is changes made ready to be committed together.
func (s *Store) Group(changes []*payment.Change) (commit func() []error, err error) {
	group := make([]write, len(changes))
	for i, c := range changes {
		docs, err := encode(c)
		if err != nil {
			return nil, err
		}
		group[i] = func(w *writer) error { return w.change(c, docs) }
	}
	return func() []error { return s.flush(group) }, nil
}
