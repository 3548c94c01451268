package adyen

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/paymux/paymux/channel"
)

// The way back from 3-D Secure. Adyen authorises such a payment only when what the
// payer's browser brings back (redirectResult, or threeDSResult from its Component) is handed to
// /payments/details. The contract has no verb for that, and needs none: the return URL is
// this account's own callback URL, which carries the operation, where the payer goes on to, until when
// that may be, and a seal over them. The seal keeps strangers from having us call Adyen or forward
// browsers at their will. What counts is Adyen's answer, and after it the webhook.
const (
	sealParameter      = "seal"
	operationParameter = "operation"
	backParameter      = "back"
	untilParameter     = "until"
)

// What a browser may bring, and the longest that Adyen takes.
var detailLimits = map[string]int{"redirectResult": 20000, "threeDSResult": 50000}

func (a *account) returnURL(ctx context.Context, op channel.Operation) (string, error) {
	if op.CallbackURL == "" {
		return "", errors.New("the operation has no callback URL")
	}
	to, err := url.Parse(op.CallbackURL)
	if err != nil {
		return "", err
	}
	until := ""
	if !op.ExpiresAt.IsZero() {
		until = strconv.FormatInt(op.ExpiresAt.Unix(), 10)
	}
	q := url.Values{operationParameter: {referenceOf(op, false).String()}, backParameter: {cmp.Or(op.PageURL, op.ReturnURL)}, untilParameter: {until}}
	seal, err := a.keys.Sign(ctx, "hmac_key", "", sealed(q))
	if err != nil {
		return "", err
	}
	q.Set(sealParameter, base64.RawURLEncoding.EncodeToString(seal))
	to.RawQuery = q.Encode()
	return to.String(), nil
}

// sealed is what a seal covers. It holds no colon, so that it can never be what a webhook signs with the same key.
func sealed(q url.Values) []byte {
	all := sha256.Sum256([]byte(q.Get(operationParameter) + "\n" + q.Get(untilParameter) + "\n" + q.Get(backParameter)))
	return []byte("paymux return " + hex.EncodeToString(all[:]))
}

// comeBack hands what the payer brings to Adyen, and sends the payer on.
func (a *account) comeBack(ctx context.Context, req channel.CallbackRequest, q url.Values) (channel.Callback, error) {
	ref, details, err := a.brought(ctx, req, q)
	news := channel.Callback{Operation: ref.operation}
	if err != nil {
		return news, fmt.Errorf("adyen return: %w", err)
	}
	var answer paymentAnswer
	if err := a.call(ctx, http.MethodPost, "/payments/details", detailsKey(ref, details), detailsRequest{Details: details}, &answer); err != nil {
		return a.notPassedOn(ctx, ref, q.Get(backParameter), err), nil
	}
	if answer.MerchantReference != ref.String() {
		return news, fmt.Errorf("%w: what was brought back is of another payment", channel.ErrForged)
	}
	news.ID = "return " + cmp.Or(answer.PSPReference, ref.String())
	news.Result = a.payOutcome(ref, &answer)
	news.Ack = page(http.StatusOK, q.Get(backParameter))
	return news, nil
}

// notPassedOn is no news: whatever becomes of the payment, the webhook tells of it. Where
// Adyen did not refuse what was brought, the payer may load the page again.
func (a *account) notPassedOn(ctx context.Context, ref reference, back string, err error) channel.Callback {
	a.log.WarnContext(ctx, "adyen: what came back from 3-D Secure was not taken", "operation", ref.operation, "error", err)
	var r *refusal
	if errors.As(err, &r) && r.status < http.StatusInternalServerError && !r.transient {
		return channel.Callback{Ack: page(http.StatusOK, back)}
	}
	return channel.Callback{Ack: page(http.StatusServiceUnavailable, "")}
}

// brought checks the seal, and reads what the browser brings.
func (a *account) brought(ctx context.Context, req channel.CallbackRequest, q url.Values) (reference, map[string]string, error) {
	seal, err := base64.RawURLEncoding.DecodeString(q.Get(sealParameter))
	if err != nil {
		return reference{}, nil, fmt.Errorf("%w: the seal is broken", channel.ErrForged)
	}
	ref, ok := parseReference(q.Get(operationParameter))
	if err := a.keys.Verify(ctx, "hmac_key", sealed(q), seal); err != nil {
		return ref, nil, err
	}
	if !ok || ref.kind != refPay {
		return ref, nil, fmt.Errorf("%w: no payment by token is named", channel.ErrMalformed)
	}
	if until, err := strconv.ParseInt(q.Get(untilParameter), 10, 64); err == nil && !a.now().Before(time.Unix(until, 0)) {
		return ref, nil, fmt.Errorf("%w: the payment has expired", channel.ErrStale)
	}
	if req.Method == http.MethodPost {
		form, err := url.ParseQuery(string(req.Body))
		if err != nil {
			return ref, nil, fmt.Errorf("%w: not a form", channel.ErrMalformed)
		}
		q = form
	}
	details := map[string]string{}
	for name, limit := range detailLimits {
		if text := q.Get(name); text != "" && len(text) <= limit {
			details[name] = text
		}
	}
	if len(details) != 1 {
		return ref, nil, fmt.Errorf("%w: neither redirectResult nor threeDSResult was brought", channel.ErrMalformed)
	}
	return ref, details, nil
}

// detailsKey is the same for the same details, so that a page that is loaded again gets the first answer.
func detailsKey(ref reference, details map[string]string) string {
	sum := sha256.Sum256([]byte(details["redirectResult"] + "\n" + details["threeDSResult"]))
	return string(ref.operation) + "-" + hex.EncodeToString(sum[:12])
}

var pages = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="referrer" content="no-referrer"><title>Payment</title>
{{if .}}<meta http-equiv="refresh" content="0; url={{.}}">{{end}}</head>
<body>{{if .}}<p><a href="{{.}}">Continue</a></p>{{else}}<p>The bank could not be reached. Please load this page again.</p>{{end}}</body></html>
`))

// page sends the payer's browser on, or, with nowhere to go, asks the payer to try again.
func page(status int, to string) channel.Ack {
	if !strings.HasPrefix(to, "https://") && !strings.HasPrefix(to, "http://") {
		to = ""
	}
	var text bytes.Buffer
	if err := pages.Execute(&text, to); err != nil {
		return channel.Ack{Status: status}
	}
	return channel.Ack{Status: status, ContentType: "text/html; charset=utf-8", Body: text.Bytes()}
}
