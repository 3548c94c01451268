package monitor

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/paymux/paymux"
)

// sums are facts, added up by the place they belong to. Most lines are of few places: a place is read once.
type sums struct {
	places map[string]*sum
	batch  []placed // that is being read
}

type sum struct {
	at  time.Time
	key paymux.StatisticsKey
	paymux.Numbers
}

type placed struct {
	*sum
	fact paymux.Fact
}

func newSums() *sums { return &sums{places: map[string]*sum{}} }

// add adds a batch, all of it or nothing.
func (s *sums) add(body string) error {
	s.batch = s.batch[:0]
	for line := range strings.Lines(body) {
		if err := s.read(strings.TrimSuffix(line, "\n")); err != nil {
			return err
		}
	}
	for i := range s.batch {
		s.batch[i].sum.Count(&s.batch[i].fact)
	}
	return nil
}

func (s *sums) read(line string) error {
	place, words, err := paymux.CutFacts(line)
	if err != nil {
		return err
	}
	at := s.places[place]
	if at == nil {
		at = &sum{}
		if at.at, at.key, err = paymux.ParsePlace(place); err != nil {
			return err
		}
		s.places[strings.Clone(place)] = at
	}
	for word := range strings.SplitSeq(words, " ") {
		f, err := paymux.ParseFact(word)
		if err != nil {
			return err
		}
		if !f.Known() {
			return fmt.Errorf("the measure %q is not known", f.Measure)
		}
		s.batch = append(s.batch, placed{at, f})
	}
	return nil
}

// slot is where a number is kept.
type slot struct {
	every paymux.Interval
	at    int64 // Unix seconds
	paymux.StatisticsKey
}

// rows are those of each minute, hour and day at once, so that what comes late to a minute comes to its day,
// too, in one order for all who write them.
func (s *sums) rows() []Row {
	slots := map[slot]*paymux.Numbers{}
	for _, sum := range s.places {
		if sum.Numbers == (paymux.Numbers{}) {
			continue // of a batch that was not understood
		}
		for _, every := range paymux.Intervals() {
			at := slot{every, sum.at.Truncate(every.Length()).Unix(), sum.key}
			if slots[at] == nil {
				slots[at] = &paymux.Numbers{}
			}
			slots[at].Add(&sum.Numbers)
		}
	}
	rows := make([]Row, 0, len(slots))
	for at, n := range slots {
		rows = append(rows, Row{at.every, paymux.StatisticsRow{At: time.Unix(at.at, 0).UTC(), StatisticsKey: at.StatisticsKey, Numbers: *n}})
	}
	slices.SortFunc(rows, inOrder)
	return rows
}

func inOrder(a, b Row) int {
	order := cmp.Or(cmp.Compare(a.Every, b.Every), a.At.Compare(b.At))
	for _, d := range paymux.Dimensions() {
		order = cmp.Or(order, cmp.Compare(a.Part(d), b.Part(d)))
	}
	return order
}
