package sealed

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/notify"
)

// CreateEndpoint implements access.Endpoints.
func (s *Store) CreateEndpoint(ctx context.Context, e paymux.Endpoint, i *paymux.Idempotency) error {
	if err := s.sealEndpoint(ctx, &e); err != nil {
		return err
	}
	return s.backing.CreateEndpoint(ctx, e, i)
}

// UpdateEndpoint implements access.Endpoints.
func (s *Store) UpdateEndpoint(ctx context.Context, e paymux.Endpoint, i *paymux.Idempotency) error {
	if err := s.sealEndpoint(ctx, &e); err != nil {
		return err
	}
	return s.backing.UpdateEndpoint(ctx, e, i)
}

// EndEndpoint implements notify.Store.
func (s *Store) EndEndpoint(ctx context.Context, e paymux.Endpoint, before time.Time) error {
	if err := s.sealEndpoint(ctx, &e); err != nil {
		return err
	}
	return s.backing.EndEndpoint(ctx, e, before)
}

// Endpoint implements access.Endpoints and notify.Store.
func (s *Store) Endpoint(ctx context.Context, merchant paymux.MerchantID, id paymux.EndpointID) (paymux.Endpoint, error) {
	e, err := s.backing.Endpoint(ctx, merchant, id)
	if err == nil {
		err = s.openEndpoint(ctx, &e)
	}
	return e, err
}

// Endpoints implements access.Endpoints and notify.Store: the list is whole but for
// secrets beside an error that is notify.ErrSecrets.
func (s *Store) Endpoints(ctx context.Context, merchant paymux.MerchantID) ([]paymux.Endpoint, error) {
	list, err := s.backing.Endpoints(ctx, merchant)
	return s.openAll(ctx, list, err)
}

// FailingEndpoints implements access.Endpoints.
func (s *Store) FailingEndpoints(ctx context.Context, limit int) ([]paymux.Endpoint, error) {
	list, err := s.backing.FailingEndpoints(ctx, limit)
	return s.openAll(ctx, list, err)
}

func (s *Store) openAll(ctx context.Context, list []paymux.Endpoint, err error) ([]paymux.Endpoint, error) {
	if err != nil {
		return nil, err
	}
	var faults []error
	for i := range list {
		faults = append(faults, s.openEndpoint(ctx, &list[i]))
	}
	if err := errors.Join(faults...); err != nil {
		return list, fmt.Errorf("%w: %w", notify.ErrSecrets, err)
	}
	return list, nil
}

// openEndpoint opens an endpoint's secrets or, with an error, leaves them out.
func (s *Store) openEndpoint(ctx context.Context, e *paymux.Endpoint) error {
	clear, err := eachSecret(e, func(text paymux.Secret) (paymux.Secret, error) { return s.open(ctx, placeOfEndpoint(e), text) })
	e.Secrets = clear
	if err != nil {
		return fmt.Errorf("open the secrets of endpoint %s: %w", e.ID, err)
	}
	return nil
}

func (s *Store) sealEndpoint(ctx context.Context, e *paymux.Endpoint) error {
	sealed, err := eachSecret(e, func(clear paymux.Secret) (paymux.Secret, error) { return s.seal(ctx, placeOfEndpoint(e), clear) })
	if err != nil {
		return fmt.Errorf("seal endpoint %s: %w", e.ID, err)
	}
	e.Secrets = sealed
	return nil
}

// eachSecret returns an endpoint's secrets with other values: none of them with an error.
func eachSecret(e *paymux.Endpoint, turn func(paymux.Secret) (paymux.Secret, error)) ([]paymux.SigningSecret, error) {
	turned := make([]paymux.SigningSecret, len(e.Secrets)) // the caller's stay as they are
	for i, secret := range e.Secrets {
		value, err := turn(secret.Value)
		if err != nil {
			return nil, err
		}
		turned[i] = paymux.SigningSecret{Value: value, Expires: secret.Expires}
	}
	return turned, nil
}
