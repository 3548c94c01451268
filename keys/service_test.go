package keys_test

import (
	"testing"

	"github.com/paymux/paymux/keys"
	"github.com/paymux/paymux/keys/keystest"
)

func TestUser(t *testing.T) {
	t.Parallel()
	keystest.Run(t, func(t *testing.T) (*keys.Service, func(string) keystest.User) {
		s := newHouse(t).open(t)
		return s, func(caller string) keystest.User { return s.As(caller) }
	})
}
