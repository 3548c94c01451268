package sealed

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/keys"
)

const (
	keySize   = 32 // AES-256
	nonceSize = 12 // of the wrapping
)

// newest returns the data key that is to seal now: the newest that is open. The first one is made here. Errors: paymux.Unavailable.
func (r *ring) newest(ctx context.Context) (*dataKey, error) {
	if k := r.current(); k != nil {
		return k, nil
	}
	if err := r.enter(ctx); err != nil {
		return nil, unavailable(err)
	}
	defer r.leave()
	if k := r.current(); k != nil {
		return k, nil
	}
	err := r.load(ctx)
	r.mu.Lock()
	k, none := r.last, r.made.IsZero()
	r.listed = r.now() // a list that cannot be had is not asked for at each write, either
	r.mu.Unlock()
	switch {
	case k != nil:
		return k, nil
	case err != nil:
		return nil, unavailable(err)
	case !none:
		return nil, unavailable(r.anyRefusal())
	}
	return r.make(ctx)
}

// current is the data key to seal with, nil where the list has to be read first.
func (r *ring) current() *dataKey {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.now().Sub(r.listed) >= listEvery {
		return nil
	}
	return r.last
}

func (r *ring) anyRefusal() error {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, no := range r.refused {
		return no.err
	}
	return errUnlisted
}

// make makes a data key and keeps it. Two processes may do so at the same time: both keys are good. Callers have entered.
func (r *ring) make(ctx context.Context) (*dataKey, error) {
	ctx, cancel := context.WithTimeout(ctx, loadTime)
	defer cancel()
	raw, id := make([]byte, keySize), make([]byte, 8)
	rand.Read(raw) // never fails
	rand.Read(id)
	k := paymux.DataKey{ID: hex.EncodeToString(id), CreatedAt: r.now().UTC().Truncate(time.Microsecond)}
	if least := r.made.Add(time.Microsecond); k.CreatedAt.Before(least) {
		k.CreatedAt = least // whatever the clock says, it is the newest
	}
	if err := r.keep(ctx, k, raw); err != nil {
		return nil, err
	}
	aead, err := newAEAD(raw)
	if err != nil {
		return nil, err
	}
	made := &dataKey{k.ID, aead}
	r.admit(made)
	r.mu.Lock()
	r.last, r.made = made, k.CreatedAt
	r.mu.Unlock()
	r.log.InfoContext(ctx, "data key made", "data_key", k.ID, "wrapper", r.wrapper)
	return made, nil
}

// keep wraps a data key and keeps it, and wraps it once more when everybody can see it: else a Rewrap that did not
// see it yet might be followed by the end of the version that it was wrapped with. Nothing is sealed with it before.
func (r *ring) keep(ctx context.Context, k paymux.DataKey, raw []byte) error {
	first, err := r.wrap(ctx, k, raw)
	if err != nil {
		return unavailable(err)
	}
	if err := r.keyring.AddDataKey(ctx, first); err != nil {
		return err
	}
	again, err := r.wrap(ctx, k, raw)
	if err != nil {
		return unavailable(err)
	}
	_, err = r.keyring.RewrapDataKey(ctx, first, again) // where it was not, a Rewrap came first
	return err
}

func newAEAD(raw []byte) (cipher.AEAD, error) {
	if len(raw) != keySize {
		return nil, fmt.Errorf("sealed: a data key has %d bytes, not %d", keySize, len(raw))
	}
	block, err := aes.NewCipher(raw)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// wrap has the key service encrypt raw, the text of k, with the active version of its key.
func (r *ring) wrap(ctx context.Context, k paymux.DataKey, raw []byte) (paymux.DataKey, error) {
	k.Wrapper, k.Nonce = string(r.wrapper), make([]byte, nonceSize)
	rand.Read(k.Nonce)
	var err error
	if k.Wrapped, err = r.service.Encrypt(ctx, r.wrapper, "", raw, k.Nonce, r.associated(k.ID)); err != nil {
		return k, fmt.Errorf("wrap data key %s with %s: %w", k.ID, k.Wrapper, err)
	}
	return k, nil
}

func (r *ring) unwrap(ctx context.Context, k paymux.DataKey) (cipher.AEAD, error) {
	raw, err := r.reveal(ctx, k)
	if err != nil {
		return nil, err
	}
	return newAEAD(raw)
}

func (r *ring) reveal(ctx context.Context, k paymux.DataKey) ([]byte, error) {
	raw, err := r.service.Decrypt(ctx, keys.Name(k.Wrapper), k.Wrapped, k.Nonce, r.associated(k.ID))
	if err != nil {
		return nil, fmt.Errorf("unwrap data key %s with %s: %w", k.ID, k.Wrapper, err)
	}
	return raw, nil
}

// associated binds a data key to its region and ID.
func (r *ring) associated(id string) []byte {
	return []byte("paymux data key 1\x00" + r.region + "\x00" + id)
}

// Rotate makes a new data key. This process seals with it from now on, the region's others within a minute; then Reseal
// brings what rests under it. Older data keys are kept: backups are sealed with them. Errors: paymux.Unavailable.
func (s *Store) Rotate(ctx context.Context) error {
	r := s.ring
	if err := r.enter(ctx); err != nil {
		return unavailable(err)
	}
	defer r.leave()
	if err := r.load(ctx); err != nil {
		return unavailable(err)
	}
	_, err := r.make(ctx)
	return err
}

// Rewrap wraps every data key anew, with the active version of the key service's key, and returns how many. Once it
// has, older versions can be destroyed: nothing needs them but backups. Nothing waits for it. Errors: paymux.Unavailable.
func (s *Store) Rewrap(ctx context.Context) (int, error) {
	r := s.ring
	list, err := r.keyring.DataKeys(ctx)
	if err != nil {
		return 0, err
	}
	for i, k := range list {
		if err := r.rewrap(ctx, k); err != nil {
			return i, err
		}
	}
	return len(list), nil
}

func (r *ring) rewrap(ctx context.Context, was paymux.DataKey) error {
	for {
		raw, err := r.reveal(ctx, was)
		if err != nil {
			return unavailable(err)
		}
		now, err := r.wrap(ctx, was, raw)
		if err != nil {
			return unavailable(err)
		}
		replaced, err := r.keyring.RewrapDataKey(ctx, was, now)
		if err != nil || replaced {
			return err
		}
		// Somebody else was first, perhaps with the version before: over theirs, then.
		if was, err = r.read(ctx, was.ID); err != nil {
			return err
		}
	}
}
