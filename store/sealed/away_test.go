package sealed_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/notify"
	"github.com/paymux/paymux/store/sealed"
)

// A start without the key service stops nothing but what needs a secret, and that comes back by itself.
func TestStartWithoutTheKeyService(t *testing.T) {
	onBoth(t, func(t *testing.T, e engine) {
		s := newScene(t, e)
		k, endpoint := s.created()
		s.service.away.Store(true)
		s.again()
		is(t, "at the start", s.Warm(t.Context()), paymux.Unavailable)
		s.withoutSecrets(k, endpoint)

		s.service.answer = make(chan struct{}, 8)
		s.service.away.Store(false)
		s.withoutSecrets(k, endpoint) // for it was asked a moment ago
		s.clock.pass(time.Second)
		_, _, err := s.Key(t.Context(), k.ID)
		is(t, "the key once more", err, paymux.Unavailable) // and is asked for behind our back
		<-s.service.answer
		for s.reads(t.Context(), s, k, endpoint) != nil {
			if t.Context().Err() != nil {
				t.Fatal("it does not come back")
			}
		}
		asked := s.service.asked.Load()
		s.service.away.Store(true)
		s.has(s, k, endpoint)
		created, more := s.created() // with the data key that is open
		s.has(s, created, more)
		if now := s.service.asked.Load(); now != asked {
			t.Errorf("the key service was asked %d times about what is open", now-asked)
		}
	})
}

// withoutSecrets checks what goes on while no secret can be opened.
func (s *scene) withoutSecrets(k paymux.Key, e paymux.Endpoint) {
	s.t.Helper()
	ctx := s.t.Context()
	_, _, err := s.Key(ctx, k.ID)
	is(s.t, "the key", err, paymux.Unavailable)
	var said *paymux.Error
	if !errors.As(err, &said) || !strings.Contains(said.Message, "secrets cannot be opened") || said.RetryAfter == 0 {
		s.t.Errorf("it is not said what is the matter: %+v", said)
	}
	_, err = s.Endpoint(ctx, e.Merchant, e.ID)
	is(s.t, "the endpoint", err, paymux.Unavailable)
	_, err = s.FailingEndpoints(ctx, 10)
	s.must(err) // there is none
	list, err := s.Endpoints(ctx, e.Merchant)
	is(s.t, "the endpoints", err, paymux.Unavailable)
	is(s.t, "the endpoints", err, notify.ErrSecrets)
	if len(list) != 1 || list[0].URL != e.URL || len(list[0].Secrets) != 0 {
		s.t.Errorf("the endpoints are %+v", list)
	}
	is(s.t, "another endpoint", s.CreateEndpoint(ctx, s.endpoint(), nil), paymux.Unavailable)

	keys, err := s.Keys(ctx, k.Merchant)
	s.must(err)
	if len(keys) == 0 || keys[len(keys)-1].ID != k.ID || keys[len(keys)-1].Shared != "" {
		s.t.Errorf("the keys are %+v", keys)
	}
	bearer := s.key()
	bearer.Kind, bearer.Shared, bearer.Digest = paymux.KeyBearer, "", []byte(bearer.ID)
	s.must(s.CreateKey(ctx, bearer, nil))
	_, _, err = s.KeyByDigest(ctx, bearer.Digest)
	s.must(err)
	s.must(s.RevokeKey(ctx, bearer.Merchant, bearer.ID, s.clock.now(), nil))
	_, err = s.Merchant(ctx, e.Merchant)
	s.must(err)
}

// Before there is any data key, a secret can be written as soon as the key service is there.
func TestTheFirstDataKey(t *testing.T) {
	t.Parallel()
	s := newScene(t, engines["sqlite"])
	s.must(s.Warm(t.Context()))
	s.service.away.Store(true)
	k := s.key()
	is(t, "a key", s.CreateKey(t.Context(), k, nil), paymux.Unavailable)
	_, _, err := s.Key(t.Context(), k.ID)
	is(t, "the key", err, paymux.NotFound)
	s.service.away.Store(false)
	s.created()
	other := s.replica("eu")
	s.must(other.CreateKey(t.Context(), k, nil))
	if all, err := s.engine.DataKeys(t.Context()); len(all) != 1 || err != nil {
		t.Errorf("%d data keys, want 1: %v", len(all), err)
	}
}

// A key service that never answers is waited for once, by those who come first.
func TestAKeyServiceThatHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hung := newKeyService(master)
		hung.hangs.Store(true)
		ring := &memory{keys: []paymux.DataKey{{ID: "a", Wrapper: string(wrapper), Wrapped: []byte("x")}}}
		s := sealed.New(sealed.Config{Engine: oneKey{text: "sealed:1:a:AAAA"}, Service: hung, Wrapper: wrapper, Keyring: ring, Now: time.Now, Log: quiet})
		read := func() time.Duration {
			began := time.Now()
			_, _, err := s.Key(t.Context(), "key_1")
			is(t, "the key", err, paymux.Unavailable)
			return time.Since(began)
		}
		done := make(chan time.Duration, 3)
		for range cap(done) {
			go func() { done <- read() }()
		}
		for range cap(done) {
			if took := <-done; took > 2*time.Second {
				t.Errorf("one who came first waited for %v", took)
			}
		}
		for range 100 {
			if took := read(); took != 0 {
				t.Fatalf("one who came later waited for %v", took)
			}
			time.Sleep(time.Second) // of the bubble's time
		}
		if asked := hung.asked.Load(); asked < 5 || asked > 15 {
			t.Errorf("it was asked %d times in 100 s", asked)
		}
		_ = s.Close()
	})
}

// oneKey is an engine with one key and nothing else.
type oneKey struct {
	sealed.Engine
	text paymux.Secret
}

func (o oneKey) Key(context.Context, paymux.KeyID) (paymux.Key, paymux.Merchant, error) {
	return paymux.Key{ID: "key_1", Shared: o.text}, paymux.Merchant{}, nil
}

func (o oneKey) Close() error { return nil }

// memory is a keyring in memory.
type memory struct{ keys []paymux.DataKey }

func (k *memory) DataKeys(context.Context) ([]paymux.DataKey, error) { return k.keys, nil }

func (k *memory) AddDataKey(_ context.Context, d paymux.DataKey) error {
	k.keys = append(k.keys, d)
	return nil
}

func (k *memory) RewrapDataKey(context.Context, paymux.DataKey, paymux.DataKey) (bool, error) {
	return false, nil
}
