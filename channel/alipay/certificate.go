package alipay

import (
	"crypto/md5"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"
)

// leastBits of a key of Alipay's: RSA2 needs 2048.
const leastBits = 2048

// serialNumber is what Alipay calls a certificate's serial number: the MD5 of the issuer's
// name (RFC 2253, as it stands in the certificate) followed by the serial number in decimal. It names the
// certificate and protects nothing.
func serialNumber(c *x509.Certificate) (string, error) {
	var issuer pkix.RDNSequence
	if _, err := asn1.Unmarshal(c.RawIssuer, &issuer); err != nil {
		return "", fmt.Errorf("read the issuer: %w", err)
	}
	sum := md5.Sum([]byte(issuer.String() + c.SerialNumber.String()))
	return hex.EncodeToString(sum[:]), nil
}

// rootSerialNumber joins the serial numbers of the root certificates that are signed with RSA. Alipay's file
// holds others, too, such as SM2 ones, which take no part.
func rootSerialNumber(roots []*x509.Certificate) (string, error) {
	var all []string
	for _, c := range roots {
		sn, err := serialNumber(c)
		if err != nil {
			return "", err
		}
		all = append(all, sn)
	}
	return strings.Join(all, "_"), nil
}

// signedWithRSA is the beginning of the object identifiers of RSA signatures (PKCS #1).
var signedWithRSA = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1}

// certificates reads every certificate of a PEM text that is signed with RSA, in order.
func certificates(text string) ([]*x509.Certificate, error) {
	var list []*x509.Certificate
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("a PEM block of type %q is no certificate", block.Type)
		}
		if !rsaSigned(block.Bytes) {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("read a certificate: %w", err)
		}
		list = append(list, c)
	}
	if list == nil {
		return nil, errors.New("no certificate signed with RSA is in it")
	}
	return list, nil
}

func rsaSigned(der []byte) bool {
	var c struct {
		Content   asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &c); err != nil {
		return true // no certificate at all: let the parser say so
	}
	id := c.Algorithm.Algorithm
	return len(id) > len(signedWithRSA) && id[:len(signedWithRSA)].Equal(signedWithRSA)
}

// chained returns the first certificate's key once the chain up to the roots is proven. The time of the proof is now or, for a
// certificate that is not valid now, its own last or first moment: which one is in use Alipay's answers say.
func chained(list []*x509.Certificate, roots *x509.CertPool, now time.Time) (*rsa.PublicKey, error) {
	leaf, between := list[0], x509.NewCertPool()
	for _, c := range list[1:] {
		between.AddCert(c)
	}
	if now.After(leaf.NotAfter) {
		now = leaf.NotAfter
	}
	if now.Before(leaf.NotBefore) {
		now = leaf.NotBefore
	}
	_, err := leaf.Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		return nil, fmt.Errorf("prove the certificate by the root: %w", err)
	}
	return strongKey(leaf.PublicKey)
}

func strongKey(key any) (*rsa.PublicKey, error) {
	public, ok := key.(*rsa.PublicKey)
	if !ok || public.N.BitLen() < leastBits {
		return nil, fmt.Errorf("the key is not RSA of %d bits or more", leastBits)
	}
	return public, nil
}

// publicKeys reads PEM blocks, or base64 DER separated by commas, which is what Alipay's console shows.
func publicKeys(text string) ([]*rsa.PublicKey, error) {
	var keys []*rsa.PublicKey
	for _, der := range keyTexts(text) {
		key, err := x509.ParsePKIXPublicKey(der)
		if err != nil {
			return nil, errors.New("neither PEM nor base64 of a public key")
		}
		public, err := strongKey(key)
		if err != nil {
			return nil, err
		}
		keys = append(keys, public)
	}
	if keys == nil {
		return nil, errors.New("no public key is in it")
	}
	return keys, nil
}

// keyTexts are the DER texts of keys; one that cannot be read is nil.
func keyTexts(text string) (list [][]byte) {
	if strings.Contains(text, "-----BEGIN") {
		for rest := []byte(text); ; {
			var block *pem.Block
			if block, rest = pem.Decode(rest); block == nil {
				return list
			}
			list = append(list, block.Bytes)
		}
	}
	for part := range strings.SplitSeq(text, ",") {
		der, _ := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(part), ""))
		list = append(list, der)
	}
	return list
}
