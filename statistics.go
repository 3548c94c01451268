package paymux

import (
	"slices"
	"strconv"
)

// Measure is what statistics count, each in the minute in which it happened: what
// comes later (a refund, late money) is counted later and changes nothing that was counted.
type Measure string

const (
	CountCreated      Measure = "created"       // a payment was made
	CountTried        Measure = "tried"         // it was sent to an account: once more with each failover
	CountAnswered     Measure = "answered"      // an institution answered a call, of any kind, or did not
	CountAuthorized   Measure = "authorized"    // money was reserved
	CountCaptured     Measure = "captured"      // money was received: all of it, or a part
	CountSucceeded    Measure = "succeeded"     // with all that was received until then
	CountFailed       Measure = "failed"        // these three with the amount asked for
	CountCanceled     Measure = "canceled"      //
	CountExpired      Measure = "expired"       //
	CountRefunded     Measure = "refunded"      // a refund succeeded
	CountRefundFailed Measure = "refund_failed" // at first, or after it had succeeded
	CountDisputed     Measure = "disputed"      // a payer wants money back through the institution
	CountDisputeWon   Measure = "dispute_won"   //
	CountDisputeLost  Measure = "dispute_lost"  //
)

// Measures lists every measure, in the order of a payment's life.
func Measures() []Measure {
	return []Measure{
		CountCreated, CountTried, CountAnswered, CountAuthorized, CountCaptured, CountSucceeded, CountFailed, CountCanceled, CountExpired,
		CountRefunded, CountRefundFailed, CountDisputed, CountDisputeWon, CountDisputeLost,
	}
}

// Dimension is what statistics can be told apart by.
type Dimension string

const (
	ByMerchant Dimension = "merchant"
	ByMode     Dimension = "mode" // live or test
	ByRegion   Dimension = "region"
	ByChannel  Dimension = "channel"
	ByAccount  Dimension = "account"
	ByMethod   Dimension = "method"
	ByCurrency Dimension = "currency"
)

// Dimensions lists every dimension.
func Dimensions() []Dimension {
	return []Dimension{ByMerchant, ByMode, ByRegion, ByChannel, ByAccount, ByMethod, ByCurrency}
}

// StatisticsKey is what a number is about. As a filter, or where something was not grouped by, empty means any.
type StatisticsKey struct {
	Merchant MerchantID `json:"merchant,omitempty"`
	Mode     string     `json:"mode,omitempty"`    // live or test
	Region   string     `json:"region,omitempty"`  // its number, as IDs carry it
	Channel  string     `json:"channel,omitempty"` // of the attempt, or of the one that brought the payment's state; empty: nothing was sent yet
	Account  string     `json:"account,omitempty"`
	Method   MethodType `json:"method,omitempty"` // empty: nobody has chosen yet
	Currency Currency   `json:"currency,omitempty"`
}

// Part returns a dimension's value.
func (k *StatisticsKey) Part(d Dimension) string {
	switch d {
	case ByMerchant:
		return string(k.Merchant)
	case ByMode:
		return k.Mode
	case ByRegion:
		return k.Region
	case ByChannel:
		return k.Channel
	case ByAccount:
		return k.Account
	case ByMethod:
		return string(k.Method)
	case ByCurrency:
		return string(k.Currency)
	}
	return ""
}

// Set sets a dimension's value.
func (k *StatisticsKey) Set(d Dimension, value string) {
	switch d {
	case ByMerchant:
		k.Merchant = MerchantID(value)
	case ByMode:
		k.Mode = value
	case ByRegion:
		k.Region = value
	case ByChannel:
		k.Channel = value
	case ByAccount:
		k.Account = value
	case ByMethod:
		k.Method = MethodType(value)
	case ByCurrency:
		k.Currency = Currency(value)
	}
}

// Sum is how often something happened and the amounts of all, in the currency's minor units.
type Sum struct {
	Count  int64 `json:"count"`
	Amount int64 `json:"amount"`
}

// Numbers are what happened in some time. They are additive: those of an hour are the sum of its minutes'.
type Numbers struct {
	Created      Sum `json:"created"`
	Tried        Sum `json:"tried"`
	Authorized   Sum `json:"authorized"`
	Captured     Sum `json:"captured"`
	Succeeded    Sum `json:"succeeded"`
	Failed       Sum `json:"failed"`
	Canceled     Sum `json:"canceled"`
	Expired      Sum `json:"expired"`
	Refunded     Sum `json:"refunded"`
	RefundFailed Sum `json:"refund_failed"`
	Disputed     Sum `json:"disputed"`
	DisputeWon   Sum `json:"dispute_won"`
	DisputeLost  Sum `json:"dispute_lost"`

	Late       int64 `json:"late"`       // of those that succeeded: after they had ended otherwise
	Declined   int64 `json:"declined"`   // of the calls that were answered: attempts to pay the institution said no to at once
	Unreached  int64 `json:"unreached"`  // calls proven not to have reached the institution
	Unanswered int64 `json:"unanswered"` // calls whose answer did not come, or was not understood

	Answers   Histogram `json:"-"` // how long calls took
	Successes Histogram `json:"-"` // from the payment's creation to its success
}

// Buckets is how many a Histogram has.
const Buckets = 12

// Histogram counts durations by how long they were. Histograms are merged by adding.
type Histogram [Buckets]int64

// AnswerBounds and SuccessBounds are the upper ends, included, of all buckets but the last, in milliseconds.
func AnswerBounds() []int64 {
	return []int64{10, 25, 50, 100, 200, 400, 800, 1_600, 3_200, 10_000, 30_000}
}

// SuccessBounds reaches from a card's second to a bank transfer's day.
func SuccessBounds() []int64 {
	return []int64{250, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 5 * 60_000, 30 * 60_000, 24 * 3600_000}
}

// Count adds one duration. bounds are those of the histogram.
func (h *Histogram) Count(ms int64, bounds []int64) {
	i, _ := slices.BinarySearch(bounds, ms)
	h[i]++
}

// Total is how many durations were counted.
func (h *Histogram) Total() (n int64) {
	for _, c := range h {
		n += c
	}
	return n
}

// Quantile estimates how long the quickest part q of all took at most, in milliseconds, as if durations
// were spread evenly within their bucket; the last bucket, which has no end, counts as its beginning. 0 where nothing was counted.
func (h *Histogram) Quantile(q float64, bounds []int64) int64 {
	rank, low, before := q*float64(h.Total()), int64(0), 0.0
	for i, c := range h {
		if i == len(bounds) {
			break
		}
		if c > 0 && before+float64(c) >= rank {
			return low + int64((rank-before)/float64(c)*float64(bounds[i]-low)+0.5)
		}
		low, before = bounds[i], before+float64(c)
	}
	if h.Total() == 0 {
		return 0
	}
	return low
}

// Fields are all the numbers, in the order of NumberNames, for those who store and add them.
func (n *Numbers) Fields() []*int64 {
	var all []*int64
	for _, m := range Measures() {
		if s := n.Sum(m); s != nil {
			all = append(all, &s.Count, &s.Amount)
		}
	}
	all = append(all, &n.Late, &n.Declined, &n.Unreached, &n.Unanswered)
	for i := range n.Answers {
		all = append(all, &n.Answers[i])
	}
	for i := range n.Successes {
		all = append(all, &n.Successes[i])
	}
	return all
}

// NumberNames names the numbers, each a word that SQL takes as a column.
func NumberNames() []string {
	var all []string
	for _, m := range Measures() {
		if m != CountAnswered {
			all = append(all, string(m), string(m)+"_amount")
		}
	}
	all = append(all, "late", "declined", "unreached", "unanswered")
	for _, of := range []string{"answer_", "success_"} {
		for i := range Buckets {
			all = append(all, of+strconv.Itoa(i))
		}
	}
	return all
}

// Sum is that of a measure; nil for one that has none.
func (n *Numbers) Sum(m Measure) *Sum {
	switch m {
	case CountCreated:
		return &n.Created
	case CountTried:
		return &n.Tried
	case CountAuthorized:
		return &n.Authorized
	case CountCaptured:
		return &n.Captured
	case CountSucceeded:
		return &n.Succeeded
	case CountFailed:
		return &n.Failed
	case CountCanceled:
		return &n.Canceled
	case CountExpired:
		return &n.Expired
	case CountRefunded:
		return &n.Refunded
	case CountRefundFailed:
		return &n.RefundFailed
	case CountDisputed:
		return &n.Disputed
	case CountDisputeWon:
		return &n.DisputeWon
	case CountDisputeLost:
		return &n.DisputeLost
	}
	return nil
}

// Add adds other numbers.
func (n *Numbers) Add(other *Numbers) {
	theirs := other.Fields()
	for i, mine := range n.Fields() {
		*mine += *theirs[i]
	}
}

// Ended is how many payments ended, with money or without.
func (n *Numbers) Ended() int64 {
	return n.Succeeded.Count + n.Failed.Count + n.Canceled.Count + n.Expired.Count
}
