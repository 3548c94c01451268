package sealed

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/paymux/paymux"
)

// passStep is at how many rows one call of Reseal looks.
const passStep = 100

// Pass is how far Reseal has come. The zero Pass begins one; it may be kept and taken up by any process.
type Pass struct {
	Key      paymux.KeyID      `json:"key,omitempty"` // the last one looked at
	KeysDone bool              `json:"keys_done,omitempty"`
	Endpoint paymux.EndpointID `json:"endpoint,omitempty"`
	Done     bool              `json:"done,omitempty"`

	Looked int `json:"looked"` // rows
	Sealed int `json:"sealed"` // of them: were in clear, or under an older data key, and are under the newest now
	Clear  int `json:"clear"`  // of those: had something in clear, of which engines' files may still have a trace (Scrub)
	Raced  int `json:"raced"`  // were changed by somebody else at that moment, and so sealed by them
	Broken int `json:"broken"` // cannot be opened at all; the log names them
}

// Reseal looks at the next rows, at most 100, and seals with the newest data key what is in clear or sealed with another.
// It hinders nobody: each row is a small commit of its own, and one that is changed meanwhile is left alone.
// Call it until Done. Another process may seal with the data key before for a minute after Rotate, so a
// data key has served its time once a pass that began later has Sealed, Raced and Broken 0. An error
// that is paymux.Unavailable leaves the returned Pass where it can go on.
func (s *Store) Reseal(ctx context.Context, from Pass) (Pass, error) {
	if from.Done {
		return from, nil
	}
	newest, err := s.ring.newest(ctx)
	if err != nil {
		return from, fmt.Errorf("seal rows: %w", err)
	}
	if !from.KeysDone {
		return s.resealKeys(ctx, from, newest)
	}
	return s.resealEndpoints(ctx, from, newest)
}

// Scrub removes from the engine's files what is left of secrets that were in clear once. It is worth calling after the first
// pass of Reseal over a store that is older than its seals; see docs/secrets.md for what it cannot reach.
func (s *Store) Scrub(ctx context.Context) error { return s.rows.Scrub(ctx) }

func (s *Store) resealKeys(ctx context.Context, p Pass, with *dataKey) (Pass, error) {
	list, err := s.rows.KeysAfter(ctx, p.Key, passStep)
	if err != nil {
		return p, err
	}
	for i := range list {
		if err := s.count(ctx, &p, string(list[i].ID))(s.resealKey(ctx, &list[i], with)); err != nil {
			return p, err
		}
		p.Key = list[i].ID
	}
	p.KeysDone = len(list) < passStep
	return p, nil
}

func (s *Store) resealEndpoints(ctx context.Context, p Pass, with *dataKey) (Pass, error) {
	list, err := s.rows.EndpointsAfter(ctx, p.Endpoint, passStep)
	if err != nil {
		return p, err
	}
	for i := range list {
		if err := s.count(ctx, &p, string(list[i].ID))(s.resealEndpoint(ctx, &list[i], with)); err != nil {
			return p, err
		}
		p.Endpoint = list[i].ID
	}
	p.Done = len(list) < passStep
	return p, nil
}

type outcome int

const (
	asItWas outcome = iota
	resealed
	cleared // resealed, and something was in clear
	raced
)

func (s *Store) resealKey(ctx context.Context, k *paymux.Key, with *dataKey) (outcome, error) {
	was := k.Shared
	if was == "" || keyOf(was) == with.id {
		return asItWas, nil
	}
	clear, err := s.open(ctx, placeOfKey(k), was)
	if err != nil {
		return asItWas, err
	}
	replaced, err := s.rows.ReplaceShared(ctx, k.ID, was, with.seal(placeOfKey(k), clear))
	return outcomeOf(replaced, err, was)
}

func (s *Store) resealEndpoint(ctx context.Context, e *paymux.Endpoint, with *dataKey) (outcome, error) {
	was := e.Secrets
	if !slices.ContainsFunc(was, func(secret paymux.SigningSecret) bool { return secret.Value != "" && keyOf(secret.Value) != with.id }) {
		return asItWas, nil
	}
	now, err := eachSecret(e, func(text paymux.Secret) (paymux.Secret, error) {
		clear, err := s.open(ctx, placeOfEndpoint(e), text)
		if err != nil || clear == "" {
			return "", err
		}
		return with.seal(placeOfEndpoint(e), clear), nil
	})
	if err != nil {
		return asItWas, err
	}
	replaced, err := s.rows.ReplaceSecrets(ctx, e.ID, was, now)
	texts := make([]paymux.Secret, len(was))
	for i := range was {
		texts[i] = was[i].Value
	}
	return outcomeOf(replaced, err, texts...)
}

// outcomeOf is the outcome of a row whose texts were to be replaced.
func outcomeOf(replaced bool, err error, was ...paymux.Secret) (outcome, error) {
	switch {
	case err != nil:
		return asItWas, err
	case !replaced:
		return raced, nil
	case slices.ContainsFunc(was, func(text paymux.Secret) bool { return text != "" && !isSealed(text) }):
		return cleared, nil
	}
	return resealed, nil
}

// isBroken reports whether a secret cannot be opened at all, as opposed to just now.
func isBroken(err error) bool {
	return errors.Is(err, ErrWrong) || errors.Is(err, errVersion) || errors.Is(err, errUnlisted)
}

// count notes what came of a row. A row that can never be opened must not keep the others from being sealed.
func (s *Store) count(ctx context.Context, p *Pass, id string) func(outcome, error) error {
	return func(o outcome, err error) error {
		switch {
		case isBroken(err):
			s.log.ErrorContext(ctx, "a secret cannot be opened", "row", id, "error", err)
			p.Broken++
		case err != nil:
			return fmt.Errorf("seal %s: %w", id, err)
		case o == resealed:
			p.Sealed++
		case o == cleared:
			p.Sealed++
			p.Clear++
		case o == raced:
			p.Raced++
		}
		p.Looked++
		return nil
	}
}
