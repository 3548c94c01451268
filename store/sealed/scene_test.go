package sealed_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/webhook"
	"github.com/paymux/paymux/store/sealed"
	"github.com/paymux/paymux/store/storetest"
)

// scene is a sealed store with a merchant.
type scene struct {
	*sealed.Store
	t        testing.TB
	of       engine
	engine   sealed.Engine
	dir      string
	service  *keyService
	clock    *clock
	ids      *paymux.IDs
	merchant paymux.Merchant
}

func newScene(t testing.TB, e engine) *scene {
	t.Helper()
	c := newClock()
	s := &scene{t: t, of: e, dir: t.TempDir(), service: newKeyService(master), clock: c, ids: c.ids()}
	s.merchant = paymux.Merchant{ID: paymux.MerchantID(s.ids.New(paymux.PrefixMerchant)), Object: "merchant"}
	s.start()
	if err := s.CreateMerchant(t.Context(), s.merchant); err != nil {
		t.Fatal(err)
	}
	return s
}

// start opens the store.
func (s *scene) start() {
	s.t.Helper()
	engine := s.of.open(s.t, storetest.Config{Dir: s.dir, Now: s.clock.now})
	s.engine = engine
	s.Store = s.replica("eu")
	s.t.Cleanup(func() {
		if err := engine.Close(); err != nil {
			s.t.Error(err)
		}
	})
}

// replica is another process on the same engine.
func (s *scene) replica(region string) *sealed.Store {
	r := sealed.New(sealed.Config{Engine: s.engine, Service: s.service, Wrapper: wrapper, Region: region, Now: s.clock.now, Log: quiet})
	s.t.Cleanup(func() { _ = r.Close() }) // the engine's error is seen elsewhere
	return r
}

// again is the store after a restart.
func (s *scene) again() {
	s.t.Helper()
	s.stop()
	s.start()
}

func (s *scene) stop() {
	s.t.Helper()
	for range 2 {
		if err := s.Close(); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *scene) key() paymux.Key {
	return paymux.Key{
		ID: paymux.KeyID(s.ids.New(paymux.PrefixKey)), Object: "api_key", Merchant: s.merchant.ID, Kind: paymux.KeyHMAC, CreatedAt: s.clock.now(),
		Shared: paymux.Secret(base64.StdEncoding.EncodeToString([]byte("shared " + s.ids.New("x_")))),
	}
}

func (s *scene) endpoint() paymux.Endpoint {
	now := s.clock.now()
	return paymux.Endpoint{
		ID: paymux.EndpointID(s.ids.New(paymux.PrefixEndpoint)), Object: "webhook_endpoint", Merchant: s.merchant.ID, URL: "https://shop.example/hook",
		Status: paymux.EndpointEnabled, CreatedAt: now, UpdatedAt: now,
		Secrets: []paymux.SigningSecret{
			{Value: paymux.Secret(webhook.NewSecret())},
			{Value: paymux.Secret(webhook.NewSigningKey()), Expires: now.Add(time.Hour)},
		},
	}
}

// created is a key and an endpoint that are in the store.
func (s *scene) created() (paymux.Key, paymux.Endpoint) {
	s.t.Helper()
	k, e := s.key(), s.endpoint()
	s.must(s.CreateKey(s.t.Context(), k, nil))
	s.must(s.CreateEndpoint(s.t.Context(), e, nil))
	return k, e
}

// older is a key and an endpoint that were written by a paymux that does not seal.
func (s *scene) older() (paymux.Key, paymux.Endpoint) {
	s.t.Helper()
	k, e := s.key(), s.endpoint()
	s.must(s.engine.CreateKey(s.t.Context(), k, nil))
	s.must(s.engine.CreateEndpoint(s.t.Context(), e, nil))
	return k, e
}

func (s *scene) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// has checks that a store reads a key and an endpoint as they were given to it, by every way.
func (s *scene) has(store sealed.Backing, k paymux.Key, e paymux.Endpoint) {
	s.t.Helper()
	if err := s.reads(s.t.Context(), store, k, e); err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) reads(ctx context.Context, store sealed.Backing, k paymux.Key, e paymux.Endpoint) error {
	key, _, err := store.Key(ctx, k.ID)
	if err != nil {
		return err
	}
	keys, err := store.Keys(ctx, k.Merchant)
	if err != nil {
		return err
	}
	endpoint, err := store.Endpoint(ctx, e.Merchant, e.ID)
	if err != nil {
		return err
	}
	endpoints, err := store.Endpoints(ctx, e.Merchant)
	if err != nil {
		return err
	}
	keys = append(keys, key)
	endpoints = append(endpoints, endpoint)
	for _, got := range keys {
		if diff := cmp.Diff(k.Shared, got.Shared); got.ID == k.ID && diff != "" {
			return errors.New("the key: " + diff)
		}
	}
	for _, got := range endpoints {
		if diff := cmp.Diff(e, got, cmpopts.EquateEmpty()); got.ID == e.ID && diff != "" {
			return errors.New("the endpoint: " + diff)
		}
	}
	return nil
}

// resting are the texts of a key and an endpoint as the engine has them.
func (s *scene) resting(k paymux.KeyID, e paymux.EndpointID) (texts []string) {
	s.t.Helper()
	key, _, err := s.engine.Key(s.t.Context(), k)
	s.must(err)
	endpoint, err := s.engine.Endpoint(s.t.Context(), s.merchant.ID, e)
	s.must(err)
	texts = append(texts, key.Shared.Reveal())
	for _, secret := range endpoint.Secrets {
		texts = append(texts, secret.Value.Reveal())
	}
	return texts
}

// under checks with which data key, named by its place among all, everything rests.
func (s *scene) under(number int, texts []string) {
	s.t.Helper()
	all, err := s.engine.DataKeys(s.t.Context())
	s.must(err)
	for _, text := range texts {
		if want := "sealed:1:" + all[number].ID + ":"; !strings.HasPrefix(text, want) {
			s.t.Errorf("a secret rests as %.40s…, want %s…", text, want)
		}
	}
}

// pass runs Reseal to its end.
func (s *scene) pass() (p sealed.Pass) {
	s.t.Helper()
	for !p.Done {
		var err error
		p, err = s.Reseal(s.t.Context(), p)
		s.must(err)
	}
	return p
}

// is checks an error, and that it quotes no secret. A nil want is any.
func is(t testing.TB, what string, err, want error) {
	t.Helper()
	if want != nil && !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
	for _, secret := range []string{"whsec_", "whsk_", "sealed:1:"} {
		if strings.Contains(fmt.Sprint(err), secret) {
			t.Errorf("%s: the error quotes a secret: %v", what, err)
		}
	}
}
