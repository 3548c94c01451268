package access_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access"
)

// abroad is a front door over two regions: the second one's book is behind it, too. asked has for which IDs answers were looked up.
type abroad struct {
	*front
	far  *front // what happens in region 2, through its own door
	mu   sync.Mutex
	seen []string
}

func newAbroad(t *testing.T) *abroad {
	t.Helper()
	if *overWire || *overRegions > 0 {
		t.Skip("it has regions of its own")
	}
	a := &abroad{far: newFront(t)}
	a.far.ids = paymux.NewIDs([]byte("a key of sixteen"), 2, func() time.Time { return frontTime })
	a.front = newFront(t, func(c *access.Config) {
		putRegions(t, c, map[string]*book{"region-2": a.far.book})
		of := c.AnswersOf
		c.AnswersOf = func(id string) access.Answers {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.seen = append(a.seen, id)
			return of(id)
		}
	})
	return a
}

// data is the IDs of a list, and where to go on.
func (a *abroad) data(t *testing.T, query string) (ids []string, next string) {
	t.Helper()
	got := a.ask(t, "GET", query, "")
	var list struct {
		Data []struct{ ID string }
		Next string `json:"next_cursor"`
	}
	if err := json.Unmarshal([]byte(got.body), &list); err != nil || got.status != 200 {
		t.Fatalf("%s: %d %s", query, got.status, got.body)
	}
	for _, d := range list.Data {
		ids = append(ids, d.ID)
	}
	return ids, list.Next
}

// Cursors of lists that each region has in an order of its own pass the door: one ID of each region, each checked.
func TestPositionsPassTheDoor(t *testing.T) {
	t.Parallel()
	a := newAbroad(t)
	var all []string
	for i := range 5 {
		door := []*front{a.front, a.far}[i%2]
		all = append(all, door.happen(paymux.PaymentSucceeded))
	}
	slices.Sort(all)
	for _, order := range []string{"oldest_first", "newest_first"} {
		var got []string
		cursor := ""
		for range 4 {
			ids, next := a.data(t, "/v1/events?limit=2&order="+order+cursor)
			got = append(got, ids...)
			if cursor = "&cursor=" + next; next == "" {
				break
			}
		}
		if order == "newest_first" {
			slices.Reverse(got)
		}
		if !slices.Equal(got, all) {
			t.Errorf("%s: %v, want %v", order, got, all)
		}
	}
	here, there := all[0], all[1]
	for query, code := range map[string]paymux.Code{
		here + "," + there[:len(there)-1] + "x": paymux.InvalidID,
		here + "," + here:                       paymux.InvalidID,
		here + ",":                              paymux.InvalidID,
		"," + here:                              paymux.InvalidID,
		here + "," + a.far.ids.New(paymux.PrefixPayment): paymux.InvalidID,
		here + "," + a.far.ids.New(paymux.PrefixEvent):   paymux.NotFound,
		strings.Repeat("x", 5000):                        paymux.InvalidRequest,
	} {
		a.wantProblem(t, a.ask(t, "GET", "/v1/events?order=oldest_first&cursor="+query, ""), code)
		if code == paymux.InvalidID {
			a.wantProblem(t, a.ask(t, "GET", "/v1/events/stream?last_event_id="+query, ""), code)
			a.wantProblem(t, a.ask(t, "GET", "/v1/events/stream", "", "Last-Event-ID", query), code)
		}
	}
	// A region that has gone leaves its ID in readers' positions.
	gone := paymux.NewIDs([]byte("a key of sixteen"), 9, time.Now).New(paymux.PrefixEvent)
	if ids, next := a.data(t, "/v1/events?order=oldest_first&cursor="+here+","+gone); len(ids) != len(all)-1 || !strings.Contains(next, gone) {
		t.Errorf("%v, next %s", ids, next)
	}
}

// A stream's ids are positions, so that a reader who comes back misses nothing and gets nothing twice.
func TestAStreamOverRegions(t *testing.T) {
	t.Parallel()
	inTime(t, func(t *testing.T) {
		a := newAbroad(t)
		here, there := a.happen(paymux.PaymentSucceeded), a.far.happen(paymux.PaymentSucceeded)
		r, leave, ended := a.follow(t, "", "")
		if got := r.text(); got != greeting(here+","+there) {
			t.Errorf("greeted by %q", got)
		}
		next := a.far.happen(paymux.RefundDone)
		time.Sleep(time.Second)
		if got := r.text(); got != strings.Replace(frame(next, paymux.RefundDone), "id: "+next, "id: "+here+","+next, 1) {
			t.Errorf("%q", got)
		}
		leave()
		<-ended
		last := a.happen(paymux.RefundDone)
		r, leave, ended = a.follow(t, "", here+","+next)
		if got := r.text(); got != greeting(here+","+next)+strings.Replace(frame(last, paymux.RefundDone), "id: "+last, "id: "+last+","+next, 1) {
			t.Errorf("%q", got)
		}
		leave()
		<-ended
	})
}

// What belongs to a merchant has an ID of the merchant's home, and its answers are looked for there.
func TestWhatAMerchantHasIsOfItsHome(t *testing.T) {
	t.Parallel()
	a := newAbroad(t)
	home := paymux.MerchantID(a.far.ids.New(paymux.PrefixMerchant))
	a.gate.merchant.ID = home
	a.far.book.merchants = []paymux.Merchant{{ID: home}}
	post := func(path, body string) string {
		t.Helper()
		got := a.ask(t, "POST", path, body, "Idempotency-Key", path)
		if got.status != 201 && got.status != 200 {
			t.Fatalf("%s: %d %s", path, got.status, got.body)
		}
		id := got.member(t, "id").(string)
		if region, _ := paymux.RegionOf(id); region != 2 || a.far.ids.Check(id[:strings.IndexByte(id, '_')+1], id) != nil {
			t.Errorf("%s: %s is of region %d", path, id, region)
		}
		return id
	}
	link := post("/v1/payment_links", `{"amount":1250,"currency":"CNY","merchant_order_id":"A-1"}`)
	post("/v1/payment_links/"+link+"/cancel", "")
	post("/v1/api_keys", `{"kind":"hmac-sha256"}`)
	endpoint := post("/v1/webhook_endpoints", `{"url":"https://shop.example/w"}`)
	replays := "/v1/webhook_endpoints/" + endpoint + "/replays"
	a.far.book.endpoints[0].Status = paymux.EndpointEnabled
	a.book.endpoints = slices.Clone(a.far.book.endpoints) // a copy
	replay := post(replays, `{"from":"2026-11-20T00:00:00Z"}`)
	if len(a.far.book.answers) != 5 || len(a.book.answers) != 0 {
		t.Errorf("%d answers at home, %d elsewhere", len(a.far.book.answers), len(a.book.answers))
	}
	want := []string{string(home), link, string(home), string(home), string(home)}
	if !slices.Equal(a.seen, want) {
		t.Errorf("looked for answers of %v, want %v", a.seen, want)
	}
	// A repeat completes what was begun in some regions only.
	a.book.replays = nil
	if again := post(replays, `{"from":"2026-11-20T00:00:00Z"}`); again != replay || len(a.book.replays) != 1 || len(a.far.book.replays) != 1 {
		t.Errorf("repeated: %s, %d replays here and %d at home", again, len(a.book.replays), len(a.far.book.replays))
	}
}

// A batch is looked for where its payments are; while a region is away, the others' items are carried out all the same.
func TestABatchOverRegions(t *testing.T) {
	t.Parallel()
	a := newAbroad(t)
	far, near := a.far.ids.New(paymux.PrefixPayment), a.ids.New(paymux.PrefixPayment)
	body := fmt.Sprintf(`{"items":[{"service":"capture","payment":%q},{"service":"refund","request":{"payment":%q}},{"service":"cancel","payment":%q}]}`, far, near, far)
	if got := a.ask(t, "POST", "/v1/batches", body); got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	slices.Sort(a.seen)
	want := []string{far, far, near}
	slices.Sort(want)
	if !slices.Equal(a.seen, want) {
		t.Errorf("looked for answers of %v, want %v", a.seen, want)
	}
	away := paymux.Errorf(paymux.Unavailable, "No node is there.")
	some := newFront(t, func(c *access.Config) {
		c.AnswersOf = func(id string) access.Answers {
			if id == far {
				return refusing{away}
			}
			return c.Answers
		}
	})
	if got := some.ask(t, "POST", "/v1/batches", body); got.status != 200 {
		t.Errorf("one region is away: %d %s", got.status, got.body)
	}
	// New payments may have gone anywhere. While somebody may have one that nobody else has, their room finds out.
	partly := newFront(t, func(c *access.Config) { c.Answers = refusing{fmt.Errorf("%w: %w", access.ErrSomeAway, away)} })
	if got := partly.ask(t, "POST", "/v1/batches", `{"items":[{"service":"pay","request":`+goodPayment+`}]}`); got.status != 200 || !strings.Contains(got.body, `"status":201`) {
		t.Errorf("one region is away: %d %s", got.status, got.body)
	}
	none := newFront(t, func(c *access.Config) { c.Answers = refusing{away} })
	none.wantProblem(t, none.ask(t, "POST", "/v1/batches", body), paymux.Unavailable)
}

// refusing answers nothing.
type refusing struct{ err error }

func (r refusing) Idempotency(context.Context, paymux.MerchantID, string) (paymux.Idempotency, error) {
	return paymux.Idempotency{}, r.err
}
