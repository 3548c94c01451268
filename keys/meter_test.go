package keys_test

import (
	"testing"

	"github.com/paymux/paymux/internal/keyring"
)

// Uses are counted by what came of them, refusals among them; what is public is looked at for free.
func TestUsesAreCounted(t *testing.T) {
	t.Parallel()
	s := newHouse(t).open(t)
	made(t, s, "signing", keyring.HMAC)
	u, stranger := s.As("gateway"), s.As("nobody")
	var mac []byte
	for range 3 {
		var err error
		if mac, err = u.Sign(t.Context(), "signing", "", []byte("text")); err != nil {
			t.Fatal(err)
		}
	}
	_ = u.Verify(t.Context(), "signing", []byte("text"), mac)
	_ = u.Verify(t.Context(), "signing", []byte("another"), mac)
	_, _ = stranger.Sign(t.Context(), "signing", "", []byte("text"))
	_, _ = u.Sign(t.Context(), "no-such-key", "", nil)
	_, _ = u.KeyID(t.Context(), "signing")
	_, _ = stranger.KeyID(t.Context(), "signing")
	got := map[string]int64{}
	for _, c := range s.UseCounts() {
		var n int64
		for outcome, times := range c.Outcomes {
			n += times
			if times > 0 {
				got[string(c.Use)+" "+outcome] = times
			}
		}
		if uint64(n) != c.Took.Number {
			t.Errorf("%s: %d outcomes, %d times", c.Use, n, c.Took.Number)
		}
	}
	for what, want := range map[string]int64{
		"sign ok": 3, "verify ok": 1, "verify wrong": 1, "sign forbidden": 1, "sign no_key": 1, "look forbidden": 1,
	} {
		if got[what] != want {
			t.Errorf("%s: %d, want %d", what, got[what], want)
		}
		delete(got, what)
	}
	if len(got) > 0 {
		t.Errorf("counted as well: %v", got)
	}
	if err := s.Ready(t.Context()); err != nil {
		t.Errorf("the service is not ready: %v", err)
	}
}
