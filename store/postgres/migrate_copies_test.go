package postgres_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/directory"
	"github.com/paymux/paymux/store/postgres"
)

// What was there before copies were is told to who copies from the beginning, one change after the other; on the way down copies go,
// and what is this region's own stays.
func TestMigrateCopies(t *testing.T) {
	t.Parallel()
	url := shared.Empty(t)
	migrate(t, url, 4)
	script(t, url, `
		INSERT INTO merchants SELECT 'mer_' || n, json_build_object('id', 'mer_' || n) FROM generate_series(1, 3) n;
		INSERT INTO api_keys (id, merchant, kind, digest, shared, detail)
			SELECT 'key_' || n, 'mer_' || n, 'bearer', decode('0' || n, 'hex'), '', '{}' FROM generate_series(1, 3) n;
		INSERT INTO endpoints (id, merchant, status, secrets, detail) VALUES ('we_1', 'mer_1', 'enabled', '[]', '{}');`)

	for range 2 {
		s, err := postgres.Open(t.Context(), postgres.Config{URL: url, Now: time.Now, Log: quiet()})
		if err != nil {
			t.Fatal(err)
		}
		var keys []paymux.KeyID
		merchants, endpoints, pages := map[paymux.MerchantID]bool{}, 0, 0
		for c := (directory.Changes{More: true}); c.More; pages++ {
			if c, err = s.Changes(t.Context(), c.UpTo, 1); err != nil {
				t.Fatal(err)
			}
			for _, m := range c.Merchants {
				merchants[m.ID] = true
			}
			for _, k := range c.Keys {
				keys = append(keys, k.ID)
			}
			endpoints += len(c.Endpoints)
		}
		if diff := cmp.Diff([]paymux.KeyID{"key_1", "key_2", "key_3"}, keys); diff != "" || len(merchants) != 3 || endpoints != 1 || pages != 7 {
			t.Errorf("%d merchants, %d endpoints in %d pages; keys (-want +got):\n%s", len(merchants), endpoints, pages, diff)
		}
		c := directory.Changes{Anew: true, UpTo: 9, Merchants: []paymux.Merchant{{ID: "mer_9"}}, Keys: []paymux.Key{{ID: "key_9", Merchant: "mer_9", Kind: paymux.KeyBearer, Digest: []byte{9}}}}
		if ok, err := s.TakeCopies(t.Context(), 9, 0, c); err != nil || !ok {
			t.Fatal(ok, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		migrate(t, url, 4)
		left := rows[string](t, url, "SELECT id FROM merchants UNION ALL SELECT id FROM api_keys UNION ALL SELECT id FROM endpoints")
		if diff := cmp.Diff([]string{"mer_1", "mer_2", "mer_3", "key_1", "key_2", "key_3", "we_1"}, left); diff != "" {
			t.Errorf("left on the way down (-want +got):\n%s", diff)
		}
	}
}
