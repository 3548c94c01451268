package sealed_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/notify"
	"github.com/paymux/paymux/store/sealed"
)

func TestWhatRestsIsSealed(t *testing.T) {
	onBoth(t, func(t *testing.T, e engine) {
		s := newScene(t, e)
		k, endpoint := s.key(), s.endpoint()
		given := endpoint
		given.Secrets = append([]paymux.SigningSecret(nil), endpoint.Secrets...)
		s.must(s.CreateKey(t.Context(), k, nil))
		s.must(s.CreateEndpoint(t.Context(), given, nil))
		if diff := cmp.Diff(endpoint, given); diff != "" {
			t.Errorf("the caller's endpoint was changed (-before +after):\n%s", diff)
		}
		s.under(0, s.resting(k.ID, endpoint.ID))
		s.has(s, k, endpoint)
		s.again()
		s.has(s, k, endpoint)

		endpoint.Secrets = append([]paymux.SigningSecret{{Value: s.endpoint().Secrets[0].Value}}, endpoint.Secrets...)
		s.must(s.UpdateEndpoint(t.Context(), endpoint, nil))
		s.under(0, s.resting(k.ID, endpoint.ID))
		s.has(s, k, endpoint)
	})
}

// The same secret never rests twice as the same text, and one that is none stays none.
func TestTextsAreUnlike(t *testing.T) {
	t.Parallel()
	s := newScene(t, engines["sqlite"])
	k, e := s.created()
	twin := s.key()
	twin.Shared = k.Shared
	s.must(s.CreateKey(t.Context(), twin, nil))
	if s.resting(k.ID, e.ID)[0] == s.resting(twin.ID, e.ID)[0] {
		t.Error("a secret rests as the same text in two rows")
	}
	bearer := s.key()
	bearer.Kind, bearer.Shared, bearer.Digest = paymux.KeyBearer, "", []byte("digest")
	s.must(s.CreateKey(t.Context(), bearer, nil))
	if got := s.resting(bearer.ID, e.ID)[0]; got != "" {
		t.Errorf("no secret rests as %q", got)
	}
}

// Rows of before are read as they are and sealed when they are written next.
func TestClearRowsAreReadAndSealedAtTheNextWrite(t *testing.T) {
	onBoth(t, func(t *testing.T, e engine) {
		s := newScene(t, e)
		k, endpoint := s.older()
		s.service.away.Store(true) // nothing of it needs a data key
		s.has(s, k, endpoint)
		is(t, "a write without the key service", s.UpdateEndpoint(t.Context(), endpoint, nil), paymux.Unavailable)
		s.service.away.Store(false)
		s.has(s, k, endpoint)
		s.must(s.UpdateEndpoint(t.Context(), endpoint, nil))
		s.under(0, s.resting(k.ID, endpoint.ID)[1:])
		s.has(s, k, endpoint)
	})
}

// A text that was moved or changed is refused, wherever it was read before, and keeps only its own row from being read.
func TestForeignTextsAreRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, e engine) {
		s := newScene(t, e)
		k, endpoint := s.created()
		sound, soundEndpoint := s.created()
		other := s.merchant
		other.ID = paymux.MerchantID(s.ids.New(paymux.PrefixMerchant))
		texts := s.resting(sound.ID, soundEndpoint.ID)
		own := s.resting(k.ID, endpoint.ID)
		last := own[0][len(own[0])-1:]
		body := own[0][strings.LastIndex(own[0], ":")+1:]
		for what, c := range map[string]struct {
			text string
			want error // nil: any
		}{
			"another key's":           {texts[0], sealed.ErrWrong},
			"an endpoint's":           {texts[1], sealed.ErrWrong},
			"shortened":               {own[0][:len(own[0])-4], sealed.ErrWrong},
			"with another last digit": {strings.TrimSuffix(own[0], last) + map[bool]string{true: "Q", false: "A"}[last == "A"], sealed.ErrWrong},
			"without ciphertext":      {strings.TrimSuffix(own[0], body), sealed.ErrWrong},
			"without data key":        {"sealed:1::" + body, sealed.ErrWrong},
			"without anything":        {"sealed:1:", sealed.ErrWrong},
			"not in base64":           {own[0] + "!", sealed.ErrWrong},
			"under another data key":  {"sealed:1:0000000000000000:" + body, paymux.Unavailable},
			"of a newer paymux":       {strings.Replace(own[0], "sealed:1:", "sealed:2:", 1), nil},
			"of no version":           {"sealed:", nil},
		} {
			err := s.readKeyAs(k.ID, own[0], c.text)
			is(t, what, err, c.want)
			if c.want == nil && err == nil {
				t.Errorf("%s: no error", what)
			}
		}
		s.must(s.engine.UpdateEndpoint(t.Context(), swapped(endpoint, texts[1:]), nil))
		_, err := s.Endpoint(t.Context(), s.merchant.ID, endpoint.ID)
		is(t, "another endpoint's secrets", err, sealed.ErrWrong)
		list, err := s.Endpoints(t.Context(), s.merchant.ID)
		is(t, "the list", err, notify.ErrSecrets)
		for _, e := range list {
			if has := len(e.Secrets) > 0; has != (e.ID == soundEndpoint.ID) {
				t.Errorf("endpoint %s is listed with secrets: %t", e.ID, has)
			}
		}
		if len(list) != 2 {
			t.Errorf("%d endpoints are listed, want 2", len(list))
		}
		if _, _, err := s.Key(t.Context(), sound.ID); err != nil {
			t.Errorf("a key beside: %v", err)
		}
	})
}

// readKeyAs puts a text in the place of a key's, reads the key, and puts the own one back. It returns
// the error of that reading.
func (s *scene) readKeyAs(id paymux.KeyID, own, text string) error {
	s.t.Helper()
	put := func(was, now string) {
		replaced, err := s.engine.ReplaceShared(s.t.Context(), id, paymux.Secret(was), paymux.Secret(now))
		if err != nil || !replaced {
			s.t.Fatalf("replaced: %t, %v", replaced, err)
		}
	}
	put(own, text)
	defer put(text, own)
	k, _, err := s.Key(s.t.Context(), id)
	if k.Shared != "" {
		s.t.Errorf("%.30s… was taken for a secret", text)
	}
	keys, listErr := s.Keys(s.t.Context(), s.merchant.ID)
	s.must(listErr)
	for _, k := range keys {
		if k.ID == id && k.Shared != "" {
			s.t.Errorf("%.30s… is listed", text)
		}
	}
	return err
}

func swapped(e paymux.Endpoint, texts []string) paymux.Endpoint {
	e.Secrets = append([]paymux.SigningSecret(nil), e.Secrets...)
	for i := range e.Secrets {
		e.Secrets[i].Value = paymux.Secret(texts[i])
	}
	return e
}

// Another region's data key, and one that was changed, open nothing.
func TestForeignDataKeysAreRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, e engine) {
		s := newScene(t, e)
		k, _ := s.created()
		_, _, err := s.replica("us").Key(t.Context(), k.ID)
		is(t, "in another region", err, paymux.Unavailable)
		all, err := s.engine.DataKeys(t.Context())
		s.must(err)
		forged := all[0]
		forged.Wrapped = append([]byte{forged.Wrapped[0] ^ 1}, forged.Wrapped[1:]...)
		if ok, err := s.engine.RewrapDataKey(t.Context(), all[0], forged); !ok || err != nil {
			t.Fatal(ok, err)
		}
		replica := s.replica("eu")
		_, _, err = replica.Key(t.Context(), k.ID)
		is(t, "with a forged data key", err, paymux.Unavailable)
		is(t, "at the start", replica.Warm(t.Context()), paymux.Unavailable)
		if _, _, err := s.Key(t.Context(), k.ID); err != nil {
			t.Errorf("where it is open already: %v", err)
		}
	})
}

// What is remembered of opened secrets has a bound.
func TestOpenedSecretsAreBounded(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]int{3: 3, 8: 8, 20: 8} {
		if got := sealed.Opened(8, n); got != want {
			t.Errorf("%d of %d secrets are remembered, want %d", got, n, want)
		}
	}
}

// One secret is decrypted once, however often its row is read; the key service is asked for the data key alone.
func TestReadingAgainAsksNobody(t *testing.T) {
	t.Parallel()
	s := newScene(t, engines["sqlite"])
	k, e := s.created()
	s.again()
	for range 50 {
		s.has(s, k, e)
	}
	if asked := s.service.asked.Load(); asked != 1 {
		t.Errorf("the key service was asked %d times, want once", asked)
	}
}

// Whatever rests in a row, it is a secret in clear, or refused; nothing but a text that was sealed for the row is opened.
func FuzzTexts(f *testing.F) {
	service := newKeyService(master)
	ring := &memory{}
	open := func(ctx context.Context, text paymux.Secret) (paymux.Key, error) {
		s := sealed.New(sealed.Config{Engine: oneKey{text: text}, Service: service, Wrapper: wrapper, Keyring: ring, Now: newClock().now, Log: quiet})
		defer s.Close()
		k, _, err := s.Key(ctx, "key_1")
		return k, err
	}
	s := sealed.New(sealed.Config{Engine: oneKey{}, Service: service, Wrapper: wrapper, Keyring: ring, Now: newClock().now, Log: quiet})
	if err := s.Rotate(f.Context()); err != nil {
		f.Fatal(err)
	}
	id := ring.keys[0].ID
	for _, text := range []string{"", "c2hhcmVk", "sealed:", "sealed:1:", "sealed:1:" + id + ":", "sealed:1:" + id + ":AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "sealed:1:other:AAAA"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		k, err := open(t.Context(), paymux.Secret(text))
		switch {
		case strings.HasPrefix(text, "sealed:") && (err == nil || k.Shared != ""):
			t.Errorf("%q was opened", text)
		case !strings.HasPrefix(text, "sealed:") && (err != nil || k.Shared != paymux.Secret(text)):
			t.Errorf("%q is %v, %v", text, k.Shared, err)
		}
	})
}
