package wechatpayfake

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// keyPair is an RSA key.
type keyPair struct{ private *rsa.PrivateKey }

func newKeyPair() *keyPair {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err) // no randomness: nothing to go on with
	}
	return &keyPair{private}
}

func (k *keyPair) privatePEM() string {
	der, err := x509.MarshalPKCS8PrivateKey(k.private)
	if err != nil {
		panic(err)
	}
	return armour("PRIVATE KEY", der)
}

func (k *keyPair) publicPEM() string {
	der, err := x509.MarshalPKIXPublicKey(&k.private.PublicKey)
	if err != nil {
		panic(err)
	}
	return armour("PUBLIC KEY", der)
}

func (k *keyPair) sign(message string) string {
	digest := sha256.Sum256([]byte(message))
	signature, err := rsa.SignPKCS1v15(nil, k.private, crypto.SHA256, digest[:])
	if err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(signature)
}

func armour(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// platformKey is a key of the platform: a public key of its own ID, or a certificate's.
type platformKey struct {
	*keyPair
	ID          string
	certificate string // PEM; empty for a public key
	from, until time.Time
}

// NewPublicKey makes another WeChat Pay public key. From now on it signs for who asks for no older one; the
// older ones remain known.
func (s *Institution) NewPublicKey() (id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := &platformKey{keyPair: newKeyPair(), ID: fmt.Sprintf("PUB_KEY_ID_01%s%08d", s.Merchant.MchID, len(s.keys)+1)}
	s.keys = append(s.keys, k)
	return k.ID
}

// NewCertificate makes another platform certificate, which signs from now on.
func (s *Institution) NewCertificate(from, until time.Time) (serial string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := &platformKey{keyPair: newKeyPair(), from: from, until: until}
	number := new(big.Int).SetBytes([]byte(rand.Text()[:20]))
	k.ID = fmt.Sprintf("%X", number)
	template := &x509.Certificate{
		SerialNumber: number, NotBefore: from, NotAfter: until,
		Subject: pkix.Name{CommonName: "Tenpay.com sign", Organization: []string{"Simulator"}},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &k.private.PublicKey, k.private)
	if err != nil {
		panic(err)
	}
	k.certificate = armour("CERTIFICATE", der)
	s.keys = append(s.keys, k)
	return k.ID
}

// PublicKeys are the PEM of the platform's public keys and their IDs, newest first.
func (s *Institution) PublicKeys() (pems, ids []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := len(s.keys) - 1; i >= 0; i-- {
		if k := s.keys[i]; k.certificate == "" {
			pems, ids = append(pems, k.publicPEM()), append(ids, k.ID)
		}
	}
	return pems, ids
}

// Options are those of an account at this institution.
func (s *Institution) Options(url string) map[string]string {
	options := map[string]string{
		"mch_id": s.Merchant.MchID, "app_id": s.Merchant.AppID, "serial_no": s.Merchant.SerialNo,
		"private_key": s.Merchant.PrivateKey, "api_v3_key": s.Merchant.APIv3Key, "base_url": url, "livemode": "false",
	}
	if pems, ids := s.PublicKeys(); len(ids) > 0 {
		options["platform_public_key"], options["platform_public_key_id"] = strings.Join(pems, ""), strings.Join(ids, ",")
	}
	return options
}

// signer is the key that signs: the one asked for, or else the newest certificate, or else the newest public key.
func (s *Institution) signer(asked string) *platformKey {
	var newest *platformKey
	for _, k := range s.keys {
		if k.ID == asked {
			return k
		}
		if newest == nil || k.certificate != "" || newest.certificate == "" {
			newest = k
		}
	}
	return newest
}

// respond writes an answer, signed unless it is a file.
func (s *Institution) respond(w http.ResponseWriter, in *call, reply Reply) {
	body := in.raw
	if in.answer != nil {
		body = encode(in.answer)
	}
	if reply.Body != "" {
		body = []byte(reply.Body)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Request-ID", rand.Text())
	if in.raw != nil {
		h.Set("Content-Type", "application/x-gzip")
	} else {
		s.seal(h, s.signer(in.Header.Get("Wechatpay-Serial")), s.Now(), body)
	}
	if reply.Spoil != nil {
		body = reply.Spoil(h, body)
	}
	w.WriteHeader(in.status)
	if in.status != http.StatusNoContent {
		w.Write(body)
	}
}

// seal signs a body into headers.
func (s *Institution) seal(h http.Header, k *platformKey, at time.Time, body []byte) {
	stamp, nonce := strconv.FormatInt(at.Unix(), 10), rand.Text()
	h.Set("Wechatpay-Timestamp", stamp)
	h.Set("Wechatpay-Nonce", nonce)
	h.Set("Wechatpay-Serial", k.ID)
	h.Set("Wechatpay-Signature-Type", "WECHATPAY2-SHA256-RSA2048")
	h.Set("Wechatpay-Signature", k.sign(stamp+"\n"+nonce+"\n"+string(body)+"\n"))
}

// encrypt is AEAD_AES_256_GCM with the merchant's APIv3 key.
func (s *Institution) encrypt(plain []byte, associated string) map[string]string {
	block, err := aes.NewCipher([]byte(s.Merchant.APIv3Key))
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	nonce := rand.Text()[:12]
	return map[string]string{
		"algorithm": "AEAD_AES_256_GCM", "nonce": nonce, "associated_data": associated,
		"ciphertext": base64.StdEncoding.EncodeToString(aead.Seal(nil, []byte(nonce), plain, []byte(associated))),
	}
}

func (s *Institution) listCertificates(in *call) {
	var list []map[string]any
	for _, k := range s.keys {
		if k.certificate == "" {
			continue
		}
		list = append(list, map[string]any{
			"serial_no": k.ID, "effective_time": k.from.In(beijing()).Format(time.RFC3339), "expire_time": k.until.In(beijing()).Format(time.RFC3339),
			"encrypt_certificate": s.encrypt([]byte(k.certificate), "certificate"),
		})
	}
	if list == nil {
		in.refuse(http.StatusNotFound, "RESOURCE_NOT_EXISTS", "无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥")
		return
	}
	in.answer = map[string]any{"data": list}
}

// PublicKey is the PEM of the merchant's public key.
func (m Merchant) PublicKey() string { return m.keyPair.publicPEM() }
