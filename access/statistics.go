package access

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/paymux/paymux"
)

// Statistics reads what was counted (A25).
type Statistics interface {
	// Statistics returns at most q.Limit rows. Errors are of Code InvalidRequest or Unavailable.
	Statistics(ctx context.Context, q paymux.StatisticsQuery) (paymux.StatisticsAnswer, error)
}

const (
	maxStatistics = 5000 // rows of one answer
	maxIntervals  = 3000 // two days of minutes, four months of hours, eight years of days
)

// usualSpan is what is shown where a request says no more than the interval.
var usualSpan = map[paymux.Interval]time.Duration{
	paymux.EveryMinute: time.Hour, paymux.EveryHour: 24 * time.Hour, paymux.EveryDay: 30 * 24 * time.Hour,
}

const statisticsDoc = "Counts, amounts, success rates and latencies, by the time at which each thing happened: what comes later is counted later, so that numbers are additive and " +
	"equal a recount of the orders. Rows are told apart by time, by currency and by what group names; intervals begin at full ones of UTC, and those in which nothing happened are left out. " +
	"Minutes are kept for 3 days, hours for 90, days for good.\n\n" +
	"created: payments that were made, under the account they were sent to at once, if they were; tried: attempts to pay that were sent to an account, one more with each failover; " +
	"authorized: reservations; captured: money received, with each capture; succeeded: payments that did, with all they had received; failed, canceled, expired: with the amount asked for; " +
	"refunded and refund_failed: refunds; disputed, dispute_won, dispute_lost: cases at institutions. late: of those that succeeded, after they had ended without. " +
	"declined: attempts the institution said no to at once; unreached, unanswered: calls of any kind that did not arrive, or whose answer did not."

func (s *Server) statisticsRoutes() []route {
	reply := schemaFor[paymux.Statistics]("Statistics")
	return []route{{
		method: http.MethodGet, path: "/v1/statistics", id: "getStatistics", tag: "Statistics", summary: "Retrieve statistics", doc: statisticsDoc,
		service: paymux.ServiceQuery, query: statisticsParams(paymux.ByMerchant, paymux.ByMode), reply: reply, serve: s.ownStatistics,
	}}
}

func (s *Server) opsStatisticsRoute() route {
	return route{
		method: http.MethodGet, path: "/ops/v1/statistics", id: "opsGetStatistics", summary: "Retrieve statistics of all merchants", doc: statisticsDoc,
		query: statisticsParams(), reply: schemaFor[paymux.Statistics]("Statistics"), serve: s.opsStatistics,
	}
}

// statisticsParams leaves out dimensions that are not the caller's to choose.
func statisticsParams(without ...paymux.Dimension) []param {
	free := slices.DeleteFunc(paymux.Dimensions(), func(d paymux.Dimension) bool { return slices.Contains(without, d) })
	params := []param{
		timeParam("from", "of this time on: the interval it lies in is the first; if not given, an hour of minutes, a day of hours or 30 days before to"),
		timeParam("to", "before this time: the interval before it is the last; now if not given"),
		enumParam("every", "how long an interval is; hour if not given", words(paymux.Intervals())),
		{name: "group", many: true, schema: &schema{kind: kindString, enum: words(free), doc: "what rows are told apart by, separated by commas", example: "channel"}},
	}
	for _, d := range free {
		params = append(params, filterParam(d))
	}
	return params
}

func filterParam(d paymux.Dimension) param {
	switch d {
	case paymux.ByMethod:
		return enumParam("method", "of this method only", words(paymux.MethodTypes()))
	case paymux.ByMode:
		return enumParam("mode", "of live or of test merchants only", []string{"live", "test"})
	case paymux.ByCurrency:
		return param{name: "currency", schema: &schema{kind: kindString, format: "currency", doc: "in this currency only", example: "CNY"}}
	case paymux.ByRegion:
		return param{name: "region", schema: &schema{kind: kindNumber, min: 0, max: 4095, doc: "of the region of this number only", example: "1"}}
	}
	return idParam(string(d), "of this "+string(d)+" only")
}

func (s *Server) ownStatistics(ctx context.Context, c *call) (answer, error) {
	return s.statistics(ctx, c, c.caller.Merchant)
}

func (s *Server) opsStatistics(ctx context.Context, c *call) (answer, error) {
	merchant, err := s.optionalID(c, "merchant", paymux.PrefixMerchant)
	if err != nil {
		return answer{}, err
	}
	return s.statistics(ctx, c, paymux.MerchantID(merchant))
}

func (s *Server) statistics(ctx context.Context, c *call, merchant paymux.MerchantID) (answer, error) {
	q, err := s.statisticsQuery(c)
	if err != nil {
		return answer{}, err
	}
	q.Only.Merchant = merchant
	asked := q
	asked.Group, asked.Limit = append(slices.Clone(q.Group), paymux.ByCurrency), maxStatistics+1
	found, err := s.numbers.Statistics(ctx, asked)
	if err != nil {
		return answer{}, err
	}
	if len(found.Rows) > maxStatistics {
		return answer{}, paymux.Errorf(paymux.InvalidRequest, "That is more than %d rows. Ask for less time, longer intervals, fewer groups, or one of a kind.", maxStatistics).At("query.group")
	}
	return answerWith(http.StatusOK, found.Show(q))
}

// statisticsQuery widens the time that was asked for to full intervals.
func (s *Server) statisticsQuery(c *call) (q paymux.StatisticsQuery, err error) {
	if q.Every = paymux.Interval(c.query.get("every")); q.Every == "" {
		q.Every = paymux.EveryHour
	}
	q.Group = groupOf(c.query["group"])
	for _, d := range paymux.Dimensions() {
		q.Only.Set(d, c.query.get(string(d)))
	}
	if n, err := strconv.Atoi(q.Only.Region); err == nil {
		q.Only.Region = strconv.Itoa(n)
	}
	q.From, q.To = c.query.time("from"), c.query.time("to")
	if c.query.get("to") == "" {
		q.To = s.now().UTC()
	}
	if c.query.get("from") == "" {
		q.From = q.To.Add(-usualSpan[q.Every])
	}
	length := q.Every.Length()
	q.From, q.To = q.From.Truncate(length), q.To.Add(length-1).Truncate(length)
	switch {
	case !q.From.Before(q.To):
		err = paymux.Errorf(paymux.InvalidRequest, "from has to be before to.").At("query.from")
	case q.To.Sub(q.From)/length > maxIntervals:
		err = paymux.Errorf(paymux.InvalidRequest, "That is more than %d intervals. Ask for less time, or for longer ones.", maxIntervals).At("query.every")
	}
	return q, err
}

// groupOf reads what was checked. The currency is always told apart: rows name it, group need not.
func groupOf(sent []string) []paymux.Dimension {
	group := []paymux.Dimension{}
	for _, d := range sent {
		if dimension := paymux.Dimension(d); dimension != paymux.ByCurrency && !slices.Contains(group, dimension) {
			group = append(group, dimension)
		}
	}
	return group
}
