package sealed_test

import (
	"testing"

	"github.com/paymux/paymux/store/sealed"
	"github.com/paymux/paymux/store/storetest"
)

// master is the key of a key service, 32 bytes.
const master = "a key of tests that is no secret"

// What every store has to be, it is sealed, too.
func TestStore(t *testing.T) {
	t.Parallel()
	for name, e := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.Run(t, func(t testing.TB, cfg storetest.Config) storetest.Store {
				engine := e.open(t, cfg)
				s := sealed.New(sealed.Config{Engine: engine, Service: newKeyService(master), Wrapper: wrapper, Region: "eu", Now: cfg.Now, Log: quiet})
				if had, err := engine.DataKeys(t.Context()); err != nil || len(had) == 0 {
					if err := s.Rotate(t.Context()); err != nil { // now, when the suite counts no commits yet
						t.Fatal(err)
					}
				}
				return s
			})
		})
	}
}
