package learn

import (
	"math"
	"sync/atomic"
	"time"

	"github.com/paymux/paymux/routing"
)

// evidence is the share of recent outcomes that were faults, of which the older count less: by number, so that what is
// busy is noticed soon, and by time, so that what is quiet is not judged by yesterday. It is one word: 16 bits of share,
// 16 of weight, 32 of time, in units since 1970.
type evidence struct{ word atomic.Uint64 }

const (
	evidenceUnit   = 64 * time.Millisecond // 32 bits of it wrap after 8 years; an outcome after so long a silence is lost
	evidenceWeight = 1.5                   // Leasts that count at most
	weightUnit     = 1.0 / 64
	weightMost     = math.MaxUint16 * weightUnit
)

// add counts an outcome, forgetting what was counted before a time, and returns the share of faults and how many
// outcomes that weighs.
func (e *evidence) add(fault bool, now, from time.Time, p *routing.HealthPolicy) (share, n float64) {
	tick := ticks(now)
	most := min(weightMost, evidenceWeight*float64(p.Least))
	for {
		was := e.word.Load()
		share, n = float64(was>>48)/math.MaxUint16, float64(was>>32&math.MaxUint16)*weightUnit
		at := tick
		if age := int32(tick - uint32(was)); age > 0 || n == 0 {
			n *= math.Exp(-float64(age) * float64(evidenceUnit) / float64(p.Window))
		} else {
			at = uint32(was) // another was quicker
		}
		x := 0.0
		if fault {
			x = 1
		}
		if n > 0 && !from.IsZero() && int32(uint32(was)-ticks(from)) < 0 {
			n = 0
		}
		share, n = (share*n+x)/(n+1), min(n+1, most)
		word := uint64(math.Round(share*math.MaxUint16))<<48 | uint64(math.Round(n/weightUnit))<<32 | uint64(at)
		if e.word.CompareAndSwap(was, word) {
			return share, n
		}
	}
}

func ticks(t time.Time) uint32 { return uint32(t.UnixNano() / int64(evidenceUnit)) }

// forget begins anew.
func (e *evidence) forget() { e.word.Store(0) }
