package sandbox_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/sandbox"
)

// rotated signs with the newest version of a key and believes every live one, as a key service does.
type rotated struct {
	channel.Keys // the newest
	older        channel.Keys
	down         error
}

func (r *rotated) Verify(ctx context.Context, option string, message, signature []byte) error {
	if r.down != nil {
		return r.down
	}
	if r.Keys.Verify(ctx, option, message, signature) == nil {
		return nil
	}
	return r.older.Verify(ctx, option, message, signature)
}

func fixed(t testing.TB, d *channel.Driver, options map[string]string) channel.Keys {
	t.Helper()
	keys, err := channel.FixedKeys(d, options)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// An account's own secret signs its notifications and judges them, the institution's does neither any more.
func TestAccountsOwnSecret(t *testing.T) {
	t.Parallel()
	d := newDesk(t, sandbox.Config{}, nil)
	driver := d.bank.Driver()
	version := func(text string) channel.Keys { return fixed(t, driver, map[string]string{"callback_secret": text}) }
	keys := &rotated{Keys: version("first"), older: version("first")}
	own, err := driver.Open(channel.Config{Account: "own", Options: map[string]string{"callback_secret": "held"}, Keys: keys, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	op := payOp(paymux.Card, card("4242424242424242"), 1250)
	if _, err := own.Do(t.Context(), op); err != nil {
		t.Fatal(err)
	}
	told := d.inbox.of(t, op.ID, 1)[0]
	told.Account = "own"
	for name, c := range map[string]struct {
		keys rotated
		want error
	}{
		"the version that signed":  {rotated{Keys: version("first"), older: version("first")}, nil},
		"rotated, still live":      {rotated{Keys: version("second"), older: version("first")}, nil},
		"rotated and ended":        {rotated{Keys: version("third"), older: version("second")}, channel.ErrForged},
		"no key":                   {rotated{down: channel.ErrNoKey}, channel.ErrForged},
		"no key service to ask it": {rotated{down: errDown}, errDown},
	} {
		*keys = c.keys
		if _, err := own.Callback(t.Context(), told); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if _, err := d.channel.Callback(t.Context(), told); !errors.Is(err, channel.ErrForged) {
		t.Errorf("signed with an account's secret, it is taken for the institution's: %v", err)
	}
	if _, err := driver.Open(channel.Config{Account: "x", Options: map[string]string{"callback_secret": "held"}}); err == nil {
		t.Error("opened an account that has a secret, without its keys")
	}
}

var errDown = errors.New("nobody answers")
