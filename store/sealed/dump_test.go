package sealed_test

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/paymux/paymux"
)

// No secret is in any byte of what a store leaves on disk, as it is or in another form; not in the log of SQLite, either.
func TestNoSecretInADump(t *testing.T) {
	onBoth(t, func(t *testing.T, e engine) {
		s := newScene(t, e)
		secrets := s.busy()
		if live := e.dump(t, s.dir); len(live) < 1000 {
			t.Fatalf("a dump of %d bytes", len(live))
		} else {
			s.absent("while it is open", live, secrets)
		}
		s.stop()
		s.absent("when it is closed", e.dump(t, s.dir), secrets)
	})
}

// Rows of before are in clear until they have been sealed anew, and then nowhere any more.
func TestResealLeavesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, e engine) {
		s := newScene(t, e)
		var secrets []string
		for range 30 {
			k, endpoint := s.older()
			secrets = append(secrets, texts(k, endpoint)...)
		}
		s.stop()
		found, dump := 0, e.dump(t, s.dir)
		for _, secret := range secrets {
			if findsAny(dump, secret) {
				found++
			}
		}
		if found != len(secrets) {
			t.Errorf("the search finds %d of %d secrets that are there in clear", found, len(secrets))
		}
		s.start()
		s.pass()
		s.must(s.Scrub(t.Context()))
		s.absent("after Reseal", e.dump(t, s.dir), secrets)
		if list, err := s.Endpoints(t.Context(), s.merchant.ID); len(list) != 30 || err != nil {
			t.Errorf("%d endpoints, %v", len(list), err)
		}
		s.stop()
		s.absent("after Reseal, closed", e.dump(t, s.dir), secrets)
	})
}

// busy does everything that can be done with secrets and returns them.
func (s *scene) busy() (secrets []string) {
	s.t.Helper()
	ctx := s.t.Context()
	for range 10 {
		k, e := s.created()
		secrets = append(secrets, texts(k, e)...)
		e.Secrets = append([]paymux.SigningSecret{s.endpoint().Secrets[1]}, e.Secrets...)
		s.must(s.UpdateEndpoint(ctx, e, nil))
		s.must(s.SetFailing(ctx, e.ID, s.clock.now()))
		s.must(s.RevokeKey(ctx, k.Merchant, k.ID, s.clock.now(), nil))
		secrets = append(secrets, texts(k, e)...)
		s.must(s.Rotate(ctx))
	}
	_, err := s.Rewrap(ctx)
	s.must(err)
	s.pass()
	gone := s.endpoint()
	s.must(s.CreateEndpoint(ctx, gone, nil))
	s.must(s.DeleteEndpoint(ctx, gone.Merchant, gone.ID, nil))
	return append(secrets, texts(paymux.Key{}, gone)...)
}

func texts(k paymux.Key, e paymux.Endpoint) (all []string) {
	if k.Shared != "" {
		all = append(all, k.Shared.Reveal())
	}
	for _, secret := range e.Secrets {
		all = append(all, secret.Value.Reveal())
	}
	return all
}

func (s *scene) absent(when, dump string, secrets []string) {
	s.t.Helper()
	for i, secret := range secrets {
		if findsAny(dump, secret) {
			s.t.Errorf("%s the dump has secret %d of %d", when, i+1, len(secrets))
		}
	}
}

// findsAny reports whether a secret, or the bytes that it stands for, is in dump: as it is, in hexadecimal, or in base64.
func findsAny(dump, secret string) bool {
	secret = secret[strings.Index(secret, "_")+1:]
	forms := []string{secret}
	if raw, err := base64.StdEncoding.DecodeString(secret); err == nil {
		forms = append(forms, string(raw))
	}
	for _, form := range forms {
		for _, text := range append(inBase64(form), form, hex.EncodeToString([]byte(form)), strings.ToUpper(hex.EncodeToString([]byte(form)))) {
			if strings.Contains(dump, text) {
				return true
			}
		}
	}
	return false
}

// inBase64 is what is the same of a text in base64 wherever it begins and ends, in both alphabets.
func inBase64(text string) (all []string) {
	for shift := range 3 {
		whole := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + text))
		inner := whole[(shift*8+5)/6 : (shift+len(text))*8/6]
		all = append(all, inner, strings.NewReplacer("+", "-", "/", "_").Replace(inner))
	}
	return all
}

// The search finds what it is for.
func TestFindsAny(t *testing.T) {
	t.Parallel()
	const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	raw, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	for _, dump := range []string{
		secret, string(raw), hex.EncodeToString(raw), strings.ToUpper(hex.EncodeToString([]byte(secret))),
		base64.StdEncoding.EncodeToString([]byte("a" + secret + "bc")), base64.URLEncoding.EncodeToString(append([]byte("ab"), raw...)),
		base64.RawStdEncoding.EncodeToString([]byte(`{"value":"` + secret + `"}`)),
	} {
		if !findsAny("before "+dump+" behind", secret) {
			t.Errorf("not found in %q", dump)
		}
	}
	if findsAny(strings.Repeat("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSv", 3), secret) {
		t.Error("found where it is not")
	}
}
