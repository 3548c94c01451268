package access

import (
	"context"
	"net/http"
	"time"

	"github.com/paymux/paymux"
)

// linkLife is how long a link can be paid where the request says nothing.
const linkLife = 7 * 24 * time.Hour

type linkBody struct {
	Amount          int64               `json:"amount" need:"true" range:"1-999999999999" doc:"in minor units of currency" example:"1250"`
	Currency        paymux.Currency     `json:"currency" need:"true" example:"CNY"`
	MerchantOrderID string              `json:"merchant_order_id" need:"true" len:"1-64" doc:"the order's number at the merchant" example:"A-1001"`
	Description     string              `json:"description" need:"false" len:"0-255" doc:"shown to the payer" example:"Tea, 2 packs"`
	AllowedMethods  []paymux.MethodType `json:"allowed_methods" need:"false" len:"1-20" doc:"what the payer may choose from; everything that can be routed if not given"`
	ReturnURL       string              `json:"return_url" need:"false" len:"1-2000" format:"uri" doc:"where the payer's browser goes afterwards"`
	Metadata        map[string]string   `json:"metadata" need:"false" doc:"up to 50 entries of the merchant's own"`
	ExpiresAt       *time.Time          `json:"expires_at" need:"false" doc:"when the link ends; in 7 days if not given"`
	ExpiresIn       int64               `json:"expires_in" need:"false" range:"60-31536000" doc:"the same in seconds from now" example:"86400"`
}

func (s *Server) linkRoutes() []route {
	link := schemaFor[paymux.Link]("PaymentLink")
	return []route{
		{
			method: http.MethodPost, path: "/v1/payment_links", id: "createPaymentLink", tag: "Payment links", summary: "Create a payment link",
			doc:     "Makes a page a payer can be sent to. It makes a payment when the payer has chosen a method.",
			service: paymux.ServiceManage, body: schemaFor[linkBody]("PaymentLinkCreate"), key: keyRequired,
			reply: link, status: http.StatusCreated, serve: s.createLink,
		},
		{
			method: http.MethodGet, path: "/v1/payment_links", id: "listPaymentLinks", tag: "Payment links", summary: "List payment links",
			doc: "Newest first.", service: paymux.ServiceManage, reply: schemaFor[page[paymux.Link]]("PaymentLinkList"),
			query: []param{cursorParam(), limitParam()}, serve: s.listLinks,
		},
		{
			method: http.MethodGet, path: "/v1/payment_links/{id}", id: "getPaymentLink", tag: "Payment links", summary: "Retrieve a payment link",
			service: paymux.ServiceManage, prefix: paymux.PrefixLink, reply: link, serve: s.getLink,
		},
		{
			method: http.MethodPost, path: "/v1/payment_links/{id}/cancel", id: "cancelPaymentLink", tag: "Payment links", summary: "Cancel a payment link",
			doc:     "Makes the link unusable. A payment already made with it goes on.",
			service: paymux.ServiceManage, prefix: paymux.PrefixLink, body: schemaFor[emptyBody](""), bodyOK: true, key: keyRequired,
			reply: link, serve: s.cancelLink,
		},
	}
}

func (s *Server) createLink(ctx context.Context, c *call) (answer, error) {
	reply, err := s.once(ctx, c, func() (change, error) {
		link, err := s.newLink(c)
		return change{
			object: string(link.ID), created: true, answer: link,
			commit: func(ctx context.Context, i *paymux.Idempotency) error { return s.links.CreateLink(ctx, link, i) },
		}, err
	})
	return s.carryOut(c, reply, err)
}

func (s *Server) newLink(c *call) (paymux.Link, error) {
	b, err := decode[linkBody](c.body)
	if err != nil {
		return paymux.Link{}, err
	}
	now := s.now().UTC()
	var f faults
	expires := expiry(b.ExpiresAt, b.ExpiresIn, now, "body", &f)
	if err := f.err(); err != nil {
		return paymux.Link{}, err
	}
	if expires.IsZero() {
		expires = now.Add(linkLife)
	}
	id := paymux.LinkID(s.newOf(c.caller.Merchant, paymux.PrefixLink))
	return paymux.Link{
		ID: id, Object: "payment_link", Livemode: c.caller.Livemode, URL: s.publicURL + "/pay/" + string(id),
		Status: paymux.LinkActive, Amount: b.Amount, Currency: b.Currency, MerchantOrderID: b.MerchantOrderID,
		Description: b.Description, AllowedMethods: b.AllowedMethods, ReturnURL: b.ReturnURL, Metadata: b.Metadata,
		ExpiresAt: expires, CreatedAt: now, UpdatedAt: now, Merchant: c.caller.Merchant,
	}, nil
}

// ownLink reads a link; another merchant's is not there.
func (s *Server) ownLink(ctx context.Context, c *call) (paymux.Link, error) {
	link, err := s.links.Link(ctx, paymux.LinkID(c.id))
	if err == nil && link.Merchant != c.caller.Merchant {
		err = paymux.Errorf(paymux.NotFound, "There is no payment link %s.", c.id)
	}
	return link, err
}

func (s *Server) getLink(ctx context.Context, c *call) (answer, error) {
	link, err := s.ownLink(ctx, c)
	if err != nil {
		return answer{}, err
	}
	return answerWith(http.StatusOK, link)
}

func (s *Server) listLinks(ctx context.Context, c *call) (answer, error) {
	p, err := s.page(c, paymux.PrefixLink)
	if err != nil {
		return answer{}, err
	}
	return listAnswer(p, func(p paymux.Page) ([]paymux.Link, error) {
		return s.links.Links(ctx, c.caller.Merchant, p)
	}, func(l *paymux.Link) string { return string(l.ID) })
}

func (s *Server) cancelLink(ctx context.Context, c *call) (answer, error) {
	reply, err := s.once(ctx, c, func() (change, error) {
		link, err := s.ownLink(ctx, c)
		if err != nil {
			return change{}, err
		}
		link.Status, link.UpdatedAt = paymux.LinkCanceled, s.now().UTC()
		return change{
			object: c.id, answer: link,
			commit: func(ctx context.Context, i *paymux.Idempotency) error { return s.links.UpdateLink(ctx, link, i) },
		}, nil
	})
	return s.carryOut(c, reply, err)
}
