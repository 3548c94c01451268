package natsserver

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"time"
)

// Lifetimes of certificates. The authority's is long: replacing it means to give every process a new one.
const (
	authorityLife   = 20 * 365 * 24 * time.Hour
	certificateLife = 2 * 365 * 24 * time.Hour
	renewBefore     = 90 * 24 * time.Hour
)

// Authority signs the certificates of a deployment's NATS servers, and nothing else.
type Authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	now         func() time.Time
}

// NewAuthority makes one, in PEM.
func NewAuthority(now func() time.Time) (certificate, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: "Paymux NATS"}, NotBefore: now().Add(-time.Hour), NotAfter: now().Add(authorityLife),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign,
	}
	if certificate, err = sign(template, template, private.Public(), private); err != nil {
		return nil, nil, err
	}
	key, err = encodeKey(private)
	return certificate, key, err
}

// LoadAuthority reads one.
func LoadAuthority(certificate, key []byte, now func() time.Time) (*Authority, error) {
	cert, err := parseCertificate(certificate)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(key)
	if block == nil {
		return nil, errors.New("the authority's key is not PEM")
	}
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	ec, ok := private.(*ecdsa.PrivateKey)
	if err != nil || !ok || !ec.PublicKey.Equal(cert.PublicKey) {
		return nil, errors.New("the authority's key does not belong to its certificate")
	}
	return &Authority{certificate: cert, key: ec, now: now}, nil
}

// Serves reports whether a certificate is good for all these hosts, for a while still.
func (a *Authority) Serves(certificate []byte, hosts []string) bool {
	cert, err := parseCertificate(certificate)
	if err != nil || cert.CheckSignatureFrom(a.certificate) != nil || a.now().Add(renewBefore).After(cert.NotAfter) {
		return false
	}
	for _, host := range hosts {
		if cert.VerifyHostname(host) != nil {
			return false
		}
	}
	return true
}

// Issue makes a certificate for a server's key and the names and addresses it is reached by.
func (a *Authority) Issue(key []byte, hosts []string) ([]byte, error) {
	block, _ := pem.Decode(key)
	if block == nil {
		return nil, errors.New("the server's key is not PEM")
	}
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	ec, ok := private.(*ecdsa.PrivateKey)
	if err != nil || !ok {
		return nil, errors.New("the server's key is not an EC key")
	}
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: hosts[0]}, NotBefore: a.now().Add(-time.Hour), NotAfter: a.now().Add(certificateLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}, // servers of a cluster are each other's clients
	}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	return sign(template, a.certificate, ec.Public(), a.key)
}

// NewServerKey makes a key, in PEM.
func NewServerKey() ([]byte, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	return encodeKey(private)
}

func sign(template, parent *x509.Certificate, public any, private *ecdsa.PrivateKey) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	template.SerialNumber = serial
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, private)
	if err != nil {
		return nil, fmt.Errorf("sign a certificate: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), nil
}

func encodeKey(private *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

func parseCertificate(text []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("a certificate is not PEM")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read a certificate: %w", err)
	}
	return cert, nil
}
