package notify_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
)

// Attempts are counted by what became of them, and timed where an endpoint was asked.
func TestAttemptsAreCounted(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	good, bad := listen(t, status(204)), listen(t, status(500))
	h.deliver(h.endpoint(good.URL), 0)
	h.deliver(h.endpoint(good.URL), 0)
	h.deliver(h.endpoint(bad.URL), 0)
	off := h.endpoint(good.URL, func(e *paymux.Endpoint) { e.Status = paymux.EndpointDisabled })
	e, tasks := h.event()
	task := tasks[0]
	task.Ref, task.Lane = string(e.ID), string(off.ID)
	h.handle(task)
	task.Ref = "evt_none" // gone: it was kept long enough
	h.handle(task)
	c := h.Counts()
	want := map[string]int64{"delivered": 2, "failed": 1, "dead": 1, "dropped": 1, "postponed": 0}
	if diff := cmp.Diff(want, c.Attempts); diff != "" {
		t.Error(diff)
	}
	if c.Took.Number != 3 || c.Took.Sum <= 0 {
		t.Errorf("timed: %+v", c.Took)
	}
}
