package keys_test

import (
	"testing"

	"github.com/paymux/paymux/keys"
)

func TestWhatStateMayFollowWhat(t *testing.T) {
	t.Parallel()
	may := map[[2]keys.State]bool{
		{keys.Pending, keys.Active}: true, {keys.Pending, keys.Destroyed}: true,
		{keys.Active, keys.Retiring}: true,
		{keys.Retiring, keys.Active}: true, {keys.Retiring, keys.Destroyed}: true,
	}
	for _, from := range keys.States() {
		for _, to := range keys.States() {
			if got := from.CanBecome(to); got != may[[2]keys.State{from, to}] {
				t.Errorf("%s to %s: %t", from, to, got)
			}
		}
		if live := from == keys.Active || from == keys.Retiring; from.Live() != live {
			t.Errorf("%s is live: %t", from, from.Live())
		}
	}
}
