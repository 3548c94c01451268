package storetest

import (
	"testing"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/payment"
)

func linkTests() []test {
	return []test{
		{"link/round trip and list", linkRoundTrip},
		{"link/newest payment", linkPayment},
	}
}

func linkRoundTrip(t *testing.T, f *fixture) {
	ctx := t.Context()
	first, second, third := f.link(), f.link(), f.link()
	first.Payment = ""
	for _, l := range []paymux.Link{first, second, third} {
		if err := f.CreateLink(ctx, l, nil); err != nil {
			t.Fatal(err)
		}
	}
	same(t, "the link", must[paymux.Link](t)(f.Link(ctx, second.ID)), second)
	changed := f.link()
	changed.ID, changed.CreatedAt, changed.Livemode, changed.Payment = first.ID, first.CreatedAt, first.Livemode, ""
	changed.Status = paymux.LinkCanceled
	if err := f.UpdateLink(ctx, changed, nil); err != nil {
		t.Fatal(err)
	}
	same(t, "a page", must[[]paymux.Link](t)(f.Links(ctx, f.merchant, paymux.Page{Limit: 2})), []paymux.Link{third, second})
	same(t, "the next", must[[]paymux.Link](t)(f.Links(ctx, f.merchant, paymux.Page{Limit: 2, After: string(second.ID)})), []paymux.Link{changed})
	same(t, "a stranger's", must[[]paymux.Link](t)(f.Links(ctx, "mer_other", paymux.Page{Limit: 2})), nil)

	_, err := f.Link(ctx, "plink_none")
	wantErr(t, "an unknown link", err, paymux.NotFound)
	changed.Merchant = "mer_other"
	wantErr(t, "another merchant's update", f.UpdateLink(ctx, changed, nil), paymux.NotFound)
}

// A payment made with a link is noted on it, and an edit of the link, decided
// on what was read before, does not undo that.
func linkPayment(t *testing.T, f *fixture) {
	ctx := t.Context()
	l := f.link()
	l.Payment = ""
	if err := f.CreateLink(ctx, l, nil); err != nil {
		t.Fatal(err)
	}
	p := f.payment()
	f.commit(t, &payment.Change{Payment: p, Link: l.ID})
	if err := f.UpdateLink(ctx, l, nil); err != nil {
		t.Fatal(err)
	}
	l.Payment = p.ID
	same(t, "the link", must[paymux.Link](t)(f.Link(ctx, l.ID)), l)
}
