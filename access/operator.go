package access

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/paymux/paymux"
)

func (s *Server) operatorRoutes() []route {
	merchant, key := schemaFor[paymux.Merchant]("Merchant"), schemaFor[paymux.Key]("APIKey")
	const path, one = "/ops/v1/merchants", "/ops/v1/merchants/{id}"
	rs := []route{
		{method: http.MethodPost, path: path, id: "opsCreateMerchant", summary: "Create a merchant", body: schemaFor[merchantBody]("MerchantCreate"), reply: merchant, status: http.StatusCreated, serve: s.createMerchant},
		{method: http.MethodGet, path: path, id: "opsListMerchants", summary: "List merchants", query: []param{cursorParam(), limitParam()}, reply: schemaFor[page[paymux.Merchant]]("MerchantList"), serve: s.listMerchants},
		{method: http.MethodGet, path: one, id: "opsGetMerchant", summary: "Retrieve a merchant", prefix: paymux.PrefixMerchant, reply: merchant, serve: s.getMerchant},
		{method: http.MethodPatch, path: one, id: "opsUpdateMerchant", summary: "Change a merchant's name or policy", prefix: paymux.PrefixMerchant, body: schemaFor[merchantPatch]("MerchantUpdate"), reply: merchant, serve: s.updateMerchant},
		{method: http.MethodPost, path: one + "/api_keys", id: "opsCreateAPIKey", summary: "Create a key for a merchant", prefix: paymux.PrefixMerchant, body: schemaFor[keyBody]("APIKeyCreate"), reply: schemaFor[keyAnswer]("APIKeyWithSecret"), status: http.StatusCreated, serve: s.opsCreateKey},
		{method: http.MethodGet, path: one + "/api_keys", id: "opsListAPIKeys", summary: "List a merchant's keys", prefix: paymux.PrefixMerchant, reply: schemaFor[page[paymux.Key]]("APIKeyList"), serve: s.opsListKeys},
		{method: http.MethodDelete, path: one + "/api_keys/{key}", id: "opsRevokeAPIKey", summary: "Revoke a merchant's key", prefix: paymux.PrefixMerchant, reply: key, serve: s.opsRevokeKey},
		{method: http.MethodGet, path: "/ops/v1/buried_tasks", id: "opsListBuriedTasks", summary: "List tasks that were given up", query: []param{positionParam(), limitParam()}, reply: schemaFor[page[BuriedTask]]("BuriedTaskList"), serve: s.buriedTasks},
		{method: http.MethodGet, path: "/ops/v1/failing_endpoints", id: "opsListFailingEndpoints", summary: "List endpoints that fail", doc: "Webhook endpoints of all merchants whose attempts have all failed for a while, longest first.", query: []param{limitParam()}, reply: schemaFor[page[paymux.Endpoint]]("WebhookEndpointList"), serve: s.failingEndpoints},
	}
	rs = append(append(append(rs, s.channelRoutes()...), s.opsStatisticsRoute()), s.routingRoutes()...)
	for i := range rs {
		rs[i].who, rs[i].tag = operators, "Operators"
	}
	return rs
}

func (s *Server) createMerchant(ctx context.Context, c *call) (answer, error) {
	now := s.now().UTC()
	m := paymux.Merchant{
		ID: paymux.MerchantID(s.ids.New(paymux.PrefixMerchant)), Object: "merchant",
		Policy:    paymux.Policy{Batch: paymux.BatchAny, LatePayment: paymux.LateKeep},
		CreatedAt: now, UpdatedAt: now,
	}
	// The body was checked against merchantBody, whose names are the merchant's.
	if err := json.Unmarshal(c.body, &m); err != nil {
		return answer{}, err
	}
	if err := s.merchants.CreateMerchant(ctx, m); err != nil {
		return answer{}, err
	}
	a, err := answerWith(http.StatusCreated, m)
	a.location = c.route.path + "/" + string(m.ID)
	return a, err
}

func (s *Server) listMerchants(ctx context.Context, c *call) (answer, error) {
	p, err := s.page(c, paymux.PrefixMerchant)
	if err != nil {
		return answer{}, err
	}
	return listAnswer(p, func(p paymux.Page) ([]paymux.Merchant, error) { return s.merchants.Merchants(ctx, p) },
		func(m *paymux.Merchant) string { return string(m.ID) })
}

func (s *Server) getMerchant(ctx context.Context, c *call) (answer, error) {
	m, err := s.merchants.Merchant(ctx, paymux.MerchantID(c.id))
	if err != nil {
		return answer{}, err
	}
	return answerWith(http.StatusOK, m)
}

func (s *Server) updateMerchant(ctx context.Context, c *call) (answer, error) {
	m, err := s.merchants.Merchant(ctx, paymux.MerchantID(c.id))
	if err != nil {
		return answer{}, err
	}
	// What the body does not name stays as it is. Lists are cloned: reading JSON
	// into one writes over what it may share with the store.
	p := &m.Policy
	p.Services, p.Addresses = slices.Clone(p.Services), slices.Clone(p.Addresses)
	p.TrafficLimit, p.Accounts = slices.Clone(p.TrafficLimit), slices.Clone(p.Accounts)
	if err := json.Unmarshal(c.body, &m); err != nil {
		return answer{}, err
	}
	m.UpdatedAt = s.now().UTC()
	if err := s.merchants.UpdateMerchant(ctx, m); err != nil {
		return answer{}, err
	}
	return answerWith(http.StatusOK, m)
}

func (s *Server) opsCreateKey(ctx context.Context, c *call) (answer, error) {
	m, err := s.merchants.Merchant(ctx, paymux.MerchantID(c.id))
	if err != nil {
		return answer{}, err
	}
	k, secret, err := s.newKey(c.body, m.ID, m.Livemode)
	if err != nil {
		return answer{}, err
	}
	if err := s.merchants.CreateKey(ctx, k, nil); err != nil {
		return answer{}, err
	}
	return answerWith(http.StatusCreated, keyAnswer{Key: k, Secret: secret.Reveal()})
}

func (s *Server) opsListKeys(ctx context.Context, c *call) (answer, error) {
	keys, err := s.merchants.Keys(ctx, paymux.MerchantID(c.id))
	if err != nil {
		return answer{}, err
	}
	return answerWith(http.StatusOK, pageOf(keys))
}

func (s *Server) opsRevokeKey(ctx context.Context, c *call) (answer, error) {
	id := c.r.PathValue("key")
	if err := s.ids.Check(paymux.PrefixKey, id); err != nil {
		return answer{}, at(err, "path.key")
	}
	k, err := s.findKey(ctx, paymux.MerchantID(c.id), paymux.KeyID(id))
	if err != nil {
		return answer{}, err
	}
	if k.RevokedAt.IsZero() {
		k.RevokedAt = s.now().UTC()
	}
	if err := s.merchants.RevokeKey(ctx, k.Merchant, k.ID, k.RevokedAt, nil); err != nil {
		return answer{}, err
	}
	return answerWith(http.StatusOK, k)
}

func (s *Server) buriedTasks(ctx context.Context, c *call) (answer, error) {
	p, err := s.pageFrom(c, paymux.PrefixTask)
	if err != nil {
		return answer{}, err
	}
	list, err := positionPage(p, func(p paymux.Page) ([]BuriedTask, error) { return s.tasks.BuriedTasks(ctx, p) },
		func(t *BuriedTask) string { return string(t.ID) })
	if err != nil {
		return answer{}, err
	}
	return answerWith(http.StatusOK, list)
}

func (s *Server) failingEndpoints(ctx context.Context, c *call) (answer, error) {
	p, err := s.page(c, paymux.PrefixEndpoint)
	if err != nil {
		return answer{}, err
	}
	list, err := s.endpoints.FailingEndpoints(ctx, p.Limit)
	if err != nil {
		return answer{}, err
	}
	return s.endpointList(list)
}
