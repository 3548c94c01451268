package sqlite_test

import (
	"path/filepath"
	"slices"
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

// However many tasks, events and attempts there are, each of these goes straight to the few it is
// about, and lists are read in their order.
func TestPlans(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "paymux.db")
	closeStore(t, openStore(t, sqlite.Config{Path: path}))
	wants := map[string]string{
		"due":                   "SEARCH tasks USING INDEX tasks_part (part=? AND (due_at,id)>(?,?) AND due_at<?); ",
		"parked":                "SEARCH tasks USING INDEX tasks_lane (part=? AND lane=? AND (due_at,id)>(?,?) AND due_at<?); ",
		"lanes":                 "SEARCH tasks USING COVERING INDEX tasks_lane (part=? AND lane>?); ",
		"park task":             "SEARCH tasks USING PRIMARY KEY (kind=? AND ref=? AND lane=?); ",
		"delete task":           "SEARCH tasks USING PRIMARY KEY (kind=? AND ref=? AND lane=?); ",
		"held":                  "SEARCH leases USING INTEGER PRIMARY KEY (rowid=?); ",
		"newest place":          "SEARCH events USING COVERING INDEX events_list (merchant>?); ",
		"siblings":              "SEARCH events USING INDEX events_object (object_id=?); ",
		"attempts":              "SEARCH a USING PRIMARY KEY (event=?); ",
		"attempts to one":       "SEARCH a USING PRIMARY KEY (event=? AND endpoint=?); ",
		"notified":              "SEARCH a USING PRIMARY KEY (event=?); ",
		"notifications":         "SEARCH events USING INDEX events_list (merchant=? AND seq<?); ",
		"one notification":      "SEARCH events USING INTEGER PRIMARY KEY (rowid=?); ",
		"logged":                "SEARCH attempts USING PRIMARY KEY (event=? AND endpoint=?); ",
		"waiting":               "SEARCH tasks USING PRIMARY KEY (kind=? AND ref=?); ",
		"buried":                "SEARCH buried USING INDEX buried_ref (ref=?); ",
		"replay":                "SEARCH events USING INDEX events_list (merchant=? AND seq>? AND seq<?); ",
		"failing":               "SEARCH endpoints USING INDEX endpoints_failing (failing_since>?); ",
		"changed":               "SEARCH api_keys USING INDEX api_keys_revision (revision>?); ",
		"changed merchants":     "SEARCH merchants USING INDEX sqlite_autoindex_merchants_1 (id=?); ",
		"changed keys":          "SEARCH api_keys USING INDEX api_keys_revision (revision>? AND revision<?); ",
		"changed endpoints":     "SEARCH endpoints USING INDEX endpoints_revision (revision>? AND revision<?); ",
		"deleted endpoints":     "SEARCH deleted_endpoints USING INTEGER PRIMARY KEY (rowid>? AND rowid<?); ",
		"same copy":             "SEARCH endpoints USING INDEX sqlite_autoindex_endpoints_1 (id=?); ",
		"copies that went":      "SEARCH endpoints USING INDEX endpoints_unseen (copy_of=?); ",
		"facts":                 "SEARCH facts USING INTEGER PRIMARY KEY (rowid>?); ",
		"fact":                  "SEARCH facts USING INTEGER PRIMARY KEY (rowid=?); ",
		"quota":                 "SEARCH quotas USING PRIMARY KEY (day=? AND account=? AND quota=? AND currency=?); ",
		"quotas":                "SEARCH quotas USING PRIMARY KEY (day=?); ",
		"prune quotas":          "SEARCH quotas USING PRIMARY KEY (day<?); ",
		"prune statistics":      "SEARCH statistics USING INTEGER PRIMARY KEY (rowid=?); ",
		"history":               "SEARCH payments USING INTEGER PRIMARY KEY (rowid>? AND rowid<?); ",
		"merchant's history":    "SEARCH payments USING INDEX payments_list (merchant=? AND rowid>? AND rowid<?); ",
		"statistics":            "SEARCH statistics USING INDEX statistics_all (every=? AND at>? AND at<?); ",
		"merchant's statistics": "SEARCH statistics USING INDEX statistics_merchant (merchant=? AND every=? AND at>? AND at<?); ",
		"prune events":          "SEARCH events USING INTEGER PRIMARY KEY (rowid=?); ",
		"prune attempts":        "SEARCH attempts USING PRIMARY KEY (event<?); ",
		"prune buried":          "SEARCH buried USING INTEGER PRIMARY KEY (rowid=?); ",
	}
	scans := []string{"prune events", "prune buried"} // as far as their limits
	inOrder := []string{"due", "parked", "attempts to one", "notifications", "logged", "replay", "failing", "prune buried", "history", "merchant's history"}
	for name, query := range sqlite.Plans {
		plan := explain(t, path, query)
		if want, ok := wants[name]; !ok || !strings.Contains(plan, want) {
			t.Errorf("%s: the plan is %q, want %q", name, plan, want)
		}
		if slices.Contains(inOrder, name) && strings.Contains(plan, "TEMP B-TREE") {
			t.Errorf("%s: what is found is sorted: %q", name, plan)
		}
		if table := scanned(plan); table != "" && !slices.Contains(scans, name) {
			t.Errorf("%s: all of %s is read: %q", name, table, plan)
		}
	}
}

// scanned is the first table of the schema that a plan reads all of.
func scanned(plan string) string {
	for _, table := range []string{"tasks", "events", "e", "attempts", "a", "buried", "endpoints", "merchants", "api_keys", "deleted_endpoints", "leases", "refunds", "disputes"} {
		if strings.Contains(plan, "SCAN "+table+";") || strings.Contains(plan, "SCAN "+table+" ") {
			return table
		}
	}
	return ""
}

func TestPlansOfEvents(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "paymux.db")
	closeStore(t, openStore(t, sqlite.Config{Path: path}))
	for want, filters := range map[string][]paymux.EventFilter{
		"SEARCH events USING INDEX events_list (merchant=? AND seq<?); ": {{}, {Type: paymux.RefundDone}},
		"SEARCH events USING INDEX events_list (merchant=? AND seq>?); ": {{Oldest: true}, {Oldest: true, Type: paymux.RefundDone}},
		// An object has few events: they are sorted.
		"SEARCH events USING INDEX events_object (object_id=?); USE TEMP B-TREE FOR ORDER BY; ": {{ObjectID: "x"}, {Oldest: true, ObjectID: "x"}},
	} {
		for _, f := range filters {
			if plan := explain(t, path, sqlite.SelectEvents(f)); plan != want {
				t.Errorf("%+v: the plan is %q, want %q", f, plan, want)
			}
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
