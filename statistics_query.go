package paymux

import "time"

// Interval is how long the times are that numbers are kept for. All begin at full ones of UTC.
type Interval string

const (
	EveryMinute Interval = "minute"
	EveryHour   Interval = "hour"
	EveryDay    Interval = "day"
)

// Intervals lists every interval, shortest first.
func Intervals() []Interval { return []Interval{EveryMinute, EveryHour, EveryDay} }

// Length is how long an interval is.
func (i Interval) Length() time.Duration {
	switch i {
	case EveryHour:
		return time.Hour
	case EveryDay:
		return 24 * time.Hour
	}
	return time.Minute
}

// StatisticsRow is the numbers of one interval and of what one key says.
type StatisticsRow struct {
	At time.Time // when the interval began
	StatisticsKey
	Numbers
}

// StatisticsQuery selects statistics. Amounts of different currencies are never added: the currency is always grouped by.
type StatisticsQuery struct {
	From, To time.Time     // of whole intervals; To is exclusive
	Every    Interval      //
	Group    []Dimension   // what rows are told apart by, beside time and currency
	Only     StatisticsKey // what is set selects
	Limit    int           // rows at most; more are an error of Code InvalidRequest
}

// StatisticsAnswer is what was counted, in the order of time, then of what it was grouped by.
type StatisticsAnswer struct {
	// AsOf: all that was committed until then is in the rows. Of what came later, some may be.
	AsOf time.Time
	Rows []StatisticsRow
}

// Statistics are numbers as they are shown.
type Statistics struct {
	Object        string      `json:"object"` // always "statistics"
	From          time.Time   `json:"from"`
	To            time.Time   `json:"to"`
	Every         Interval    `json:"every"`
	Group         []Dimension `json:"group"`
	AsOf          time.Time   `json:"as_of"`             // all that was committed until then is counted
	AnswerBounds  []int64     `json:"answer_bounds_ms"`  // of answer_time's buckets
	SuccessBounds []int64     `json:"success_bounds_ms"` // of success_time's
	Data          []Statistic `json:"data"`              // in the order of time; intervals in which nothing happened are left out
}

// Statistic is one interval's numbers of what it was grouped by.
type Statistic struct {
	At time.Time `json:"at"`
	StatisticsKey
	Numbers
	// SuccessRate is how many of ten thousand payments that ended did so with money; absent where none ended.
	SuccessRate *int64  `json:"success_basis_points,omitempty"`
	AnswerTime  Latency `json:"answer_time"`  // how long institutions took to answer calls
	SuccessTime Latency `json:"success_time"` // from a payment's creation to its success
}

// Latency is durations in milliseconds: estimates of what half, 95 and 99 of a hundred took at most, and what they are estimated from.
type Latency struct {
	Count   int64   `json:"count"`
	P50     int64   `json:"p50_ms"`
	P95     int64   `json:"p95_ms"`
	P99     int64   `json:"p99_ms"`
	Buckets []int64 `json:"buckets"` // how many were as long as the bound of that place at most; the last: longer than all. To merge, add
}

// Show makes the answer to a query what is shown.
func (a *StatisticsAnswer) Show(q StatisticsQuery) Statistics {
	s := Statistics{
		Object: "statistics", From: q.From, To: q.To, Every: q.Every, Group: q.Group, AsOf: a.AsOf,
		AnswerBounds: AnswerBounds(), SuccessBounds: SuccessBounds(), Data: make([]Statistic, len(a.Rows)),
	}
	for i := range a.Rows {
		s.Data[i] = a.Rows[i].show()
	}
	return s
}

func (r *StatisticsRow) show() Statistic {
	s := Statistic{At: r.At, StatisticsKey: r.StatisticsKey, Numbers: r.Numbers}
	s.Summarize()
	return s
}

// Summarize works out rates and quantiles anew, after numbers were added.
func (s *Statistic) Summarize() {
	s.SuccessRate = nil
	if ended := s.Ended(); ended > 0 {
		rate := s.Succeeded.Count * 10_000 / ended
		s.SuccessRate = &rate
	}
	s.AnswerTime, s.SuccessTime = latency(&s.Answers, AnswerBounds()), latency(&s.Successes, SuccessBounds())
}

func latency(h *Histogram, bounds []int64) Latency {
	return Latency{Count: h.Total(), P50: h.Quantile(0.50, bounds), P95: h.Quantile(0.95, bounds), P99: h.Quantile(0.99, bounds), Buckets: h[:]}
}
