package access

import (
	"context"
	"net/http"
	"slices"

	"github.com/paymux/paymux"
)

type keyBody struct {
	Kind      paymux.KeyKind       `json:"kind" need:"true" doc:"how the key proves its holder" example:"hmac-sha256"`
	Name      string               `json:"name" need:"false" len:"0-100" example:"shop server"`
	Services  []paymux.ServiceType `json:"services" need:"false" len:"0-20" doc:"authority of the key; the merchant's if empty"`
	Addresses []network            `json:"addresses" need:"false" len:"0-50" doc:"networks it may be used from; the merchant's if empty" example:"[\"203.0.113.0/24\"]"`
	Public    string               `json:"public" need:"false" len:"1-10000" format:"pem" doc:"the merchant's public key, of ed25519 and rsa-pss-sha512"`
}

// network is a CIDR.
type network string

// keyAnswer is a key, with its secret where that is shown.
type keyAnswer struct {
	paymux.Key
	Secret        string `json:"secret,omitempty" doc:"shown in this answer only"`
	SecretOmitted bool   `json:"secret_omitted,omitempty" doc:"true on a repeat of the request: the secret was shown in its first answer"`
}

func (s *Server) keyRoutes() []route {
	key := schemaFor[paymux.Key]("APIKey")
	rs := []route{
		{method: http.MethodPost, path: "/v1/api_keys", id: "createAPIKey", summary: "Create a key", doc: "A bearer or hmac-sha256 key has a secret, shown in this answer only; the others are the merchant's own public key. A key cannot give more authority than the one that makes it has.",
			body: schemaFor[keyBody]("APIKeyCreate"), key: keyRequired, reply: schemaFor[keyAnswer]("APIKeyWithSecret"), status: http.StatusCreated, serve: s.createKey},
		{method: http.MethodGet, path: "/v1/api_keys", id: "listAPIKeys", summary: "List keys", doc: "Revoked ones, too.", reply: schemaFor[page[paymux.Key]]("APIKeyList"), serve: s.listKeys},
		{method: http.MethodDelete, path: "/v1/api_keys/{id}", id: "revokeAPIKey", summary: "Revoke a key", doc: "Ends the key for good, at once.", prefix: paymux.PrefixKey, key: keyRequired, reply: key, serve: s.revokeKey},
	}
	for i := range rs {
		rs[i].tag, rs[i].service = "Keys", paymux.ServiceManage
	}
	return rs
}

func (s *Server) createKey(ctx context.Context, c *call) (answer, error) {
	reply, err := s.once(ctx, c, func() (change, error) {
		k, secret, err := s.newKey(c.body, c.caller.Merchant, c.caller.Livemode)
		if err != nil {
			return change{}, err
		}
		if err := within(&k, &c.identity.Key); err != nil {
			return change{}, err
		}
		todo := change{object: string(k.ID), created: true, answer: k, commit: func(ctx context.Context, i *paymux.Idempotency) error {
			return s.merchants.CreateKey(ctx, k, i)
		}}
		if secret != "" {
			todo.answer = keyAnswer{Key: k, SecretOmitted: true}
			todo.shown = keyAnswer{Key: k, Secret: secret.Reveal()}
		}
		return todo, nil
	})
	return s.carryOut(c, reply, err)
}

// within keeps a new key inside the authority of the key that makes it.
func within(k, maker *paymux.Key) error {
	if len(maker.Services) > 0 {
		if len(k.Services) == 0 {
			k.Services = slices.Clone(maker.Services)
		}
		for _, service := range k.Services {
			if !slices.Contains(maker.Services, service) {
				return paymux.Errorf(paymux.Forbidden, "This key has no authority for service type %s and cannot give it.", service).At("services")
			}
		}
	}
	if len(maker.Addresses) > 0 {
		k.Addresses = slices.Clone(maker.Addresses)
	}
	return nil
}

// newKey makes a credential, and its secret where it has one.
func (s *Server) newKey(body []byte, merchant paymux.MerchantID, live bool) (k paymux.Key, secret paymux.Secret, err error) {
	b, err := decode[keyBody](body)
	if err != nil {
		return k, "", err
	}
	k = paymux.Key{
		ID: paymux.KeyID(s.newOf(merchant, paymux.PrefixKey)), Object: "api_key", Merchant: merchant, Kind: b.Kind, Name: b.Name,
		Services: b.Services, Public: b.Public, CreatedAt: s.now().UTC(),
	}
	for _, n := range b.Addresses {
		k.Addresses = append(k.Addresses, string(n))
	}
	asymmetric := b.Kind == paymux.KeyEd25519 || b.Kind == paymux.KeyRSA
	if asymmetric != (b.Public != "") {
		return k, "", at(paymux.Errorf(paymux.InvalidRequest, "public goes with ed25519 and rsa-pss-sha512 keys, and only with them."), "body.public")
	}
	switch b.Kind {
	case paymux.KeyBearer:
		secret, k.Digest, k.Hint = NewBearer(live)
	case paymux.KeyHMAC:
		secret = NewHMAC()
		k.Shared = secret
	default:
		err = checkPublic(b.Kind, b.Public)
	}
	return k, secret, err
}

// checkPublic refuses what is no public key, or one of another kind.
func checkPublic(kind paymux.KeyKind, text string) error {
	is, err := ParsePublicKey(text)
	if err == nil && is != kind {
		err = paymux.Errorf(paymux.InvalidRequest, "public is a key of kind %s, not %s.", is, kind)
	}
	if err != nil {
		return at(err, "body.public")
	}
	return nil
}

func (s *Server) listKeys(ctx context.Context, c *call) (answer, error) {
	keys, err := s.merchants.Keys(ctx, c.caller.Merchant)
	if err != nil {
		return answer{}, err
	}
	return answerWith(http.StatusOK, pageOf(keys))
}

func (s *Server) revokeKey(ctx context.Context, c *call) (answer, error) {
	reply, err := s.once(ctx, c, func() (change, error) {
		k, err := s.findKey(ctx, c.caller.Merchant, paymux.KeyID(c.id))
		if err != nil {
			return change{}, err
		}
		if k.RevokedAt.IsZero() {
			k.RevokedAt = s.now().UTC()
		}
		return change{object: c.id, answer: k, commit: func(ctx context.Context, i *paymux.Idempotency) error {
			return s.merchants.RevokeKey(ctx, c.caller.Merchant, k.ID, k.RevokedAt, i)
		}}, nil
	})
	return s.carryOut(c, reply, err)
}

func (s *Server) findKey(ctx context.Context, merchant paymux.MerchantID, id paymux.KeyID) (paymux.Key, error) {
	keys, err := s.merchants.Keys(ctx, merchant)
	if err != nil {
		return paymux.Key{}, err
	}
	i := slices.IndexFunc(keys, func(k paymux.Key) bool { return k.ID == id })
	if i < 0 {
		return paymux.Key{}, paymux.Errorf(paymux.NotFound, "This merchant has no key %s.", id)
	}
	return keys[i], nil
}
