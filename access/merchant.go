package access

import (
	"context"
	"net/http"

	"github.com/paymux/paymux"
)

type merchantBody struct {
	Name     string     `json:"name" need:"true" len:"1-100" example:"Tea House"`
	Livemode bool       `json:"livemode" need:"false" doc:"whether real money moves"`
	Policy   policyBody `json:"policy" need:"false" doc:"what the merchant may do and wants done"`
}

type merchantPatch struct {
	Name   string     `json:"name" need:"false" len:"1-100"`
	Policy policyBody `json:"policy" need:"false" doc:"merged into the policy; lists are replaced"`
}

// policyBody is paymux.Policy with what each member may be.
type policyBody struct {
	Bearer       bool                 `json:"bearer" need:"false" doc:"accept secret keys without a signature"`
	Batch        paymux.BatchPolicy   `json:"batch" need:"false" doc:"any: refuse item by item; all: one refusal refuses the batch"`
	LatePayment  paymux.LatePolicy    `json:"late_payment" need:"false" doc:"money that comes after a payment ended without"`
	Services     []paymux.ServiceType `json:"services" need:"false" len:"0-20" null:"true" doc:"authority; all if empty"`
	Addresses    []network            `json:"addresses" need:"false" len:"0-50" null:"true" doc:"networks requests may come from; any if empty"`
	TrafficLimit []limitBody          `json:"traffic_limit" need:"false" len:"0-20" null:"true" doc:"thresholds; the platform's where a service type is not listed"`
	Accounts     []string             `json:"accounts" need:"false" len:"0-100" null:"true" doc:"accounts routing may use; all if empty"`
	ExpirySecs   int                  `json:"expiry_seconds" need:"false" range:"60-31536000" doc:"life of an unpaid payment"`
}

type limitBody struct {
	Service  paymux.ServiceType `json:"service" need:"true"`
	Requests int                `json:"requests" need:"true" range:"1-10000000"`
	Seconds  int                `json:"seconds" need:"true" range:"1-86400"`
}

func (s *Server) merchantRoutes() []route {
	return []route{
		{
			method: http.MethodGet, path: "/v1/merchant", id: "getOwnMerchant", tag: "Merchant", summary: "Retrieve the own merchant",
			doc: "The merchant the credentials belong to, with its policy.", service: paymux.ServiceManage,
			reply: schemaFor[paymux.Merchant]("Merchant"), serve: s.ownMerchant,
		},
		{
			method: http.MethodGet, path: "/v1/platform_keys", id: "listPlatformKeys", tag: "Merchant", summary: "List the platform's public keys",
			doc: "A JWK set (RFC 7517): the keys bodies may be encrypted to.", who: everyone, reply: schemaFor[keySet]("JWKS"), serve: s.platformKeys,
		},
	}
}

// newOf mints the ID of something that belongs to a merchant: it is kept in the region that the merchant's ID carries, and says so.
func (s *Server) newOf(merchant paymux.MerchantID, prefix string) string {
	if home, ok := paymux.RegionOf(string(merchant)); ok {
		return s.ids.NewIn(home, prefix)
	}
	return s.ids.New(prefix)
}

// keySet is a JWK set as far as the document describes it.
type keySet struct {
	Keys []keySetKey `json:"keys"`
}

type keySetKey struct {
	Kty string `json:"kty" example:"EC"`
	Kid string `json:"kid"`
	Use string `json:"use,omitempty" example:"enc"`
	Alg string `json:"alg,omitempty" example:"ECDH-ES+A256KW"`
	Crv string `json:"crv,omitempty"`
	X   string `json:"x,omitempty"`
	Y   string `json:"y,omitempty"`
	N   string `json:"n,omitempty"`
	E   string `json:"e,omitempty"`
}

func (s *Server) ownMerchant(ctx context.Context, c *call) (answer, error) {
	m, err := s.merchants.Merchant(ctx, c.caller.Merchant)
	if err != nil {
		return answer{}, err
	}
	return answerWith(http.StatusOK, m)
}

func (s *Server) platformKeys(context.Context, *call) (answer, error) {
	if s.opener == nil {
		return answerWith(http.StatusOK, keySet{Keys: []keySetKey{}})
	}
	body, err := s.opener.JWKS()
	return answer{status: http.StatusOK, body: body, contentType: "application/jwk-set+json"}, err
}
