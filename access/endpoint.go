package access

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/paymux/paymux"
)

// maxEndpoints is how many endpoints a merchant may have.
const maxEndpoints = 16

// oldSecretLife is how long a rotated secret signs beside the new one.
const oldSecretLife = 24 * time.Hour

type endpointBody struct {
	URL         string             `json:"url" need:"true" len:"1-2000" format:"uri" doc:"https in live mode" example:"https://shop.example/webhooks"`
	Description string             `json:"description" need:"false" len:"0-255"`
	Events      []paymux.EventType `json:"events" need:"false" len:"0-50" doc:"which types to send; all if empty"`
	Delivery    deliveryBody       `json:"delivery" need:"false" doc:"the merchant's own schedule"`
}

type endpointPatch struct {
	URL         string                `json:"url" need:"false" len:"1-2000" format:"uri" doc:"https in live mode"`
	Description string                `json:"description" need:"false" len:"0-255"`
	Events      []paymux.EventType    `json:"events" need:"false" len:"0-50" null:"true" doc:"null or empty: all types"`
	Status      paymux.EndpointStatus `json:"status" need:"false" doc:"disabled endpoints are sent nothing"`
	Delivery    deliveryBody          `json:"delivery" need:"false" null:"true" doc:"null: the default schedule"`
}

type deliveryBody struct {
	RetrySeconds []second `json:"retry_seconds" need:"false" len:"0-20" doc:"waits before the 2nd, 3rd, … attempt" example:"[5,300,1800]"`
	TimeoutMS    int      `json:"timeout_ms" need:"false" range:"1000-30000" doc:"of one attempt" example:"15000"`
}

// second is a wait, 1 s to 7 days.
type second int

// endpointAnswer is an endpoint, with its secret where that is shown.
type endpointAnswer struct {
	paymux.Endpoint
	Secret        string `json:"secret,omitempty" doc:"signs deliveries; shown in this answer only" example:"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"`
	SecretOmitted bool   `json:"secret_omitted,omitempty" doc:"true on a repeat of the request: the secret was shown in its first answer, rotate it if that was lost"`
}

func (s *Server) endpointRoutes() []route {
	endpoint, shown := schemaFor[paymux.Endpoint]("WebhookEndpoint"), schemaFor[endpointAnswer]("WebhookEndpointWithSecret")
	const path, one, tag = "/v1/webhook_endpoints", "/v1/webhook_endpoints/{id}", "Webhook endpoints"
	rs := []route{
		{method: http.MethodPost, path: path, id: "createWebhookEndpoint", summary: "Create an endpoint", doc: "At most 16 endpoints a merchant. The signing secret is shown in this answer only.",
			body: schemaFor[endpointBody]("WebhookEndpointCreate"), key: keyRequired, reply: shown, status: http.StatusCreated, serve: s.createEndpoint},
		{method: http.MethodGet, path: path, id: "listWebhookEndpoints", summary: "List endpoints", reply: schemaFor[page[paymux.Endpoint]]("WebhookEndpointList"), serve: s.listEndpoints},
		{method: http.MethodGet, path: one, id: "getWebhookEndpoint", summary: "Retrieve an endpoint", reply: endpoint, serve: s.getEndpoint},
		{method: http.MethodPatch, path: one, id: "updateWebhookEndpoint", summary: "Change an endpoint", doc: "Changes what is given (JSON merge patch, RFC 7396).",
			body: schemaFor[endpointPatch]("WebhookEndpointUpdate"), key: keyRequired, reply: endpoint, serve: s.updateEndpoint},
		{method: http.MethodDelete, path: one, id: "deleteWebhookEndpoint", summary: "Delete an endpoint", doc: "Ends deliveries to it for good.", key: keyRequired, reply: schemaFor[deleted]("Deleted"), serve: s.deleteEndpoint},
		{method: http.MethodPost, path: one + "/rotate_secret", id: "rotateWebhookSecret", summary: "Rotate the signing secret", doc: "Makes a new secret, shown in this answer only. The old one signs beside it for 24 hours.",
			body: schemaFor[emptyBody](""), bodyOK: true, key: keyRequired, reply: shown, serve: s.rotateSecret},
		{method: http.MethodPost, path: one + "/test", id: "testWebhookEndpoint", summary: "Send a test event", doc: "Sends an endpoint.test event through the ordinary queue. An Idempotency-Key is not needed.",
			body: schemaFor[emptyBody](""), bodyOK: true, reply: schemaFor[paymux.Event]("Event"), serve: s.testEndpoint},
	}
	for i := range rs {
		rs[i].tag, rs[i].service = tag, paymux.ServiceManage
		if rs[i].path != path {
			rs[i].prefix = paymux.PrefixEndpoint
		}
	}
	return rs
}

// newSecret makes a signing secret as Standard Webhooks wants it.
func newSecret() paymux.Secret {
	var raw [32]byte
	rand.Read(raw[:]) // never fails
	return paymux.Secret("whsec_" + base64.StdEncoding.EncodeToString(raw[:]))
}

func (s *Server) createEndpoint(ctx context.Context, c *call) (answer, error) {
	reply, err := s.once(ctx, c, func() (change, error) {
		e, err := s.newEndpoint(ctx, c)
		if err != nil {
			return change{}, err
		}
		return secretChange(e, true, func(ctx context.Context, i *paymux.Idempotency) error {
			return s.endpoints.CreateEndpoint(ctx, e, i)
		}), nil
	})
	return s.carryOut(c, reply, err)
}

func (s *Server) newEndpoint(ctx context.Context, c *call) (paymux.Endpoint, error) {
	b, err := decode[endpointBody](c.body)
	if err != nil {
		return paymux.Endpoint{}, err
	}
	if err := liveURL(b.URL, c.caller.Livemode); err != nil {
		return paymux.Endpoint{}, err
	}
	have, err := s.endpoints.Endpoints(ctx, c.caller.Merchant)
	if err != nil {
		return paymux.Endpoint{}, err
	}
	if len(have) >= maxEndpoints {
		return paymux.Endpoint{}, paymux.Errorf(paymux.StateConflict, "A merchant may have %d webhook endpoints; delete one first.", maxEndpoints)
	}
	now := s.now().UTC()
	return paymux.Endpoint{
		ID: paymux.EndpointID(s.ids.New(paymux.PrefixEndpoint)), Object: "webhook_endpoint", Livemode: c.caller.Livemode,
		URL: b.URL, Description: b.Description, Events: b.Events, Status: paymux.EndpointEnabled, Delivery: b.Delivery.read(),
		CreatedAt: now, UpdatedAt: now, Merchant: c.caller.Merchant, Secrets: []paymux.SigningSecret{{Value: newSecret()}},
	}, nil
}

// secretChange keeps the endpoint for repeats and shows its newest secret once.
func secretChange(e paymux.Endpoint, created bool, commit func(context.Context, *paymux.Idempotency) error) change {
	return change{
		object: string(e.ID), created: created, commit: commit,
		answer: endpointAnswer{Endpoint: e, SecretOmitted: true},
		shown:  endpointAnswer{Endpoint: e, Secret: e.Secrets[0].Value.Reveal()},
	}
}

func (b *deliveryBody) read() paymux.Delivery {
	d := paymux.Delivery{TimeoutMS: b.TimeoutMS}
	for _, s := range b.RetrySeconds {
		d.RetrySeconds = append(d.RetrySeconds, int(s))
	}
	return d
}

func liveURL(url string, live bool) error {
	if live && (len(url) < 8 || url[:8] != "https://") {
		return at(paymux.Errorf(paymux.InvalidRequest, "url must be https in live mode."), "body.url")
	}
	return nil
}

func (s *Server) endpoint(ctx context.Context, c *call) (paymux.Endpoint, error) {
	return s.endpoints.Endpoint(ctx, c.caller.Merchant, paymux.EndpointID(c.id))
}

func (s *Server) getEndpoint(ctx context.Context, c *call) (answer, error) {
	e, err := s.endpoint(ctx, c)
	if err != nil {
		return answer{}, err
	}
	return answerWith(http.StatusOK, e)
}

func (s *Server) listEndpoints(ctx context.Context, c *call) (answer, error) {
	list, err := s.endpoints.Endpoints(ctx, c.caller.Merchant)
	if err != nil {
		return answer{}, err
	}
	return answerWith(http.StatusOK, pageOf(list))
}

func (s *Server) updateEndpoint(ctx context.Context, c *call) (answer, error) {
	reply, err := s.once(ctx, c, func() (change, error) {
		e, err := s.endpoint(ctx, c)
		if err != nil {
			return change{}, err
		}
		// What the body does not name stays as it is. Lists are cloned: reading JSON
		// into one writes over what it may share with the store.
		e.Events, e.Delivery.RetrySeconds = slices.Clone(e.Events), slices.Clone(e.Delivery.RetrySeconds)
		if err := json.Unmarshal(c.body, &e); err != nil {
			return change{}, err
		}
		if v := c.value.get("delivery"); v != nil && v.kind == kindNull {
			e.Delivery = paymux.Delivery{}
		}
		if e.Status == paymux.EndpointEnabled {
			e.Reason = ""
		}
		e.UpdatedAt = s.now().UTC()
		return change{object: c.id, answer: e, commit: func(ctx context.Context, i *paymux.Idempotency) error {
			return s.endpoints.UpdateEndpoint(ctx, e, i)
		}}, liveURL(e.URL, e.Livemode)
	})
	return s.carryOut(c, reply, err)
}

func (s *Server) rotateSecret(ctx context.Context, c *call) (answer, error) {
	reply, err := s.once(ctx, c, func() (change, error) {
		e, err := s.endpoint(ctx, c)
		if err != nil {
			return change{}, err
		}
		now := s.now().UTC()
		live := []paymux.SigningSecret{{Value: newSecret()}}
		if len(e.Secrets) > 0 {
			old := e.Secrets[0]
			old.Expires = now.Add(oldSecretLife)
			live = append(live, old)
		}
		e.Secrets, e.UpdatedAt = live, now
		return secretChange(e, false, func(ctx context.Context, i *paymux.Idempotency) error {
			return s.endpoints.UpdateEndpoint(ctx, e, i)
		}), nil
	})
	return s.carryOut(c, reply, err)
}

// deleted is what is left of a deleted object.
type deleted struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Deleted bool   `json:"deleted" doc:"always true"`
}

func (s *Server) deleteEndpoint(ctx context.Context, c *call) (answer, error) {
	reply, err := s.once(ctx, c, func() (change, error) {
		e, err := s.endpoint(ctx, c)
		return change{
			object: c.id, answer: deleted{ID: c.id, Object: "webhook_endpoint", Deleted: true},
			commit: func(ctx context.Context, i *paymux.Idempotency) error {
				return s.endpoints.DeleteEndpoint(ctx, c.caller.Merchant, e.ID, i)
			},
		}, err
	})
	return s.carryOut(c, reply, err)
}

func (s *Server) testEndpoint(ctx context.Context, c *call) (answer, error) {
	e, err := s.endpoint(ctx, c)
	if err != nil {
		return answer{}, err
	}
	event, err := s.notifications.Test(ctx, e)
	if err != nil {
		return answer{}, err
	}
	body, err := eventBody(&event)
	return answer{status: http.StatusOK, body: body}, err
}
