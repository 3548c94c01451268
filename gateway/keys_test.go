package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/gateway"
	"github.com/paymux/paymux/internal/keyring"
	"github.com/paymux/paymux/internal/ref"
	"github.com/paymux/paymux/keys/keyuse"
)

// service is a key service that says which key it was asked for.
type service struct{ fails error }

func (s service) KeyID(_ context.Context, key keyuse.Name) (string, error) {
	return "id of " + string(key), s.fails
}
func (s service) Sign(_ context.Context, key keyuse.Name, keyID string, _ []byte) ([]byte, error) {
	return fmt.Appendf(nil, "signed with %s %s", key, keyID), s.fails
}
func (s service) Verify(context.Context, keyuse.Name, []byte, []byte) error { return s.fails }
func (s service) Decrypt(_ context.Context, key keyuse.Name, _, _, _ []byte) ([]byte, error) {
	return []byte("opened with " + key), s.fails
}
func (s service) Reveal(_ context.Context, key keyuse.Name) (paymux.Secret, error) {
	return paymux.Secret("of " + key), s.fails
}

// vaulted is a driver whose account shows the configuration it was opened with.
func vaulted(seen *channel.Config) *channel.Driver {
	return &channel.Driver{
		Name: "bank", Title: "Bank", TimeLimit: time.Second, Methods: []paymux.MethodType{paymux.Card},
		Options: []channel.Option{
			{Name: "key", Help: "h", Secret: true, Kind: channel.KeyHMAC, Required: true},
			{Name: "other", Help: "h", Secret: true, Kind: channel.KeyHMAC, Check: func(text string) error {
				if text == "bad" {
					return errors.New("option \"other\" is of another form")
				}
				return nil
			}},
			{Name: "plain", Help: "h"},
		},
		Open: func(c channel.Config) (channel.Channel, error) { *seen = c; return nil, nil },
	}
}

func open(t *testing.T, seen *channel.Config, s gateway.KeyService, options map[string]ref.Ref) error {
	t.Helper()
	_, err := gateway.Open(vaulted(seen), gateway.Settings{Name: "main", Options: options}, gateway.Tools{
		Env: func(string) string { return "" }, Keys: s, Log: slog.New(slog.DiscardHandler), Now: time.Now,
	})
	return err
}

func TestAChannelSeesNoKey(t *testing.T) {
	t.Parallel()
	var seen channel.Config
	if err := open(t, &seen, service{}, map[string]ref.Ref{"key": "key:in-the-service", "other": "spelt out", "plain": "seen"}); err != nil {
		t.Fatal(err)
	}
	for option, text := range seen.Options {
		if option != "plain" && text != "(key)" {
			t.Errorf("the channel sees %s: %q", option, text)
		}
	}
	if got, err := seen.Keys.Sign(t.Context(), "key", "k1", nil); err != nil || string(got) != "signed with in-the-service k1" {
		t.Errorf("a key in the service: %q, %v", got, err)
	}
	if id, err := seen.Keys.KeyID(t.Context(), "key"); err != nil || id != "id of in-the-service" {
		t.Errorf("its ID: %q, %v", id, err)
	}
	message := []byte("message")
	signature, err := seen.Keys.Sign(t.Context(), "other", "", message)
	if err != nil || seen.Keys.Verify(t.Context(), "other", message, signature) != nil {
		t.Errorf("a key that is spelt out: %v", err)
	}
	if err := seen.Keys.Verify(t.Context(), "other", message, []byte("no")); !errors.Is(err, channel.ErrForged) {
		t.Errorf("a wrong signature: %v", err)
	}
	if _, err := seen.Keys.Reveal(t.Context(), "plain"); !errors.Is(err, channel.ErrNoKey) {
		t.Errorf("an option that is no key: %v", err)
	}
}

func TestErrorsOfTheKeyServiceAreChannels(t *testing.T) {
	t.Parallel()
	away := errors.New("nobody answers")
	for from, want := range map[error]error{keyring.ErrWrong: channel.ErrForged, keyuse.ErrNoKey: channel.ErrNoKey, away: away} {
		var seen channel.Config
		if err := open(t, &seen, service{fails: from}, map[string]ref.Ref{"key": "key:k"}); err != nil {
			t.Fatal(err)
		}
		_, decrypt := seen.Keys.Decrypt(t.Context(), "key", channel.Sealed{})
		for _, err := range []error{seen.Keys.Verify(t.Context(), "key", nil, nil), decrypt} {
			if !errors.Is(err, want) || want != channel.ErrForged && errors.Is(err, channel.ErrForged) {
				t.Errorf("%v came as %v, want %v", from, err, want)
			}
		}
	}
}

func TestAccountsThatCannotBeOpened(t *testing.T) {
	t.Parallel()
	var seen channel.Config
	for name, c := range map[string]struct {
		service gateway.KeyService
		options map[string]ref.Ref
	}{
		"no key service":   {nil, map[string]ref.Ref{"key": "key:k"}},
		"a key of no form": {service{}, map[string]ref.Ref{"key": "k", "other": "bad"}},
		"a key is missing": {service{}, map[string]ref.Ref{"other": "k"}},
		"not a key at all": {service{}, map[string]ref.Ref{"key": "k", "plain": "key:k"}},
		"nobody's option":  {service{}, map[string]ref.Ref{"key": "k", "else": "x"}},
		"nothing to read":  {service{}, map[string]ref.Ref{"key": "env:NOBODY"}},
	} {
		if err := open(t, &seen, c.service, c.options); err == nil {
			t.Errorf("%s: it is opened", name)
		}
	}
}
