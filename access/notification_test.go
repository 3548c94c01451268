package access_test

import (
	"testing"

	"github.com/paymux/paymux"
)

// A page without notifications is not the end of the list when the search ended before it did.
func TestNotificationsGoOnBehindAnEmptyPage(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	furnish(f)
	f.book.idle = paymux.EventID(f.ids.New(paymux.PrefixEvent))
	path := "/v1/webhook_endpoints/" + string(f.book.endpoints[0].ID) + "/notifications?limit=1"
	want := `{"object":"list","data":[],"has_more":true,"next_cursor":"` + string(f.book.idle) + `"}`
	if got := f.ask(t, "GET", path, ""); got.status != 200 || got.body != want {
		t.Errorf("%d %s\nwant %s", got.status, got.body, want)
	}
	got := f.ask(t, "GET", path+"&cursor="+string(f.book.idle), "")
	if data := got.member(t, "data").([]any); len(data) != 1 || got.member(t, "has_more") != false || got.member(t, "next_cursor") != nil {
		t.Errorf("%d %s", got.status, got.body)
	}
}
