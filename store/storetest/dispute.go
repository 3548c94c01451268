package storetest

import (
	"testing"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/payment"
)

func disputeTests() []test {
	return []test{{"dispute/round trip", disputeRoundTrip}}
}

func disputeRoundTrip(t *testing.T, f *fixture) {
	p := f.payment()
	d := f.dispute(p)
	f.commit(t, &payment.Change{Payment: p, Disputes: []paymux.Dispute{d}})
	same(t, "the dispute", must[paymux.Dispute](t)(f.Dispute(t.Context(), d.Account, d.ChannelID)), d)

	changed := f.dispute(p)
	changed.ID, changed.Account, changed.ChannelID, changed.CreatedAt = d.ID, d.Account, d.ChannelID, d.CreatedAt
	changed.Status, changed.Version = paymux.DisputeLost, 2
	next := f.next(p, paymux.Succeeded)
	f.commit(t, &payment.Change{Payment: next, Disputes: []paymux.Dispute{changed}})
	same(t, "the changed dispute", must[paymux.Dispute](t)(f.Dispute(t.Context(), d.Account, d.ChannelID)), changed)

	// The same case under another ID, as when two processes hear of it at once.
	twin := f.dispute(p)
	twin.Account, twin.ChannelID = d.Account, d.ChannelID
	err := f.Commit(t.Context(), &payment.Change{Payment: f.next(next, paymux.Succeeded), Disputes: []paymux.Dispute{twin}})
	if err == nil {
		t.Fatal("one case of an institution was stored as two disputes")
	}
	same(t, "the dispute after", must[paymux.Dispute](t)(f.Dispute(t.Context(), d.Account, d.ChannelID)), changed)
	_, err = f.Dispute(t.Context(), "another account", d.ChannelID)
	wantErr(t, "another account's case", err, paymux.NotFound)
}
