package wechatpayfake

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const scheme = "WECHATPAY2-SHA256-RSA2048 "

var part = regexp.MustCompile(`^([a-z_]+)="([^"]*)"$`)

// gate checks the Authorization header; the answer is what is wrong.
func (s *Institution) gate(in *call) (no string) {
	text, ok := strings.CutPrefix(in.Header.Get("Authorization"), scheme)
	if !ok {
		return "Authorization of another scheme"
	}
	fields := map[string]string{}
	for piece := range strings.SplitSeq(text, ",") {
		m := part.FindStringSubmatch(piece)
		if m == nil || fields[m[1]] != "" {
			return "Authorization is not of its form"
		}
		fields[m[1]] = m[2]
	}
	at, nonce := fields["timestamp"], fields["nonce_str"]
	seconds, err := strconv.ParseInt(at, 10, 64)
	switch {
	case len(fields) != 5:
		return "Authorization needs mchid, serial_no, timestamp, nonce_str and signature"
	case fields["mchid"] != s.Merchant.MchID:
		return "no such merchant"
	case fields["serial_no"] != s.Merchant.SerialNo:
		return "the certificate is not the merchant's"
	case err != nil || s.Now().Sub(time.Unix(seconds, 0)).Abs() > 5*time.Minute:
		return "the timestamp is more than 5 minutes off"
	case nonce == "" || len(nonce) > 32 || s.nonces[nonce]:
		return "the nonce is missing, too long or used"
	}
	signature, err := base64.StdEncoding.DecodeString(fields["signature"])
	message := strings.Join([]string{in.Method, in.URL.RequestURI(), at, nonce, string(in.body)}, "\n") + "\n"
	digest := sha256.Sum256([]byte(message))
	if err != nil || rsa.VerifyPKCS1v15(&s.Merchant.keyPair.private.PublicKey, crypto.SHA256, digest[:], signature) != nil {
		return "the signature is wrong"
	}
	s.nonces[nonce] = true
	return ""
}

// headers checks the other headers every request needs.
func (in *call) headers() (no string) {
	accept, kind := in.Header.Get("Accept"), in.Header.Get("Content-Type")
	switch {
	case !strings.Contains(accept, "application/json") && !strings.Contains(accept, "*/*"):
		return "Accept must take application/json"
	case in.Header.Get("User-Agent") == "":
		return "User-Agent is missing"
	case in.Method == http.MethodPost && !strings.HasPrefix(kind, "application/json"):
		return "Content-Type must be application/json"
	}
	return ""
}
