package sealed

import (
	"context"
	"fmt"

	"github.com/paymux/paymux"
)

// CreateKey implements access.Merchants.
func (s *Store) CreateKey(ctx context.Context, k paymux.Key, i *paymux.Idempotency) error {
	if err := s.sealKey(ctx, &k); err != nil {
		return err
	}
	return s.backing.CreateKey(ctx, k, i)
}

// Key implements access.Directory.
func (s *Store) Key(ctx context.Context, id paymux.KeyID) (paymux.Key, paymux.Merchant, error) {
	k, m, err := s.backing.Key(ctx, id)
	if err == nil {
		err = s.openKey(ctx, &k)
	}
	return k, m, err
}

// KeyByDigest implements access.Directory.
func (s *Store) KeyByDigest(ctx context.Context, digest []byte) (paymux.Key, paymux.Merchant, error) {
	k, m, err := s.backing.KeyByDigest(ctx, digest)
	if err == nil {
		err = s.openKey(ctx, &k)
	}
	return k, m, err
}

// Keys implements access.Merchants. A secret that cannot be opened is left out without an error: lists show none,
// and a key has to be found to be revoked, whatever is away.
func (s *Store) Keys(ctx context.Context, merchant paymux.MerchantID) ([]paymux.Key, error) {
	list, err := s.backing.Keys(ctx, merchant)
	for i := range list {
		if err := s.openKey(ctx, &list[i]); err != nil {
			s.log.WarnContext(ctx, "a key is listed without its secret", "key", list[i].ID, "error", err)
		}
	}
	return list, err
}

// openKey opens a key's secret or, with an error, leaves it out.
func (s *Store) openKey(ctx context.Context, k *paymux.Key) error {
	clear, err := s.open(ctx, placeOfKey(k), k.Shared)
	k.Shared = clear
	if err != nil {
		return fmt.Errorf("open the secret of key %s: %w", k.ID, err)
	}
	return nil
}

func (s *Store) sealKey(ctx context.Context, k *paymux.Key) error {
	sealed, err := s.seal(ctx, placeOfKey(k), k.Shared)
	if err != nil {
		return fmt.Errorf("seal key %s: %w", k.ID, err)
	}
	k.Shared = sealed
	return nil
}
