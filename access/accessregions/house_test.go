package accessregions_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access/accessregions"
	"github.com/paymux/paymux/access/accessrpc"
	"github.com/paymux/paymux/internal/rpc"
	"github.com/paymux/paymux/internal/wire"
	"github.com/paymux/paymux/relay"
)

var (
	noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	key  = []byte("only for tests, no secret")
)

// house is regions 1 to n, named r1 to rn, of which the frontend's own is r1.
type house struct {
	*accessregions.Regions
	rooms map[string]*room
	mints map[paymux.Region]*paymux.IDs
	now   time.Time // as the relay's circuits see it
}

// still are regions that stay as they are.
type still []relay.Region

func (s still) Regions() []relay.Region { return s }
func (still) Changed() <-chan struct{}  { return nil }
func (still) Stale() (time.Time, bool)  { return time.Time{}, false }

func newHouse(t testing.TB, n int) *house {
	t.Helper()
	h := &house{rooms: map[string]*room{}, mints: map[paymux.Region]*paymux.IDs{}, now: noon}
	var all []relay.Region
	for i := range n {
		number := paymux.Region(i + 1)
		name := fmt.Sprintf("r%d", number)
		h.rooms[name] = &room{number: number, answers: map[string]paymux.Idempotency{}, replays: map[paymux.ReplayID]paymux.Replay{}}
		all = append(all, relay.Region{Number: number, Name: name, Weight: 1})
	}
	for number := range paymux.Region(10) {
		h.mints[number] = paymux.NewIDs(key, number, func() time.Time { return noon })
	}
	r, err := relay.Open(relay.Config{Directory: still(all), Now: func() time.Time { return h.now }})
	if err != nil {
		t.Fatal(err)
	}
	h.Regions = accessregions.New(r, func(name string) (accessrpc.Node, error) { return h.rooms[name].node(), nil }, "r1")
	return h
}

// id is one that a region has issued.
func (h *house) id(region paymux.Region, prefix string) string { return h.mints[region].New(prefix) }

func (h *house) merchant(region paymux.Region) paymux.MerchantID {
	return paymux.MerchantID(h.id(region, paymux.PrefixMerchant))
}

// away has a region not answer at all, as if no node of it were there.
func (h *house) away(name string) {
	e := paymux.Errorf(paymux.Unavailable, "No node takes the request just now.").Because(rpc.ErrNotTaken)
	e.RetryAfter = 1
	h.rooms[name].fault = func(string) error { return e }
}

// lost has a region's answers to a kind of question be lost on the way.
func (h *house) lost(name, what string) {
	h.rooms[name].fault = func(asked string) error {
		if asked == what {
			return paymux.Errorf(paymux.OutcomeUnknown, "Its answer was lost.").Because(wire.ErrLost)
		}
		return nil
	}
}

// back has a region answer again, some time later.
func (h *house) back(name string) { h.rooms[name].fault, h.now = nil, h.now.Add(time.Minute) }

// heard tells which regions were asked since the last time, in the order of their names, each with how often.
func (h *house) heard() map[string][]string {
	all := map[string][]string{}
	for name, r := range h.rooms {
		r.mu.Lock()
		if len(r.heard) > 0 {
			all[name] = slices.Clone(r.heard)
			r.heard = nil
		}
		r.mu.Unlock()
	}
	return all
}

// names are those of the regions, in their order.
func (h *house) names() []string {
	var all []string
	for name := range h.rooms {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

var ctx = context.Background
