package sqlite_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/directory"
	"github.com/paymux/paymux/store/sqlite"
)

// What was there before copies were is told to who copies from the beginning, one change after the other; on the way down copies go,
// and what is this region's own stays.
func TestMigrateCopies(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "paymux.db")
	if err := sqlite.Migrate(path, 4); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{1, 2, 3} {
		do(t, path, fmt.Sprintf(`INSERT INTO merchants VALUES ('mer_%d', '{"id":"mer_%[1]d"}')`, n))
		do(t, path, fmt.Sprintf(`INSERT INTO api_keys (id, merchant, digest, shared, revoked_at, body) VALUES ('key_%d', 'mer_%[1]d', x'0%[1]d', '', 0, '{"id":"key_%[1]d","merchant":"mer_%[1]d","kind":"bearer"}')`, n))
	}
	do(t, path, `INSERT INTO endpoints (id, merchant, failing_since, secrets, body) VALUES ('we_1', 'mer_1', 5, '[]', '{"id":"we_1","status":"enabled","merchant":"mer_1"}')`)

	for range 2 {
		s := openStore(t, sqlite.Config{Path: path})
		var keys []paymux.KeyID
		merchants, endpoints, pages := map[paymux.MerchantID]bool{}, 0, 0
		for c := (directory.Changes{More: true}); c.More; pages++ {
			var err error
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
		closeStore(t, s)
		if err := sqlite.Migrate(path, 4); err != nil {
			t.Fatal(err)
		}
		left := column(t, path, "SELECT id FROM merchants UNION ALL SELECT id FROM api_keys UNION ALL SELECT id || failing_since FROM endpoints")
		if diff := cmp.Diff([]string{"mer_1", "mer_2", "mer_3", "key_1", "key_2", "key_3", "we_15"}, left); diff != "" {
			t.Errorf("left on the way down (-want +got):\n%s", diff)
		}
	}
}
