package access

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/paymux/paymux"
)

// Defaults of [Options].
const (
	defaultSkew       = 5 * time.Minute
	defaultNonces     = 16 << 20
	defaultCredential = 100_000
)

// Options adjust an [Authenticator]. The zero value of each field means its default.
type Options struct {
	// PublicURL is what clients call the service: scheme, host and perhaps a path
	// that a proxy in front takes away. Empty: scheme and host of the request count.
	PublicURL string
	// OwnHost accepts, beside PublicURL, signatures over scheme and host of the request itself.
	OwnHost bool
	// TrustedProxies may say by forwarding headers where a request came from; no one else may.
	TrustedProxies []netip.Prefix
	// ForwardedHeader is the header the proxies write: "X-Forwarded-For" (default) or "Forwarded" (RFC 7239).
	ForwardedHeader string

	Skew         time.Duration // how far a signature's time may be off; 5 minutes
	Nonces       int           // remembered at the same time; 16 Mi, about 300 MB if ever reached
	Credentials  int           // kept in memory; 100,000
	Limit        paymux.Limit  // traffic of one merchant and service type without a limit of its own; 6,000 in 60 s
	FailureLimit paymux.Limit  // refused credentials of one address; 100 in 60 s
	Now          func() time.Time
}

// Authenticator tells who sent a request (A3, A4), what they may do (A5) and how much of it (A6). It
// is safe for concurrent use, starts nothing, and shares no lock among all merchants. Nonces and traffic
// are those of this process.
type Authenticator struct {
	now      func() time.Time
	skew     time.Duration
	public   publicURL
	ownHost  bool
	locator  *Locator
	keys     *directory
	nonces   *nonces
	traffic  *traffic[trafficKey]
	failures *traffic[failureKey]
	limit    paymux.Limit
	refusals paymux.Limit
	scratch  sync.Pool // *[]byte, for signature bases
}

// Identity is a merchant whose request has been verified.
type Identity struct {
	Merchant paymux.Merchant
	Key      paymux.Key
	Addr     netip.Addr    // of the client, behind trusted proxies
	Client   paymux.Client // the same, with its country
	Signed   bool          // false where a bearer key was enough

	credential *credential
}

type publicURL struct{ scheme, host, prefix string }

// NewAuthenticator returns an authenticator. The error says which option is wrong.
func NewAuthenticator(d Directory, o Options) (*Authenticator, error) {
	o.setDefaults()
	public, err := parsePublicURL(o.PublicURL)
	if err != nil {
		return nil, err
	}
	locator, err := NewLocator(o.TrustedProxies, o.ForwardedHeader)
	if err != nil {
		return nil, err
	}
	return &Authenticator{
		now: o.Now, skew: o.Skew, public: public, ownHost: o.OwnHost || o.PublicURL == "", locator: locator,
		keys:   newDirectory(d, o.Credentials, o.Now),
		nonces: newNonces(o.Nonces, o.Skew), traffic: newTraffic[trafficKey](), failures: newTraffic[failureKey](),
		limit: o.Limit, refusals: o.FailureLimit,
		scratch: sync.Pool{New: func() any { b := make([]byte, 0, 1024); return &b }},
	}, nil
}

func (o *Options) setDefaults() {
	if o.Skew <= 0 {
		o.Skew = defaultSkew
	}
	if o.Nonces <= 0 {
		o.Nonces = defaultNonces
	}
	if o.Credentials <= 0 {
		o.Credentials = defaultCredential
	}
	if o.Limit.Requests <= 0 || o.Limit.Seconds <= 0 {
		o.Limit = paymux.Limit{Requests: 6000, Seconds: 60}
	}
	if o.FailureLimit.Requests <= 0 || o.FailureLimit.Seconds <= 0 {
		o.FailureLimit = paymux.Limit{Requests: 100, Seconds: 60}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
}

func parsePublicURL(text string) (publicURL, error) {
	if text == "" {
		return publicURL{}, nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return publicURL{}, errors.New("public URL: it has to be like https://pay.example.com")
	}
	return publicURL{u.Scheme, u.Host, strings.TrimSuffix(u.EscapedPath(), "/")}, nil
}

// Authenticate verifies who sent a request. body is what came, still encrypted where it was encrypted.
//
// Errors are *paymux.Error: Unauthenticated (no credentials, or unknown or revoked ones), SignatureInvalid,
// SignatureStale, SignatureReplayed, Forbidden (bearer keys are not for this merchant), RateLimited (too
// many refusals from this address) and Unavailable (the directory does not answer). Messages
// say what to change; none tells how close a guess was.
func (a *Authenticator) Authenticate(r *http.Request, body []byte) (Identity, error) {
	addr := a.locator.ClientAddr(r)
	c, signed, err := a.verify(r, body, addr)
	if err != nil {
		return Identity{}, err
	}
	return Identity{
		Merchant: c.merchant, Key: c.key, Addr: addr, Signed: signed,
		Client: a.locator.client(addr), credential: c,
	}, nil
}

func (a *Authenticator) verify(r *http.Request, body []byte, addr netip.Addr) (c *credential, signed bool, err error) {
	authorization := r.Header["Authorization"]
	signed = len(r.Header["Signature-Input"]) > 0 || len(r.Header["Signature"]) > 0
	switch {
	case signed && len(authorization) > 0:
		return nil, signed, paymux.Errorf(paymux.Unauthenticated, "Send either a signature or an Authorization header, not both.")
	case signed:
		c, err = a.verifySignature(r, body, addr)
	case len(authorization) > 0:
		c, err = a.verifyBearer(r.Context(), authorization, addr)
	default:
		err = paymux.Errorf(paymux.Unauthenticated, "This request has no credentials. Sign it (RFC 9421: Signature-Input and Signature), or send Authorization: Bearer sk_… where the merchant's policy allows it.")
	}
	return c, signed, err
}

// Invalidate makes every credential be read again when it is used next.
func (a *Authenticator) Invalidate() { a.keys.invalidate() }

// failureKey counts refusals: of unknown credentials by address, of a known key by address and key,
// so that someone's guessing never locks out a neighbour who has a good key.
type failureKey struct {
	addr netip.Addr
	key  paymux.KeyID
}

// failureOf counts a whole IPv6 subnet as one address: its holder has them all.
func failureOf(addr netip.Addr, key paymux.KeyID) failureKey {
	if addr.Is6() && !addr.Is4In6() {
		if p, err := addr.Prefix(64); err == nil {
			addr = p.Addr()
		}
	}
	return failureKey{addr, key}
}

// refuse counts a refusal and returns it.
func (a *Authenticator) refuse(addr netip.Addr, key paymux.KeyID, err error) error {
	a.failures.take(failureOf(addr, key), a.refusals, a.now())
	return err
}

// tooManyFailures reports, as an error, that an address has to wait.
func (a *Authenticator) tooManyFailures(addr netip.Addr, key paymux.KeyID) error {
	wait, full := a.failures.full(failureOf(addr, key), a.refusals, a.now())
	if !full {
		return nil
	}
	err := paymux.Errorf(paymux.RateLimited, "Too many refused credentials from %s. Wait %d seconds.", addr, seconds(wait))
	err.RetryAfter = seconds(wait)
	return err
}

// lookup finds a credential; unknown ones are counted and, from an address that sent too many of them, not looked for.
func (a *Authenticator) lookup(ctx context.Context, id credentialID, addr netip.Addr) (*credential, error) {
	if c := a.keys.cached(ctx, id); c != nil {
		return c, nil
	}
	if err := a.tooManyFailures(addr, ""); err != nil {
		return nil, err
	}
	c, err := a.keys.find(ctx, id)
	if errors.Is(err, paymux.NotFound) {
		return nil, a.refuse(addr, "", err)
	}
	return c, err
}
