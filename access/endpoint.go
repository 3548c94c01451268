package access

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/paymux/paymux"
)

// maxEndpoints is how many endpoints a merchant may have.
const maxEndpoints = 16

func (s *Server) endpointRoutes() []route {
	endpoint, shown := schemaFor[paymux.Endpoint]("WebhookEndpoint"), schemaFor[endpointAnswer]("WebhookEndpointWithSecret")
	const path, one, tag = "/v1/webhook_endpoints", "/v1/webhook_endpoints/{id}", "Webhook endpoints"
	rs := []route{
		{method: http.MethodPost, path: path, id: "createWebhookEndpoint", summary: "Create an endpoint", doc: "At most 16 endpoints a merchant. The signing secret is shown in this answer only; with signature ed25519 there is none, and public_keys verify.",
			body: schemaFor[endpointBody]("WebhookEndpointCreate"), key: keyRequired, reply: shown, status: http.StatusCreated, serve: s.createEndpoint},
		{method: http.MethodGet, path: path, id: "listWebhookEndpoints", summary: "List endpoints", reply: schemaFor[page[paymux.Endpoint]]("WebhookEndpointList"), serve: s.listEndpoints},
		{method: http.MethodGet, path: one, id: "getWebhookEndpoint", summary: "Retrieve an endpoint", reply: endpoint, serve: s.getEndpoint},
		{method: http.MethodPatch, path: one, id: "updateWebhookEndpoint", summary: "Change an endpoint", doc: "Changes what is given, nested members one by one; null resets (JSON merge patch, RFC 7396). signature and per_payment stay as they were made.",
			body: schemaFor[endpointPatch]("WebhookEndpointUpdate"), key: keyRequired, reply: endpoint, serve: s.updateEndpoint},
		{method: http.MethodDelete, path: one, id: "deleteWebhookEndpoint", summary: "Delete an endpoint", doc: "Ends deliveries to it for good.", key: keyRequired, reply: schemaFor[deleted]("Deleted"), serve: s.deleteEndpoint},
		{method: http.MethodPost, path: one + "/rotate_secret", id: "rotateWebhookSecret", summary: "Rotate the signing secret", doc: "Makes a new secret, shown in this answer only. The old ones sign beside it until they expire; at most 5 are live.",
			body: schemaFor[rotateBody]("WebhookSecretRotate"), bodyOK: true, key: keyRequired, reply: shown, serve: s.rotateSecret},
		{method: http.MethodPost, path: one + "/test", id: "testWebhookEndpoint", summary: "Send a test event", doc: "Sends an endpoint.test event through the ordinary queue. An Idempotency-Key is not needed.",
			body: schemaFor[emptyBody](""), bodyOK: true, reply: schemaFor[paymux.Event]("Event"), serve: s.testEndpoint},
		{method: http.MethodGet, path: one + "/notifications", id: "listNotifications", summary: "List an endpoint's notifications",
			doc: "What became of each event on its way to the endpoint, newest event first. An answer is given after a look at 2,000 of the merchant's events at most, " +
				"so a page may be short, even empty, and has_more still be true: go on with next_cursor until it is false.",
			query: []param{
				positionParam(), limitParam(), idParam("event", "of this event"),
				enumParam("status", "in this status", words(notificationStatuses)),
			},
			reply: schemaFor[page[paymux.Notification]]("NotificationList"), serve: s.listNotifications},
		s.createReplayRoute(one + "/replays"),
	}
	for i := range rs {
		rs[i].tag, rs[i].service = tag, paymux.ServiceManage
		if rs[i].path != path {
			rs[i].prefix = paymux.PrefixEndpoint
		}
	}
	return rs
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
	now := s.now().UTC()
	e := paymux.Endpoint{
		ID: paymux.EndpointID(s.newOf(c.caller.Merchant, paymux.PrefixEndpoint)), Object: "webhook_endpoint", Livemode: c.caller.Livemode,
		Status: paymux.EndpointEnabled, Signature: paymux.SignHMAC, CreatedAt: now, UpdatedAt: now, Merchant: c.caller.Merchant,
	}
	if err := json.Unmarshal(c.body, &e); err != nil {
		return e, err
	}
	if err := checkTarget(&e, c.value.get("url") != nil); err != nil {
		return e, err
	}
	have, err := s.endpoints.Endpoints(ctx, c.caller.Merchant)
	if err != nil {
		return e, err
	}
	if len(have) >= maxEndpoints {
		return e, paymux.Errorf(paymux.StateConflict, "A merchant may have %d webhook endpoints; delete one first.", maxEndpoints)
	}
	e.Secrets = []paymux.SigningSecret{{Value: newSecret(e.Signature)}}
	return completed(e, now)
}

// checkTarget: an endpoint has a URL, or it is for payments' own.
func checkTarget(e *paymux.Endpoint, given bool) error {
	switch {
	case e.PerPayment && given:
		return at(paymux.Errorf(paymux.InvalidRequest, "url cannot be given: a per-payment endpoint sends to each payment's notify_url."), "body.url")
	case !e.PerPayment && e.URL == "":
		return at(paymux.Errorf(paymux.InvalidRequest, "url is required, except with per_payment true."), "body.url")
	case !e.PerPayment:
		return liveURL(e.URL, e.Livemode, "body.url")
	}
	return nil
}

// liveURL wants TLS where money is real.
func liveURL(url string, live bool, location string) error {
	if live && !strings.HasPrefix(strings.ToLower(url), "https://") {
		return at(paymux.Errorf(paymux.InvalidRequest, "%s must be https in live mode.", paramOf(location)), location)
	}
	return nil
}

func (s *Server) endpoint(ctx context.Context, c *call) (paymux.Endpoint, error) {
	e, err := s.endpoints.Endpoint(ctx, c.caller.Merchant, paymux.EndpointID(c.id))
	if err != nil {
		return e, err
	}
	return completed(e, s.now())
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
	return s.endpointList(list)
}

func (s *Server) endpointList(list []paymux.Endpoint) (answer, error) {
	shown := make([]paymux.Endpoint, len(list))
	for i := range list {
		var err error
		if shown[i], err = completed(list[i], s.now()); err != nil {
			return answer{}, err
		}
	}
	return answerWith(http.StatusOK, pageOf(shown))
}

func (s *Server) updateEndpoint(ctx context.Context, c *call) (answer, error) {
	reply, err := s.once(ctx, c, func() (change, error) {
		old, err := s.endpoint(ctx, c)
		if err != nil {
			return change{}, err
		}
		e, err := patched(&old, c.body)
		if err != nil {
			return change{}, err
		}
		if e.Status == paymux.EndpointEnabled {
			e.Reason = ""
		}
		e.UpdatedAt = s.now().UTC()
		return change{object: c.id, answer: e, commit: func(ctx context.Context, i *paymux.Idempotency) error {
			return s.endpoints.UpdateEndpoint(ctx, e, i)
		}}, checkTarget(&e, c.value.get("url") != nil)
	})
	return s.carryOut(c, reply, err)
}

// patched is an endpoint changed by a body that was checked. It shares nothing with the old one but its secrets.
func patched(old *paymux.Endpoint, patch []byte) (paymux.Endpoint, error) {
	e := paymux.Endpoint{Secrets: old.Secrets}
	was, err := json.Marshal(old)
	if err == nil {
		was, err = merged(was, patch)
	}
	if err == nil {
		err = json.Unmarshal(was, &e)
	}
	if err != nil {
		return e, fmt.Errorf("change endpoint %s: %w", old.ID, err)
	}
	return e, nil
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
