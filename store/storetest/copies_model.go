package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/directory"
)

// copyModel is a region that copies a home while everything goes wrong.
type copyModel struct {
	*fixture
	home, spare *fixture // spare is the home with another history
	merchants   []paymux.MerchantID
	answers     []answered // of earlier questions, which may still arrive
	edits       int
	here        map[paymux.EndpointID]paymux.Endpoint // as deliveries made it in this region
}

const gone = "It answered 410 Gone."

type answered struct {
	after int64
	directory.Changes
}

// Whatever is edited at home, asked, lost on the way, late, refused by the disk, done to endpoints by deliveries, and
// restored, in any order: when everything has been pulled, the copies are what the home has.
func copiesModel(t *testing.T, f *fixture) {
	m := &copyModel{fixture: f, home: f.elsewhere(), spare: f.elsewhere()}
	m.spare.ids = m.home.ids
	rapid.Check(t, func(rt *rapid.T) {
		m.here = map[paymux.EndpointID]paymux.Endpoint{}
		actions := []func(){
			func() { m.furnish(t) },
			func() { m.edit(t, rt) },
			func() { m.ask(t, rt) },
			func() { m.take(t, rt, nil) },
			func() { m.take(t, rt, errors.New("no space left on device")) },
			func() { m.pull(t, rapid.IntRange(1, 60).Draw(rt, "limit")) },
			func() { m.deliver(t, rt) },
			func() { m.restore(rt) },
		}
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			rapid.SampledFrom(actions).Draw(rt, "step")()
		}
		m.pull(t, 100)
		m.wantHome(t)
	})
}

func (m *copyModel) furnish(t *testing.T) {
	merchant, _, _ := m.home.furnished(t)
	m.merchants = append(m.merchants, merchant.ID)
}

// one draws a merchant of the home, with what it has; ok is false where there is none.
func (m *copyModel) one(t *testing.T, rt *rapid.T, of *fixture) (id paymux.MerchantID, endpoints []paymux.Endpoint, ok bool) {
	if len(m.merchants) == 0 {
		return "", nil, false
	}
	newest := m.merchants[max(0, len(m.merchants)-8):]
	id = rapid.SampledFrom(newest).Draw(rt, "merchant")
	_, err := of.Merchant(t.Context(), id)
	return id, must[[]paymux.Endpoint](t)(of.Endpoints(t.Context(), id)), err == nil
}

func (m *copyModel) edit(t *testing.T, rt *rapid.T) {
	id, endpoints, ok := m.one(t, rt, m.home)
	if !ok {
		return
	}
	ctx := t.Context()
	m.edits++
	switch rapid.IntRange(0, 5).Draw(rt, "what") {
	case 0:
		merchant := must[paymux.Merchant](t)(m.home.Merchant(ctx, id))
		merchant.Name = fmt.Sprint("edit ", m.edits)
		done(t, m.home.UpdateMerchant(ctx, merchant))
	case 1:
		k := m.home.key(id)
		k.RevokedAt = time.Time{}
		done(t, m.home.CreateKey(ctx, k, nil))
	case 2:
		for _, k := range must[[]paymux.Key](t)(m.home.Keys(ctx, id)) {
			done(t, m.home.RevokeKey(ctx, id, k.ID, start.Add(time.Duration(m.edits)*time.Second), nil))
		}
	case 3:
		e := m.home.endpoint()
		e.Merchant = id
		done(t, m.home.CreateEndpoint(ctx, e, nil))
	case 4:
		for _, e := range endpoints {
			e.Description, e.Status = fmt.Sprint("edit ", m.edits), rapid.SampledFrom([]paymux.EndpointStatus{paymux.EndpointEnabled, paymux.EndpointDisabled}).Draw(rt, "status")
			done(t, m.home.UpdateEndpoint(ctx, e, nil))
		}
	case 5:
		for _, e := range endpoints {
			done(t, m.home.DeleteEndpoint(ctx, id, e.ID, nil))
		}
	}
}

// ask asks, as any of several replicas does, and the answer is on its way.
func (m *copyModel) ask(t *testing.T, rt *rapid.T) {
	at := must[directory.Position](t)(m.Copied(t.Context(), homeNumber))
	c := must[directory.Changes](t)(m.home.Changes(t.Context(), at.UpTo, rapid.IntRange(1, 5).Draw(rt, "limit")))
	if c.UpTo > 0 {
		m.answers = append(m.answers, answered{at.UpTo, c})
	}
}

// take has one of the answers arrive, perhaps again.
func (m *copyModel) take(t *testing.T, rt *rapid.T, failure error) {
	if len(m.answers) == 0 {
		return
	}
	a := rapid.SampledFrom(m.answers[max(0, len(m.answers)-5):]).Draw(rt, "answer")
	at := must[directory.Position](t)(m.Copied(t.Context(), homeNumber))
	m.gate.fail(failure)
	taken, err := m.TakeCopies(t.Context(), homeNumber, a.after, a.Changes)
	m.gate.fail(nil)
	if want := at.UpTo == a.after && failure == nil; taken != want || err != nil && failure == nil {
		t.Fatalf("an answer behind %d at %d: %t, %v", a.after, at.UpTo, taken, err)
	}
	if taken && a.Anew {
		clear(m.here) // copies that were not of this history have gone, and may come back
	}
}

func (m *copyModel) pull(t *testing.T, limit int) {
	at := must[directory.Position](t)(m.Copied(t.Context(), homeNumber))
	if c := must[directory.Changes](t)(m.home.Changes(t.Context(), at.UpTo, 1)); c.Anew {
		clear(m.here)
	}
	m.follow(t, m.home, limit)
}

// deliver does to copies what deliveries do.
func (m *copyModel) deliver(t *testing.T, rt *rapid.T) {
	_, endpoints, _ := m.one(t, rt, m.fixture)
	for _, e := range endpoints {
		e.Status, e.Reason = paymux.EndpointDisabled, gone
		e.FailingSince = start.Add(time.Duration(rapid.IntRange(1, 1000).Draw(rt, "since")) * time.Second)
		done(t, m.SetFailing(t.Context(), e.ID, e.FailingSince))
		done(t, m.UpdateEndpoint(t.Context(), e, nil))
		m.here[e.ID] = e
	}
}

// restore gives the home another history. What deliveries made of endpoints is lost with their copies.
func (m *copyModel) restore(rt *rapid.T) {
	if rapid.IntRange(0, 3).Draw(rt, "restore") == 0 {
		m.home, m.spare = m.spare, m.home
		clear(m.here)
	}
}

// wantHome compares all there is with the home. An endpoint that deliveries have changed since the home did is as they left it.
func (m *copyModel) wantHome(t *testing.T) {
	for _, id := range m.merchants {
		want := must[[]paymux.Endpoint](t)(m.home.Endpoints(t.Context(), id))
		for i, e := range must[[]paymux.Endpoint](t)(m.Endpoints(t.Context(), id)) {
			if i >= len(want) || want[i].ID != e.ID || want[i].Description != e.Description {
				continue
			}
			if here, ok := m.here[e.ID]; ok && here.Description == e.Description {
				same(t, "an endpoint as deliveries left it", e, here)
			}
			if e.Reason == gone { // the home's next word ends it
				done(t, m.home.UpdateEndpoint(t.Context(), want[i], nil))
			}
		}
	}
	m.pull(t, 100)
	for _, id := range m.merchants {
		m.sameMerchant(t, m.home, id)
	}
	if len(m.merchants) > 12 { // the rest was compared often enough
		m.merchants = m.merchants[len(m.merchants)-12:]
	}
}
