package sealed_test

import (
	"testing"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/directory"
)

// take takes everything of a home into s.
func (s *scene) take(home *scene) directory.Changes {
	s.t.Helper()
	at, err := s.Copied(s.t.Context(), homeNumber)
	s.must(err)
	c, err := home.Changes(s.t.Context(), at.UpTo, 1000)
	s.must(err)
	taken, err := s.TakeCopies(s.t.Context(), homeNumber, at.UpTo, c)
	if s.must(err); !taken {
		s.t.Fatal("the changes are not taken")
	}
	return c
}

const homeNumber paymux.Region = 7 // of scenes' IDs

// Secrets pass in clear from one store to the other, and rest sealed in both, each with its own region's data keys.
func TestCopiesRestSealed(t *testing.T) {
	onBoth(t, func(t *testing.T, e engine) {
		home, s := newScene(t, e), newScene(t, e)
		var secrets []string
		for range 5 {
			k, endpoint := home.created()
			secrets = append(secrets, texts(k, endpoint)...)
			c := s.take(home)
			if len(c.Keys) != 1 || len(c.Endpoints) != 1 {
				t.Fatalf("%d keys and %d endpoints changed", len(c.Keys), len(c.Endpoints))
			}
			s.has(s.Store, k, endpoint)
			home.has(home.Store, k, endpoint)
			if c.Keys[0].Shared != k.Shared { // sealing must not reach what the caller has
				t.Error("the changes were changed by who took them")
			}
			endpoint.Secrets = endpoint.Secrets[:1]
			home.must(home.UpdateEndpoint(t.Context(), endpoint, nil))
			s.take(home)
			s.has(s.Store, k, endpoint)
		}
		s.again()
		s.pass()
		s.absent("while it is open", e.dump(t, s.dir), secrets)
		s.stop()
		s.absent("when it is closed", e.dump(t, s.dir), secrets)
	})
}

// Without the key service nothing is told or taken by half, and nothing of it later is missing.
func TestCopiesWithoutTheKeyService(t *testing.T) {
	onBoth(t, func(t *testing.T, e engine) {
		home, s := newScene(t, e), newScene(t, e)
		k, endpoint := home.created()
		home.again() // what it had opened, it has no more
		home.service.away.Store(true)
		c, err := home.Changes(t.Context(), 0, 10)
		is(t, "changes whose secrets cannot be opened", err, paymux.Unavailable)
		if len(c.Keys)+len(c.Endpoints)+len(c.Merchants) > 0 {
			t.Error("they are told all the same")
		}
		home.service.away.Store(false)
		home.again()
		c, err = home.Changes(t.Context(), 0, 10)
		home.must(err)
		s.service.away.Store(true)
		_, err = s.TakeCopies(t.Context(), homeNumber, 0, c)
		is(t, "copies that cannot be sealed", err, paymux.Unavailable)
		if at, err := s.Copied(t.Context(), homeNumber); err != nil || at.UpTo != 0 {
			t.Errorf("the position is %+v, %v", at, err)
		}
		s.service.away.Store(false)
		s.take(home)
		s.has(s.Store, k, endpoint)
	})
}

// A secret that was changed in the database works nowhere, and keeps no other change from being told.
func TestBrokenSecretsAreToldAsSuch(t *testing.T) {
	onBoth(t, func(t *testing.T, e engine) {
		home, s := newScene(t, e), newScene(t, e)
		ctx := t.Context()
		k, endpoint := home.created()
		resting, err := home.engine.Endpoint(ctx, endpoint.Merchant, endpoint.ID)
		home.must(err)
		key, _, err := home.engine.Key(ctx, k.ID)
		home.must(err)
		forged := resting.Secrets[0].Value // another's
		if ok, err := home.engine.ReplaceShared(ctx, k.ID, key.Shared, forged); err != nil || !ok {
			t.Fatal(ok, err)
		}
		if ok, err := home.engine.ReplaceSecrets(ctx, endpoint.ID, resting.Secrets, []paymux.SigningSecret{{Value: key.Shared}}); err != nil || !ok {
			t.Fatal(ok, err)
		}
		sound, soundEndpoint := home.created()
		s.take(home)
		s.has(s.Store, sound, soundEndpoint)
		if got, _, err := s.Key(ctx, k.ID); err != nil || got.RevokedAt.IsZero() || got.Shared != "" {
			t.Errorf("the key is revoked at %v, %v", got.RevokedAt, err)
		}
		if got, err := s.Endpoint(ctx, endpoint.Merchant, endpoint.ID); err != nil || len(got.Secrets) != 0 || got.Status != endpoint.Status {
			t.Errorf("the endpoint has %d secrets, %v", len(got.Secrets), err)
		}
	})
}
