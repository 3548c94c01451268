package sqlite_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	driver "zombiezen.com/go/sqlite"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/store/sqlite"
)

// An order's payments are found by the order, lists are read in their order: no
// filter reads a whole merchant, or sorts one.
func TestPlansOfLists(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "paymux.db")
	closeStore(t, openStore(t, sqlite.Config{Path: path}))
	for want, filter := range map[string]paymux.PaymentFilter{
		"payments_order (merchant=? AND merchant_order_id=?)": {Status: paymux.Created, CreatedTo: time.Now(), MerchantOrderID: "order"},
		"payments_list (merchant=? AND rowid<?)":              {Status: paymux.Created, CreatedFrom: time.Now()},
	} {
		if plan := explain(t, path, sqlite.SelectPayments(filter)); !strings.Contains(plan, want) {
			t.Errorf("the plan is %q, want a search by %s", plan, want)
		}
	}
}

func explain(t *testing.T, path, query string) (plan string) {
	t.Helper()
	conn, err := driver.OpenConn(path, driver.OpenReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	stmt, _, err := conn.PrepareTransient("EXPLAIN QUERY PLAN " + query)
	if err != nil {
		t.Fatal(err)
	}
	defer stmt.Finalize()
	for {
		more, err := stmt.Step()
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			return plan
		}
		plan += stmt.ColumnText(3) + "; "
	}
}
