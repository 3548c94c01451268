package sealed

import (
	"sync"

	"github.com/paymux/paymux"
)

// mostOpened is more than notify and access keep: about 10 MiB.
const mostOpened = 32768

// opened remembers secrets by their sealed text, so that reading a row again decrypts nothing. It is
// sound for as long as the process lives: what a text says in its place never changes.
type opened struct {
	most int
	mu   sync.RWMutex
	all  map[sealedAt]paymux.Secret
}

// sealedAt has the place, too: a text that was moved is not found.
type sealedAt struct {
	place
	text paymux.Secret
}

func newOpened(most int) *opened {
	return &opened{most: most, all: make(map[sealedAt]paymux.Secret)}
}

func (o *opened) find(at place, text paymux.Secret) (clear paymux.Secret, ok bool) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	clear, ok = o.all[sealedAt{at, text}]
	return clear, ok
}

// keep makes room by dropping some other: it is decrypted again.
func (o *opened) keep(at place, text, clear paymux.Secret) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for other := range o.all {
		if len(o.all) < o.most {
			break
		}
		delete(o.all, other)
	}
	o.all[sealedAt{at, text}] = clear
}
