package wechatpay

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// scheme of the Authorization header: RSASSA-PKCS1-v1_5 with SHA-256.
const scheme = "WECHATPAY2-SHA256-RSA2048"

// errNoSerial: WeChat Pay could not tell which key has signed.
var errNoSerial = errors.New("the private key has no key ID and the option serial_no is empty")

// authorization signs a request. uri is path and query as they are sent, body the bytes as they are sent.
func (a *account) authorization(ctx context.Context, method, uri string, body []byte) (string, error) {
	id, err := a.keys.KeyID(ctx, privateKey)
	if err != nil {
		return "", fmt.Errorf("ask for the key's ID: %w", err)
	}
	serial := cmp.Or(id, a.serialNo)
	if serial == "" {
		return "", errNoSerial
	}
	at, nonce := strconv.FormatInt(a.now().Unix(), 10), rand.Text()
	signature, err := a.sign(ctx, id, method, uri, at, nonce, string(body))
	if err != nil {
		return "", err
	}
	return fmt.Sprintf(`%s mchid="%s",serial_no="%s",timestamp="%s",nonce_str="%s",signature="%s"`,
		scheme, a.mchID, serial, at, nonce, signature), nil
}

// sign signs lines, each ended by a line feed, and returns base64.
func (a *account) sign(ctx context.Context, keyID string, text ...string) (string, error) {
	signature, err := a.keys.Sign(ctx, privateKey, keyID, lines(text...))
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	return base64.StdEncoding.EncodeToString(signature), nil
}

func lines(text ...string) []byte { return []byte(strings.Join(text, "\n") + "\n") }
