package access_test

import (
	"strings"
	"testing"
	"time"

	"github.com/paymux/paymux"
)

// Where nothing happens for as long as events are kept, a reader's last event of that region is gone at last. One who has followed
// in the meantime, as a later event of another region tells, goes on.
func TestAQuietRegionLeavesReadersTheirPlace(t *testing.T) {
	t.Parallel()
	a := newAbroad(t)
	here := a.happen(paymux.PaymentSucceeded)
	long := func() time.Time { return frontTime.Add(-91 * 24 * time.Hour) }
	dropped := paymux.NewIDs([]byte("a key of sixteen"), 2, long).New(paymux.PrefixEvent)
	there := a.far.happen(paymux.RefundDone)
	if ids, next := a.data(t, "/v1/events?order=oldest_first&cursor="+here+","+dropped); strings.Join(ids, ",") != there || next != here+","+there {
		t.Errorf("%v, next %s", ids, next)
	}
	alone := paymux.NewIDs([]byte("a key of sixteen"), 1, long).New(paymux.PrefixEvent)
	for _, cursor := range []string{dropped, alone + "," + dropped, here + "," + a.far.ids.New(paymux.PrefixEvent)} {
		a.wantProblem(t, a.ask(t, "GET", "/v1/events?order=oldest_first&cursor="+cursor, ""), paymux.NotFound)
		a.wantProblem(t, a.ask(t, "GET", "/v1/events/stream?last_event_id="+cursor, ""), paymux.NotFound)
	}
}
