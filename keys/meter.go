package keys

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/paymux/paymux/internal/histogram"
)

// metered are the uses that are counted apart; the last stands for what asks of no private half.
var metered = [...]Use{UseSign, UseVerify, UseEncrypt, UseDecrypt, UseUnwrap, UseReveal, "look"}

var useOutcomes = [...]string{"ok", "wrong", "unable", "forbidden", "no_key", "state", "invalid", "master", "tampered", "failed"}

// useMeter counts uses. It takes no lock.
type useMeter struct {
	took  [len(metered)]histogram.Histogram
	ended [len(metered)][len(useOutcomes)]atomic.Int64
}

func (m *useMeter) count(verb Use, took time.Duration, err error) {
	i := slices.Index(metered[:], verb)
	if i < 0 {
		i = len(metered) - 1
	}
	m.took[i].Observe(took)
	m.ended[i][slices.Index(useOutcomes[:], outcomeOf(err))].Add(1)
}

// UseCounts is what was counted of one use: signing, opening.
type UseCounts struct {
	Use      Use
	Outcomes map[string]int64 // by the audit's words
	Took     histogram.Counts // with the wait for the audit
}

// UseCounts lists what this process was asked for. Looks at what is public are counted where they are refused.
func (s *Service) UseCounts() (list []UseCounts) {
	for i, verb := range metered {
		c := UseCounts{Use: verb, Outcomes: map[string]int64{}, Took: s.uses.took[i].Counts()}
		for j, word := range useOutcomes {
			c.Outcomes[word] = s.uses.ended[i][j].Load()
		}
		list = append(list, c)
	}
	return list
}
