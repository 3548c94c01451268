package access

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base32"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/httpsig"
)

const (
	bearerTest = "sk_test_"
	bearerLive = "sk_live_"
	maxBearer  = 128
	minRSABits = 2048
	maxRSABits = 8192
	hintLength = 4
)

// verifyBearer finds the key of a bearer secret by the secret's digest.
func (a *Authenticator) verifyBearer(ctx context.Context, authorization []string, addr netip.Addr) (*credential, error) {
	scheme, secret, _ := strings.Cut(authorization[0], " ")
	known := strings.HasPrefix(secret, bearerTest) || strings.HasPrefix(secret, bearerLive)
	if len(authorization) > 1 || !strings.EqualFold(scheme, "Bearer") || !known || len(secret) > maxBearer {
		return nil, a.refuse(addr, "", paymux.Errorf(paymux.Unauthenticated, "The Authorization header has to be: Bearer sk_test_… or Bearer sk_live_…, once."))
	}
	digest := sha256.Sum256([]byte(secret))
	c, err := a.lookup(ctx, credentialID{digest: digest}, addr)
	if errors.Is(err, paymux.NotFound) {
		return nil, paymux.Errorf(paymux.Unauthenticated, "This bearer key is not known here. Check that it was copied whole and belongs to this deployment.")
	}
	if err != nil {
		return nil, err
	}
	switch {
	case c.key.Kind != paymux.KeyBearer || subtle.ConstantTimeCompare(c.key.Digest, digest[:]) != 1,
		strings.HasPrefix(secret, bearerLive) != c.merchant.Livemode:
		return nil, a.refuse(addr, "", paymux.Errorf(paymux.Unauthenticated, "This bearer key is not known here. Check that it was copied whole and belongs to this deployment."))
	case !c.key.RevokedAt.IsZero():
		return nil, a.refuse(addr, c.key.ID, revoked(&c.key))
	case !c.merchant.Policy.Bearer:
		return nil, paymux.Errorf(paymux.Forbidden, "The policy of this merchant does not allow bearer keys. Sign the request (RFC 9421) with one of its signing keys.")
	}
	return c, nil
}

func revoked(k *paymux.Key) error {
	return paymux.Errorf(paymux.Unauthenticated, "The key %s was revoked at %s. Use another key of the merchant.", k.ID, k.RevokedAt.UTC().Format("2006-01-02 15:04:05 UTC"))
}

// NewBearer makes a bearer secret: 256 random bits. It is shown once; kept are its digest and the hint, its last characters.
func NewBearer(livemode bool) (secret paymux.Secret, digest []byte, hint string) {
	var raw [32]byte
	rand.Read(raw[:])
	text := strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw[:]))
	prefix := bearerTest
	if livemode {
		prefix = bearerLive
	}
	sum := sha256.Sum256([]byte(prefix + text))
	return paymux.Secret(prefix + text), sum[:], text[len(text)-hintLength:]
}

// NewHMAC makes a shared secret of 256 random bits for hmac-sha256, in base64 as Key.Shared keeps it.
func NewHMAC() paymux.Secret {
	var raw [32]byte
	rand.Read(raw[:])
	return paymux.Secret(base64.StdEncoding.EncodeToString(raw[:]))
}

// NewEd25519 makes a key pair. The private key (PKCS #8, PEM) is shown once and not kept; public is for Key.Public.
func NewEd25519() (private paymux.Secret, public string, err error) {
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return "", "", fmt.Errorf("make an ed25519 key: %w", err)
	}
	privateDER, err := x509.MarshalPKCS8PrivateKey(priv)
	if err != nil {
		return "", "", fmt.Errorf("make an ed25519 key: %w", err)
	}
	publicDER, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return "", "", fmt.Errorf("make an ed25519 key: %w", err)
	}
	private = paymux.Secret(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: privateDER}))
	return private, string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: publicDER})), nil
}

// ParsePublicKey reads a public key a merchant sent (PEM, "PUBLIC KEY") and tells its kind. Errors are
// InvalidRequest: not PEM, a private key, another algorithm, RSA below 2048 bits.
func ParsePublicKey(text string) (paymux.KeyKind, error) {
	kind, _, err := publicVerifier(text)
	return kind, err
}

func publicVerifier(text string) (paymux.KeyKind, httpsig.Verifier, error) {
	block, rest := pem.Decode([]byte(text))
	switch {
	case block == nil:
		return "", nil, badPublic("it is not PEM")
	case strings.Contains(block.Type, "PRIVATE"):
		return "", nil, badPublic("it is a private key; never send it to anyone, and make a new pair")
	case block.Type != "PUBLIC KEY" || strings.TrimSpace(string(rest)) != "":
		return "", nil, badPublic(`it is not one PEM block of type "PUBLIC KEY"`)
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return "", nil, badPublic("it can not be read")
	}
	kind, algorithm := paymux.KeyEd25519, httpsig.Ed25519
	if k, ok := key.(*rsa.PublicKey); ok {
		kind, algorithm = paymux.KeyRSA, httpsig.RSAPSSSHA512
		if bits := k.N.BitLen(); bits < minRSABits || bits > maxRSABits {
			return "", nil, badPublic(fmt.Sprintf("an RSA key has %d to %d bits, this one %d", minRSABits, maxRSABits, bits))
		}
	}
	verifier, err := httpsig.NewVerifier(algorithm, key)
	if err != nil {
		return "", nil, badPublic("it is neither Ed25519 nor RSA")
	}
	return kind, verifier, nil
}

func badPublic(why string) error {
	return paymux.Errorf(paymux.InvalidRequest, "The public key can not be used: %s.", why).At("public")
}
