package alipayfake

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/md5"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"strings"
	"time"
)

// authority issues certificates: a root that issues one in between, which issues the rest.
type authority struct {
	between     *x509.Certificate
	betweenText string
	key         *rsa.PrivateKey
}

func newKeys(now time.Time) (k keys, err error) {
	made := make([]*rsa.PrivateKey, 4)
	for n := range made {
		if made[n], err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			return k, err
		}
	}
	k.app, k.alipay, k.certificates = made[0], made[1], map[string]string{}
	der, err := x509.MarshalPKCS8PrivateKey(k.app)
	if err != nil {
		return k, err
	}
	k.appPEM = block("PRIVATE KEY", der)
	if err = k.found(made[2], made[3], now); err != nil {
		return k, err
	}
	if k.appCert, k.appCertSN, err = k.authority.issue("一家商户 Ltd.", "1234567890", &k.app.PublicKey, now); err != nil {
		return k, err
	}
	return k, k.certify(now)
}

// sameKeys are an institution's keys for another one, which may renew them on its own.
func (i *Institution) sameKeys() keys {
	i.mu.Lock()
	defer i.mu.Unlock()
	same := i.keys
	same.certificates = maps.Clone(same.certificates)
	return same
}

// found makes the root and the authority below it. The file of roots holds one that is no RSA certificate, too, as Alipay's does.
func (k *keys) found(rootKey, betweenKey *rsa.PrivateKey, now time.Time) error {
	root, rootText, err := certificate(name("Pretended Certification Authority R1"), nil, &rootKey.PublicKey, rootKey, now)
	if err != nil {
		return err
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	_, otherText, err := certificate(name("Pretended Certification Authority E1"), nil, &curve.PublicKey, curve, now)
	if err != nil {
		return err
	}
	second, secondText, err := certificate(name("Pretended Certification Authority R2"), nil, &betweenKey.PublicKey, betweenKey, now)
	if err != nil {
		return err
	}
	k.roots = rootText + otherText + secondText
	k.rootCertSN = certSN(root) + "_" + certSN(second)
	a := authority{key: betweenKey}
	a.between, a.betweenText, err = certificate(name("Pretended Certification Authority Class 2 R1"), root, &betweenKey.PublicKey, rootKey, now)
	k.authority = a
	return err
}

// certify has Alipay's present key certified anew.
func (k *keys) certify(now time.Time) (err error) {
	k.alipayCert, k.alipayCertSN, err = k.authority.issue("支付宝(中国)网络技术有限公司", "2088000000000000", &k.alipay.PublicKey, now)
	k.certificates[k.alipayCertSN] = k.alipayCert
	return err
}

// issue certifies a key and returns the certificate, with the one it was issued by, and its serial number.
func (a authority) issue(holder, unit string, key *rsa.PublicKey, now time.Time) (text, sn string, err error) {
	subject := pkix.Name{CommonName: holder + "-" + unit, OrganizationalUnit: []string{"Alipay"}, Organization: []string{holder}, Country: []string{"CN"}}
	c, text, err := certificate(subject, a.between, key, a.key, now)
	if err != nil {
		return "", "", err
	}
	return text + a.betweenText, certSN(c), nil
}

// RenewCertificate has Alipay sign with another key and certificate from now on.
func (i *Institution) RenewCertificate() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	i.keys.alipay = key
	return i.keys.certify(i.now())
}

// MisuseCertificate has answers be signed by the application's own key, and name its certificate, which
// the same authority has issued.
func (i *Institution) MisuseCertificate() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys.alipay, i.keys.alipayCertSN = i.keys.app, i.keys.appCertSN
	i.keys.certificates[i.keys.appCertSN] = i.keys.appCert
}

func name(common string) pkix.Name {
	return pkix.Name{Country: []string{"CN"}, Organization: []string{"Pretended Financial"}, OrganizationalUnit: []string{"Certification Authority"}, CommonName: common}
}

// certificate is signed by an issuer, or by itself.
func certificate(subject pkix.Name, issuer *x509.Certificate, key crypto.PublicKey, signer crypto.Signer, now time.Time) (*x509.Certificate, string, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, "", err
	}
	c := &x509.Certificate{
		SerialNumber: serial, Subject: subject, NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(5, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: subject.OrganizationalUnit[0] != "Alipay",
	}
	if issuer == nil {
		issuer = c
	}
	der, err := x509.CreateCertificate(rand.Reader, c, issuer, key, signer)
	if err != nil {
		return nil, "", fmt.Errorf("issue a certificate: %w", err)
	}
	parsed, err := x509.ParseCertificate(der)
	return parsed, block("CERTIFICATE", der), err
}

// certSN is the MD5 of the issuer's name, most special part first, and the serial number. All names here are plain.
func certSN(c *x509.Certificate) string {
	parts := []string{"CN=" + c.Issuer.CommonName}
	for _, u := range c.Issuer.OrganizationalUnit {
		parts = append(parts, "OU="+u)
	}
	for _, o := range c.Issuer.Organization {
		parts = append(parts, "O="+o)
	}
	for _, o := range c.Issuer.Country {
		parts = append(parts, "C="+o)
	}
	sum := md5.Sum([]byte(strings.Join(parts, ",") + c.SerialNumber.String()))
	return hex.EncodeToString(sum[:])
}

func block(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func publicPEM(key *rsa.PublicKey) string {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return ""
	}
	return block("PUBLIC KEY", der)
}

func signature(key *rsa.PrivateKey, content []byte) string {
	digest := sha256.Sum256(content)
	raw, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
	if err != nil {
		return ""
	}
	return base64.StdEncoding.EncodeToString(raw)
}

func verified(key *rsa.PublicKey, content, sign string) bool {
	raw, err := base64.StdEncoding.DecodeString(sign)
	digest := sha256.Sum256([]byte(content))
	return err == nil && rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], raw) == nil
}
