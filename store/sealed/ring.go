package sealed

import (
	"bytes"
	"context"
	"crypto/cipher"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/keys"
)

const (
	loadTime   = 2 * time.Second  // opening data keys may take
	listEvery  = time.Minute      // a data key that another process made is used by then
	firstPause = time.Second      // until a data key that could not be opened is tried again,
	mostPause  = 15 * time.Second // twice as long each time, up to this
)

// dataKey is a data key that was opened. Safe for concurrent use.
type dataKey struct {
	id   string
	aead cipher.AEAD
}

// refusal is a data key that could not be opened.
type refusal struct {
	err   error
	until time.Time // not to be tried again before
	pause time.Duration
}

// ring has the data keys of a store. Those that were opened stay; the others are tried again in the
// background, while those who need them are refused at once: a key service that hangs must make nobody wait but the first.
type ring struct {
	service KeyService
	keyring Keyring
	wrapper keys.Name
	region  string
	now     func() time.Time
	log     *slog.Logger

	// loading has room for one: whoever reads the list or makes a data key. mu is held within, never around it.
	loading chan struct{}
	ctx     context.Context // of tries in the background
	cancel  context.CancelFunc
	tries   sync.WaitGroup

	mu      sync.RWMutex
	opened  map[string]*dataKey
	refused map[string]refusal
	last    *dataKey  // the newest of the opened: what is written now is sealed with it
	made    time.Time // the newest of all: the next is made later
	listed  time.Time
	trying  bool // in the background
	stopped bool
}

func newRing(c Config) *ring {
	r := &ring{
		service: c.Service, keyring: c.Keyring, wrapper: c.Wrapper, region: c.Region, now: c.Now, log: c.Log,
		loading: make(chan struct{}, 1), opened: make(map[string]*dataKey), refused: make(map[string]refusal),
	}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	return r
}

// stop waits for a try in the background to end.
func (r *ring) stop() {
	r.mu.Lock()
	r.stopped = true
	r.mu.Unlock()
	r.cancel()
	r.tries.Wait()
}

// errUnlisted: a secret names a data key that is not in the store.
var errUnlisted = errors.New("sealed: the store does not have the data key that the secret was sealed with")

// unavailable is the error of whoever needs a data key that cannot be had now.
func unavailable(err error) error {
	e := paymux.Errorf(paymux.Unavailable, "Signing secrets cannot be opened or sealed just now. Try again in a moment.").Because(err)
	e.RetryAfter = 1
	return e
}

// find returns an opened data key. Errors: paymux.Unavailable.
func (r *ring) find(ctx context.Context, id string) (*dataKey, error) {
	if k, err, known := r.known(id); known {
		return k, err
	}
	if err := r.enter(ctx); err != nil {
		return nil, unavailable(err)
	}
	defer r.leave()
	if k, err, known := r.known(id); known {
		return k, err // somebody else was first
	}
	err := r.load(ctx)
	if k, err, known := r.known(id); known {
		return k, err
	}
	if err == nil {
		err = errUnlisted
	}
	r.refuse(id, err)
	return nil, unavailable(err)
}

// known is what is known of a data key. One that was refused long enough ago is tried again behind the caller's back.
func (r *ring) known(id string) (k *dataKey, err error, known bool) {
	r.mu.RLock()
	k, no := r.opened[id], r.refused[id]
	r.mu.RUnlock()
	switch {
	case k != nil:
		return k, nil, true
	case no.err == nil:
		return nil, nil, false
	}
	if !r.now().Before(no.until) {
		r.retry(id)
	}
	return nil, unavailable(no.err), true
}

// retry tries to open a refused data key in the background.
func (r *ring) retry(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.trying || r.stopped {
		return
	}
	r.trying = true
	r.tries.Go(func() {
		defer func() {
			r.mu.Lock()
			r.trying = false
			r.mu.Unlock()
		}()
		if r.enter(r.ctx) != nil {
			return
		}
		defer r.leave()
		err := r.load(r.ctx)
		r.mu.Lock()
		_, open := r.opened[id]
		r.mu.Unlock()
		if open {
			return
		}
		if err == nil {
			err = errUnlisted
		}
		if r.due(id) { // load has not refused it
			r.refuse(id, err)
		}
	})
}

func (r *ring) enter(ctx context.Context) error {
	select {
	case r.loading <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *ring) leave() { <-r.loading }

// load reads the list and opens what is not open yet, except what was refused a moment ago. The
// error is that of the list. Callers have entered.
func (r *ring) load(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadTime)
	defer cancel()
	defer context.AfterFunc(r.ctx, cancel)()
	list, err := r.keyring.DataKeys(ctx)
	if err != nil {
		return err
	}
	for _, k := range list {
		if r.due(k.ID) {
			r.open(ctx, k)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.listed = r.now()
	for _, k := range list {
		r.made = k.CreatedAt
		if open := r.opened[k.ID]; open != nil {
			r.last = open
		}
	}
	return nil
}

// due reports whether a data key is to be opened now.
func (r *ring) due(id string) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.opened[id] == nil && !r.now().Before(r.refused[id].until)
}

// open opens a data key or notes why it cannot. One that was wrapped anew since the list was read, and whose
// old wrapping opens no more, is read again.
func (r *ring) open(ctx context.Context, k paymux.DataKey) {
	aead, err := r.unwrap(ctx, k)
	if err != nil {
		if now, gone := r.read(ctx, k.ID); gone == nil && !bytes.Equal(now.Wrapped, k.Wrapped) {
			aead, err = r.unwrap(ctx, now)
		}
	}
	if err != nil {
		r.refuse(k.ID, err)
		return
	}
	r.admit(&dataKey{k.ID, aead})
	r.log.InfoContext(ctx, "data key opened", "data_key", k.ID)
}

// read reads one data key as it is now.
func (r *ring) read(ctx context.Context, id string) (paymux.DataKey, error) {
	list, err := r.keyring.DataKeys(ctx)
	if err != nil {
		return paymux.DataKey{}, err
	}
	i := slices.IndexFunc(list, func(k paymux.DataKey) bool { return k.ID == id })
	if i < 0 {
		return paymux.DataKey{}, errUnlisted
	}
	return list[i], nil
}

func (r *ring) admit(k *dataKey) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.refused, k.id)
	r.opened[k.id] = k
}

func (r *ring) refuse(id string, err error) {
	r.mu.Lock()
	no := refusal{err: err, pause: max(firstPause, min(2*r.refused[id].pause, mostPause))}
	no.until = r.now().Add(no.pause)
	r.refused[id] = no
	r.mu.Unlock()
	r.log.Warn("a data key cannot be opened; secrets that are sealed with it are not available", "data_key", id, "again_in", no.pause, "error", err)
}

// warm opens what there is.
func (r *ring) warm(ctx context.Context) error {
	if err := r.enter(ctx); err != nil {
		return unavailable(err)
	}
	defer r.leave()
	if err := r.load(ctx); err != nil {
		return unavailable(err)
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	var faults []error
	for _, no := range r.refused {
		faults = append(faults, no.err)
	}
	if err := errors.Join(faults...); err != nil {
		return unavailable(err)
	}
	return nil
}
