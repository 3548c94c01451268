package monitor

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/paymux/paymux"
)

// slot is where a number belongs.
type slot struct {
	every paymux.Interval
	at    int64 // Unix seconds
	paymux.StatisticsKey
}

// sums are facts, added up: of each minute, hour and day at once, so that what comes late to a minute comes to its day, too.
type sums map[slot]*paymux.Numbers

func (s sums) add(facts []paymux.Fact) {
	for i := range facts {
		f := &facts[i]
		for _, every := range paymux.Intervals() {
			at := slot{every, f.At.UTC().Truncate(every.Length()).Unix(), f.Key}
			if s[at] == nil {
				s[at] = &paymux.Numbers{}
			}
			s[at].Count(f)
		}
	}
}

// rows are in one order for all who write them.
func (s sums) rows() []Row {
	rows := make([]Row, 0, len(s))
	for at, n := range s {
		rows = append(rows, Row{at.every, paymux.StatisticsRow{At: time.Unix(at.at, 0).UTC(), StatisticsKey: at.StatisticsKey, Numbers: *n}})
	}
	slices.SortFunc(rows, func(a, b Row) int {
		order := cmp.Or(cmp.Compare(a.Every, b.Every), a.At.Compare(b.At))
		for _, d := range paymux.Dimensions() {
			order = cmp.Or(order, cmp.Compare(a.Part(d), b.Part(d)))
		}
		return order
	})
	return rows
}

// parse reads a batch, all of it or nothing.
func parse(body string) ([]paymux.Fact, error) {
	var facts []paymux.Fact
	for line := range strings.Lines(body) {
		f, err := paymux.ParseFact(strings.TrimSuffix(line, "\n"))
		if err != nil {
			return nil, err
		}
		if !new(paymux.Numbers).Count(&f) {
			return nil, fmt.Errorf("the measure %q is not known", f.Measure)
		}
		facts = append(facts, f)
	}
	return facts, nil
}
