package accessregions_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
)

// replaying is a replay of a merchant at home in region 2, where and in whose copies the endpoint is enabled.
func replaying(t *testing.T) (*house, paymux.Replay, *paymux.Idempotency) {
	h := newHouse(t, 3)
	m := h.merchant(2)
	for _, r := range h.rooms {
		r.endpoints = []paymux.Endpoint{{ID: "we_1", Merchant: m, Status: paymux.EndpointEnabled}}
	}
	r := paymux.Replay{ID: paymux.ReplayID(h.id(2, paymux.PrefixReplay)), Merchant: m, Endpoint: "we_1", Status: paymux.ReplayRunning, Total: 6}
	return h, r, &paymux.Idempotency{Merchant: m, Key: "k", Object: string(r.ID)}
}

// begun are the regions in which a replay is.
func (h *house) begun(id paymux.ReplayID) (names []string) {
	for _, name := range h.names() {
		if _, ok := h.rooms[name].replays[id]; ok {
			names = append(names, name)
		}
	}
	return names
}

// repeat is what the front door does: a new key starts the replay with its record, a kept one starts it once more without.
func repeat(h *house, r paymux.Replay, i *paymux.Idempotency) error {
	_, err := h.AnswersOf(string(r.Merchant)).Idempotency(ctx(), r.Merchant, i.Key)
	switch {
	case err == nil:
		return h.StartReplay(ctx(), r, nil)
	case errors.Is(err, paymux.NotFound):
		return h.StartReplay(ctx(), r, i)
	}
	return err
}

// Whichever region is away or breaks off: a repeat completes the replay, everywhere, once, and under its first ID.
func TestAReplayBeginsEverywhere(t *testing.T) {
	t.Parallel()
	for _, broken := range []string{"r1", "r2", "r3"} {
		for what, fault := range map[string]func(h *house){
			"away":               func(h *house) { h.away(broken) },
			"lost before effect": func(h *house) { h.lost(broken, "StartReplay") },
		} {
			t.Run(broken+" "+what, func(t *testing.T) {
				t.Parallel()
				h, r, i := replaying(t)
				fault(h)
				if err := repeat(h, r, i); err == nil || broken != "r2" && !errors.Is(err, paymux.Unavailable) {
					t.Errorf("%v", err)
				}
				want := map[string]string{"r1": "[r2 r3]", "r2": "[]", "r3": "[r1 r2]"}[broken]
				if got := fmt.Sprint(h.begun(r.ID)); got != want {
					t.Errorf("begun in %s, want %s", got, want)
				}
				if _, kept := h.rooms["r2"].answers["k"]; kept != (broken != "r2") || len(h.rooms["r1"].answers)+len(h.rooms["r3"].answers) > 0 {
					t.Errorf("the record is kept: %t", kept)
				}
				h.back(broken)
				for range 2 {
					if err := repeat(h, r, i); err != nil {
						t.Error(err)
					}
				}
				if got := h.begun(r.ID); len(got) != 3 {
					t.Errorf("begun in %v", got)
				}
			})
		}
	}
}

// A region whose copy of the endpoint is not there yet is waited for; nothing is begun for an endpoint that is gone, and for a
// replay that was canceled.
func TestAReplayAndItsEndpoint(t *testing.T) {
	t.Parallel()
	missing := func(h *house) {
		h.rooms["r3"].fault = func(what string) error {
			if what == "StartReplay" {
				return paymux.Errorf(paymux.NotFound, "There is no endpoint.")
			}
			return nil
		}
	}
	h, r, i := replaying(t)
	missing(h)
	wantAway(t, "not copied yet", repeat(h, r, i))
	h.rooms["r2"].endpoints[0].Status = paymux.EndpointPull
	if err := repeat(h, r, i); err != nil {
		t.Errorf("the endpoint is pulled: %v", err)
	}
	h.rooms["r2"].endpoints = nil
	if err := repeat(h, r, i); err != nil {
		t.Errorf("the endpoint is gone: %v", err)
	}

	h, r, i = replaying(t)
	h.away("r3")
	wantAway(t, "a region is away", repeat(h, r, i))
	for id, q := range h.rooms["r2"].replays {
		q.Status = paymux.ReplayCanceled
		h.rooms["r2"].replays[id] = q
	}
	h.back("r3")
	if err := repeat(h, r, i); err != nil || len(h.rooms["r3"].replays) > 0 {
		t.Errorf("it was canceled: %v, begun in %v", err, h.begun(r.ID))
	}
}

func TestAReplayIsOne(t *testing.T) {
	t.Parallel()
	const running, finished, canceled = paymux.ReplayRunning, paymux.ReplayFinished, paymux.ReplayCanceled
	part := func(status paymux.ReplayStatus, queued, day int) paymux.Replay {
		q := paymux.Replay{ID: "rpl_1", Status: status, Total: 9, Queued: queued}
		if status != running {
			q.FinishedAt = noon.AddDate(0, 0, day)
		}
		if status == canceled {
			q.Reason = "it was so"
		}
		return q
	}
	for name, x := range map[string]struct {
		parts []paymux.Replay
		want  paymux.Replay
	}{
		"all run":                {[]paymux.Replay{part(running, 1, 0), part(running, 2, 0), part(running, 3, 0)}, part(running, 6, 0)},
		"one runs":               {[]paymux.Replay{part(finished, 1, 1), part(canceled, 2, 2), part(running, 3, 0)}, part(running, 6, 0)},
		"the first runs":         {[]paymux.Replay{part(running, 1, 0), part(canceled, 2, 2), part(finished, 3, 3)}, part(running, 6, 0)},
		"all finished":           {[]paymux.Replay{part(finished, 1, 1), part(finished, 2, 3), part(finished, 3, 2)}, part(finished, 6, 3)},
		"one was canceled":       {[]paymux.Replay{part(finished, 1, 5), part(canceled, 2, 3), part(finished, 3, 2)}, part(canceled, 6, 5)},
		"not begun in the first": {[]paymux.Replay{{}, part(finished, 2, 3), part(finished, 3, 2)}, part(finished, 5, 3)},
		"begun in one":           {[]paymux.Replay{{}, part(canceled, 2, 3), {}}, part(canceled, 2, 3)},
	} {
		h := newHouse(t, 3)
		for i, q := range x.parts {
			if q.ID != "" {
				h.rooms[h.names()[i]].replays[q.ID] = q
			}
		}
		got, err := h.Replay(ctx(), "", "rpl_1")
		if diff := cmp.Diff(x.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
		if _, err := h.Replay(ctx(), "", "rpl_2"); !errors.Is(err, paymux.NotFound) {
			t.Errorf("one that is nowhere: %v", err)
		}
		h.away("r2")
		_, err = h.Replay(ctx(), "", "rpl_1")
		wantAway(t, name+", a region away", err)
	}
}

func TestAReplayIsCanceledEverywhere(t *testing.T) {
	t.Parallel()
	h, r, i := replaying(t)
	if err := repeat(h, r, i); err != nil {
		t.Fatal(err)
	}
	h.away("r1")
	_, err := h.CancelReplay(context.Background(), r.Merchant, r.ID)
	wantAway(t, "a region is away", err)
	h.back("r1")
	got, err := h.CancelReplay(context.Background(), r.Merchant, r.ID)
	if err != nil || got.Status != paymux.ReplayCanceled {
		t.Errorf("%+v, %v", got, err)
	}
	for _, name := range h.names() {
		if q := h.rooms[name].replays[r.ID]; q.Status != paymux.ReplayCanceled {
			t.Errorf("in %s it is %s", name, q.Status)
		}
	}
}
