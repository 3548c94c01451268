package gateway_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/gateway"
	"github.com/paymux/paymux/internal/ref"
	"github.com/paymux/paymux/keys/keyuse"
)

// silent is a key service that died with the question: it never answers.
type silent struct{}

func (silent) wait(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }

func (s silent) KeyID(ctx context.Context, _ keyuse.Name) (string, error) { return "", s.wait(ctx) }
func (s silent) Sign(ctx context.Context, _ keyuse.Name, _ string, _ []byte) ([]byte, error) {
	return nil, s.wait(ctx)
}
func (s silent) Verify(ctx context.Context, _ keyuse.Name, _, _ []byte) error { return s.wait(ctx) }
func (s silent) Decrypt(ctx context.Context, _ keyuse.Name, _, _, _ []byte) ([]byte, error) {
	return nil, s.wait(ctx)
}
func (s silent) Reveal(ctx context.Context, _ keyuse.Name) (paymux.Secret, error) {
	return "", s.wait(ctx)
}

// A channel whose key service is silent hears so with most of its own time left, and can say that it has sent nothing.
func TestASilentKeyServiceIsGivenUpInTime(t *testing.T) {
	t.Parallel()
	for name, ask := range map[string]func(context.Context, channel.Keys) error{
		"key ID": func(ctx context.Context, k channel.Keys) error { _, err := k.KeyID(ctx, "key"); return err },
		"sign":   func(ctx context.Context, k channel.Keys) error { _, err := k.Sign(ctx, "key", "", nil); return err },
		"verify": func(ctx context.Context, k channel.Keys) error { return k.Verify(ctx, "key", nil, nil) },
		"decrypt": func(ctx context.Context, k channel.Keys) error {
			_, err := k.Decrypt(ctx, "key", channel.Sealed{})
			return err
		},
		"reveal": func(ctx context.Context, k channel.Keys) error { _, err := k.Reveal(ctx, "key"); return err },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				keys := keysOf(t, silent{})
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				defer cancel()
				from := time.Now()
				err := ask(ctx, keys)
				if took := time.Since(from); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, channel.ErrForged) || took > 10*time.Second || ctx.Err() != nil {
					t.Errorf("%v after %s", err, took)
				}
			})
		})
	}
}

// keysOf are the keys that an account gets whose key is in a key service.
func keysOf(t *testing.T, service gateway.KeyService) (got channel.Keys) {
	t.Helper()
	driver := &channel.Driver{
		Name: "bank", TimeLimit: 20 * time.Second, Options: []channel.Option{{Name: "key", Secret: true, Kind: channel.KeyOpaque}},
		Open: func(c channel.Config) (channel.Channel, error) { got = c.Keys; return nil, nil },
	}
	_, err := gateway.Open(driver, gateway.Settings{Name: "main", Options: map[string]ref.Ref{"key": "key:main"}},
		gateway.Tools{Env: func(string) string { return "" }, Keys: service, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return got
}
