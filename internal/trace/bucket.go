package trace

import (
	"sync"
	"time"
)

// bucket lets so many pass a second, and as many at once after a pause.
type bucket struct {
	rate int

	mu   sync.Mutex // guards what follows
	left float64
	at   time.Time
}

func (b *bucket) take(now time.Time) bool {
	if b.rate <= 0 {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left = min(float64(b.rate), b.left+now.Sub(b.at).Seconds()*float64(b.rate))
	b.at = now
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}
