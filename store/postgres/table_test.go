package postgres_test

import (
	"strings"
	"testing"
	"time"

	"github.com/paymux/paymux/store/postgres"
)

// Rows are written by the place of their columns: a table that somebody has changed is
// refused before anything is written into it.
func TestChangedTable(t *testing.T) {
	t.Parallel()
	url := shared.Database(t)
	rows[any](t, url, "ALTER TABLE operations ADD COLUMN note text")
	s, err := postgres.Open(t.Context(), postgres.Config{URL: url, Now: time.Now, Log: quiet()})
	if err == nil {
		s.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "operations") {
		t.Errorf("a store with a changed table was opened: %v", err)
	}
}
