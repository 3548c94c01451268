package paypal

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"hash/crc32"
	"net/http"
	"time"

	"github.com/paymux/paymux/channel"
)

// authentic verifies a webhook as PayPal documents it for receivers that do not ask PayPal to: its
// signature is over the transmission's ID and time, the webhook's ID and the CRC-32 of the
// body as it came, and so events for another webhook fail by themselves.
//
// A CRC is no cryptographic digest: whoever has seen one genuine transmission can give its
// signature to another body. So this keeps strangers out, and no more; what an event
// says of money is not believed from its body: see confirmed.
func (a *account) authentic(ctx context.Context, req channel.CallbackRequest) error {
	if a.webhook == "" {
		return fmt.Errorf("%w: option webhook_id is not set", channel.ErrForged)
	}
	header := http.Header(req.Header)
	id, sent, algorithm := header.Get("Paypal-Transmission-Id"), header.Get("Paypal-Transmission-Time"), header.Get("Paypal-Auth-Algo")
	signature, err := base64.StdEncoding.DecodeString(header.Get("Paypal-Transmission-Sig"))
	if id == "" || sent == "" || len(signature) == 0 || err != nil {
		return fmt.Errorf("%w: it is not signed", channel.ErrForged)
	}
	if algorithm != "SHA256withRSA" {
		return fmt.Errorf("%w: it is signed with another algorithm than SHA256withRSA", channel.ErrForged)
	}
	at, err := time.Parse(time.RFC3339, sent)
	if err != nil {
		return fmt.Errorf("%w: its time cannot be read", channel.ErrForged)
	}
	key, err := a.certificates.key(ctx, header.Get("Paypal-Cert-Url"))
	if err != nil {
		return err
	}
	digest := sha256.Sum256(fmt.Appendf(nil, "%s|%s|%s|%d", id, sent, a.webhook, crc32.ChecksumIEEE(req.Body)))
	if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature); err != nil {
		return fmt.Errorf("%w: its signature is wrong", channel.ErrForged)
	}
	if age := a.now().Sub(at); age.Abs() > a.tolerance {
		return fmt.Errorf("%w: sent %s away from now", channel.ErrStale, age.Abs().Truncate(time.Second))
	}
	return nil
}
