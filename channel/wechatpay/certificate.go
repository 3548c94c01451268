package wechatpay

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/paymux/paymux/channel"
)

// sealed is a text that the platform has encrypted with the APIv3 key.
type sealed struct {
	Algorithm  string `json:"algorithm"`
	Ciphertext string `json:"ciphertext"`
	Associated string `json:"associated_data"`
	Nonce      string `json:"nonce"`
}

// open decrypts. ErrForged: it was not encrypted with this account's key, or was changed.
func (a *account) open(ctx context.Context, s sealed) ([]byte, error) {
	if s.Algorithm != "AEAD_AES_256_GCM" {
		return nil, fmt.Errorf("%w: algorithm %.40q", channel.ErrMalformed, s.Algorithm)
	}
	raw, err := base64.StdEncoding.DecodeString(s.Ciphertext)
	if err != nil {
		return nil, fmt.Errorf("%w: the ciphertext is not base64", channel.ErrMalformed)
	}
	return a.keys.Decrypt(ctx, apiV3Key, channel.Sealed{Ciphertext: raw, Nonce: []byte(s.Nonce), Associated: []byte(s.Associated)})
}

// certificates downloads the platform's certificates. They are authentic because nobody else can encrypt with
// the APIv3 key; the answer must also be signed with one that is known already or comes with it.
func (a *account) certificates(ctx context.Context) (map[string]*x509.Certificate, error) {
	resp, err := a.send(ctx, http.MethodGet, a.base, "/v3/certificates", nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, answerLimit))
	if err != nil {
		return nil, inner(err)
	}
	list, err := a.readCertificates(ctx, answer{status: resp.StatusCode, body: body})
	if err != nil {
		return nil, err
	}
	vouching := func(_ context.Context, id string) (*rsa.PublicKey, error) {
		if key, err := a.trust.known(id, list); err == nil {
			return key, nil
		}
		return a.trust.known(id, a.trust.downloaded.Load().certificates)
	}
	return list, a.authenticBy(ctx, vouching, resp.Header, body)
}

// readCertificates opens the list. A merchant with a public key has no certificates, which is an answer, too.
func (a *account) readCertificates(ctx context.Context, r answer) (map[string]*x509.Certificate, error) {
	var list struct {
		fault
		Data []struct {
			SerialNo string `json:"serial_no"`
			Sealed   sealed `json:"encrypt_certificate"`
		} `json:"data"`
	}
	if err := json.Unmarshal(r.body, &list); err != nil {
		return nil, fmt.Errorf("HTTP %d, and the list is not of its form", r.status)
	}
	r.fault = list.fault
	if r.status == http.StatusNotFound && list.Code == "RESOURCE_NOT_EXISTS" {
		return nil, nil
	}
	if r.status != http.StatusOK {
		return nil, r.told()
	}
	certificates := map[string]*x509.Certificate{}
	for _, entry := range list.Data {
		text, err := a.open(ctx, entry.Sealed)
		if err != nil {
			return nil, fmt.Errorf("open certificate %.64q: %w", entry.SerialNo, err)
		}
		c, err := parseCertificate(text, entry.SerialNo)
		if err != nil {
			return nil, fmt.Errorf("certificate %.64q: %w", entry.SerialNo, err)
		}
		certificates[entry.SerialNo] = c
	}
	if len(certificates) == 0 {
		return nil, errors.New("the list is empty")
	}
	return certificates, nil
}

func parseCertificate(text []byte, serial string) (*x509.Certificate, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("not PEM")
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, err
	}
	if got := fmt.Sprintf("%X", c.SerialNumber); strings.TrimLeft(serial, "0") != got {
		return nil, fmt.Errorf("its serial number is %s", got)
	}
	if _, ok := c.PublicKey.(*rsa.PublicKey); !ok {
		return nil, errors.New("no RSA key")
	}
	return c, nil
}
