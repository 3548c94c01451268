package keys

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/paymux/paymux/internal/groupcommit"
	"github.com/paymux/paymux/internal/keyring"

	"github.com/paymux/paymux/keys/keyuse"
)

// record is a use on its way into the audit, decided by the book of a revision.
type record struct {
	Entry
	revision int64
}

// flush puts a group of uses into the audit. Those decided by an older book are not: they are decided again.
func (s *Service) flush(group []*record) []error {
	errs := make([]error, len(group))
	err := s.inTx(func(t *transaction) error {
		for i, r := range group {
			if r.revision != t.book.revision {
				errs[i] = errStale
				continue
			}
			if err := t.append(&r.Entry); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		for i := range errs {
			errs[i] = err
		}
	}
	return errs
}

// use does something with a key where it is permitted, and returns once that is in the audit.
// Where keys change between deciding and recording it is done again with the new ones, so that no use outlives
// its permission. An error means that nothing may leave.
func (u *User) use(ctx context.Context, verb Use, name Name, sum Hash, do func(*entry, *Entry) error) error {
	began := time.Now()
	err := u.useOnce(ctx, verb, name, sum, do)
	u.service.uses.count(verb, time.Since(began), err)
	return err
}

func (u *User) useOnce(ctx context.Context, verb Use, name Name, sum Hash, do func(*entry, *Entry) error) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		b := u.service.book.Load()
		r := &record{revision: b.revision, Entry: u.entry(ctx, verb, name, sum)}
		e, err := b.permit(u.caller, verb, name)
		if err == nil {
			err = do(e, &r.Entry)
		}
		if errors.Is(err, errNoTurn) {
			return err // nothing was done
		}
		r.Outcome = outcomeOf(err)
		err = errors.Join(u.service.record(ctx, r), err)
		if !errors.Is(err, errStale) {
			return err
		}
	}
}

func (u *User) entry(ctx context.Context, verb Use, name Name, sum Hash) Entry {
	return Entry{Caller: clip(u.caller, 64), Verb: string(verb), Key: Name(clip(string(name), 64)), Digest: sum, Request: clip(keyuse.RequestOf(ctx), 64)}
}

func (s *Service) record(ctx context.Context, r *record) error {
	if r.Outcome != outcomeOf(nil) {
		ctx = context.WithoutCancel(ctx) // nobody escapes the audit of a refusal by hanging up
	}
	err := s.commits.Do(ctx, r)
	switch {
	case err == nil, errors.Is(err, errStale):
		return err
	case errors.Is(err, groupcommit.ErrClosed):
		return ErrClosed
	}
	return fmt.Errorf("keys: not used: it cannot be put into the audit: %w", err)
}

// permit finds a key for a caller who may use it so. That there is no such key is told to anybody:
// names are no secret.
func (b *book) permit(caller string, verb Use, name Name) (*entry, error) {
	e, err := b.find(name)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(e.Callers, caller) {
		return nil, fmt.Errorf("%w: %s does not permit %s", ErrForbidden, name, clip(caller, 64))
	}
	if verb != useKeyID && verb != useChain && len(e.Uses) > 0 && !slices.Contains(e.Uses, verb) {
		return nil, fmt.Errorf("%w: %s is not for use %s", ErrForbidden, name, verb)
	}
	return e, nil
}

// pick is the version that signs and encrypts: the active one; named by its KeyID, a retiring one, too.
func (e *entry) pick(keyID string) (Version, error) {
	v, ok := e.Active()
	if keyID == "" {
		if !ok {
			return v, fmt.Errorf("%w: %s has no active version", ErrState, e.Name)
		}
		return v, nil
	}
	for _, v := range e.Versions {
		if v.KeyID == keyID && v.State.Live() {
			return v, nil
		}
	}
	return v, fmt.Errorf("%w: %s has no live version of that key ID", ErrState, e.Name)
}

// live lists the versions that verify and decrypt, the active one first, then newest first.
func (e *entry) live() ([]Version, error) {
	var all []Version
	for _, v := range slices.Backward(e.Versions) {
		switch v.State {
		case Active:
			all = slices.Insert(all, 0, v)
		case Retiring:
			all = append(all, v)
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%w: %s has no live version", ErrState, e.Name)
	}
	return all, nil
}

// withOne runs do with the key of one version.
func (s *Service) withOne(ctx context.Context, e *entry, keyID string, r *Entry, do func(keyring.Key) error) error {
	v, err := e.pick(keyID)
	if err != nil {
		return err
	}
	r.Version = v.Number
	key, err := e.material[v.Number].open(ctx, s.key())
	if err != nil {
		return fmt.Errorf("%s version %d: %w", e.Name, v.Number, err)
	}
	return do(key)
}

// withLive runs do with each live version's key until one is not wrong.
func (s *Service) withLive(ctx context.Context, e *entry, r *Entry, do func(keyring.Key) error) error {
	live, err := e.live()
	if err != nil {
		return err
	}
	for _, v := range live {
		key, openErr := e.material[v.Number].open(ctx, s.key())
		if err = openErr; err == nil {
			err = do(key)
		}
		if err == nil {
			r.Version = v.Number
			return nil
		}
		if !errors.Is(err, keyring.ErrWrong) {
			return fmt.Errorf("%s version %d: %w", e.Name, v.Number, err)
		}
	}
	return err
}

// inTurn runs a private operation; those of RSA wait for a slot, so that they never take every processor from the others.
func (s *Service) inTurn(ctx context.Context, kind Kind, do func() error) error {
	if kind != keyring.RSA {
		return do()
	}
	select {
	case s.rsa <- struct{}{}:
		defer func() { <-s.rsa }()
		return do()
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", errNoTurn, ctx.Err())
	}
}

var errNoTurn = errors.New("keys: not used: no turn came")
