package paymux

import (
	"slices"
	"time"
)

// Merchant is who integrates with Paymux.
type Merchant struct {
	ID        MerchantID `json:"id"`
	Object    string     `json:"object"` // always "merchant"
	Name      string     `json:"name"`
	Livemode  bool       `json:"livemode"`
	Policy    Policy     `json:"policy"`
	CreatedAt time.Time  `json:"created_at"`
	UpdatedAt time.Time  `json:"updated_at"`
}

// Policy is what a merchant may do and wants done.
type Policy struct {
	Bearer       bool          `json:"bearer"`                   // secret keys without a signature are accepted
	Batch        BatchPolicy   `json:"batch"`                    // A5
	LatePayment  LatePolicy    `json:"late_payment"`             // X11
	Services     []ServiceType `json:"services,omitempty"`       // authority: empty means all
	Addresses    []string      `json:"addresses,omitempty"`      // networks requests may come from, CIDR; empty: any
	TrafficLimit []Limit       `json:"traffic_limit,omitempty"`  // A6; what is not listed has the platform's limit
	Accounts     []string      `json:"accounts,omitempty"`       // accounts routing may use; empty: all
	ExpirySecs   int           `json:"expiry_seconds,omitempty"` // default life of an unpaid payment
}

// BatchPolicy decides a batch in which some items are refused (A5).
type BatchPolicy string

const (
	BatchAny BatchPolicy = "any" // do what is allowed, refuse the rest item by item
	BatchAll BatchPolicy = "all" // one refusal refuses the batch
)

// LatePolicy decides money that comes after a payment ended without (X11).
type LatePolicy string

const (
	LateKeep   LatePolicy = "keep"
	LateRefund LatePolicy = "refund"
)

// ServiceType is what a request asks for (A2, A5).
type ServiceType string

const (
	ServicePay     ServiceType = "pay"
	ServiceCapture ServiceType = "capture"
	ServiceCancel  ServiceType = "cancel"
	ServiceRefund  ServiceType = "refund"
	ServiceQuery   ServiceType = "query"
	ServiceManage  ServiceType = "manage" // links, endpoints, keys
)

// ServiceTypes lists every service type.
func ServiceTypes() []ServiceType {
	return []ServiceType{ServicePay, ServiceCapture, ServiceCancel, ServiceRefund, ServiceQuery, ServiceManage}
}

// Limit is a traffic threshold: at most Requests within Seconds, for one service type.
type Limit struct {
	Service  ServiceType `json:"service"`
	Requests int         `json:"requests"`
	Seconds  int         `json:"seconds"`
}

// May reports whether the policy gives authority for a service type.
func (p *Policy) May(s ServiceType) bool {
	return len(p.Services) == 0 || slices.Contains(p.Services, s)
}

// Key is a merchant's credential: a bearer secret or a signing key.
type Key struct {
	ID        KeyID         `json:"id"`
	Object    string        `json:"object"` // always "api_key"
	Merchant  MerchantID    `json:"merchant"`
	Kind      KeyKind       `json:"kind"`
	Name      string        `json:"name,omitempty"`
	Services  []ServiceType `json:"services,omitempty"`  // authority of this key; empty: the merchant's
	Addresses []string      `json:"addresses,omitempty"` // CIDR; empty: the merchant's
	Public    string        `json:"public,omitempty"`    // PEM, of ed25519 and rsa keys
	Hint      string        `json:"hint,omitempty"`      // the last characters of a bearer secret
	CreatedAt time.Time     `json:"created_at"`
	RevokedAt time.Time     `json:"revoked_at,omitzero"`

	Digest []byte `json:"-"` // SHA-256 of a bearer secret: the secret itself is not kept
	Shared Secret `json:"-"` // of hmac-sha256 keys, base64
}

// KeyKind is how a key proves its holder.
type KeyKind string

const (
	KeyBearer  KeyKind = "bearer"         // Authorization: Bearer sk_…
	KeyHMAC    KeyKind = "hmac-sha256"    // RFC 9421, shared secret
	KeyEd25519 KeyKind = "ed25519"        // RFC 9421
	KeyRSA     KeyKind = "rsa-pss-sha512" // RFC 9421
)

// KeyKinds lists every kind.
func KeyKinds() []KeyKind { return []KeyKind{KeyBearer, KeyHMAC, KeyEd25519, KeyRSA} }
