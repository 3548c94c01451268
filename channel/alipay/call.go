package alipay

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"

	"github.com/paymux/paymux/channel"
)

// largestAnswer bounds what is read of an answer; real ones are a few kilobytes.
const largestAnswer = 1 << 20

// request is one call of the gateway.
type request struct {
	method               string
	content              any // biz_content
	notifyURL, returnURL string
}

// answer is what the gateway says, of any method.
type answer struct {
	Code    string `json:"code"`
	Msg     string `json:"msg"`
	SubCode string `json:"sub_code"`
	SubMsg  string `json:"sub_msg"`

	TradeNo     string  `json:"trade_no"`
	OutTradeNo  string  `json:"out_trade_no"`
	TradeStatus string  `json:"trade_status"`
	TotalAmount decimal `json:"total_amount"`
	SendPayDate string  `json:"send_pay_date"`
	QRCode      string  `json:"qr_code"`

	FundChange   string  `json:"fund_change"`
	OutRequestNo string  `json:"out_request_no"`
	RefundStatus string  `json:"refund_status"`
	RefundAmount decimal `json:"refund_amount"`

	BillDownloadURL string `json:"bill_download_url"`
	Certificate     string `json:"alipay_cert_content"`
}

// parameters are a request's, signed.
func (a *account) parameters(ctx context.Context, r request) (map[string]string, error) {
	content, err := compact(r.content)
	if err != nil {
		return nil, fmt.Errorf("write biz_content: %w", err)
	}
	p := map[string]string{
		"app_id": a.appID, "method": r.method, "format": "JSON", "charset": "utf-8", "sign_type": "RSA2",
		"timestamp": when(a.now()), "version": "1.0", "biz_content": content,
	}
	if r.notifyURL != "" {
		p["notify_url"] = r.notifyURL
	}
	if r.returnURL != "" {
		p["return_url"] = r.returnURL
	}
	if err := a.own.sign(ctx, p); err != nil {
		return nil, fmt.Errorf("%w: alipay %s: %w", channel.ErrNotSent, r.method, err)
	}
	return p, nil
}

// compact is JSON without Go's escapes for HTML.
func compact(content any) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(content)
	return strings.TrimSuffix(b.String(), "\n"), err
}

// ask calls a method once and returns its answer, verified: of an error nobody knows what it did there, unless
// it is channel.ErrNotSent.
func (a *account) ask(ctx context.Context, r request) (answer, error) {
	text, err := a.send(ctx, r)
	if err != nil {
		return answer{}, err
	}
	s, err := split(text, r.method)
	if err != nil {
		return answer{}, fmt.Errorf("alipay %s: %w", r.method, err)
	}
	err = a.trust.answer(s.certSN, s.content, s.signature)
	if errors.Is(err, errUnknown) {
		if err = a.download(ctx, s.certSN); err == nil {
			err = a.trust.answer(s.certSN, s.content, s.signature)
		}
	}
	if err != nil {
		return answer{}, fmt.Errorf("alipay %s: verify the answer: %w", r.method, err)
	}
	return s.read(r.method)
}

// send signs and posts: what names the call in the URL, what it is about in the body.
func (a *account) send(ctx context.Context, r request) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("%w: %w", channel.ErrNotSent, err)
	}
	p, err := a.parameters(ctx, r)
	if err != nil {
		return nil, err
	}
	body := encode(map[string]string{"biz_content": p["biz_content"]})
	delete(p, "biz_content")
	to := *a.gateway
	to.RawQuery = encode(p)
	post, err := http.NewRequestWithContext(ctx, http.MethodPost, to.String(), strings.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%w: alipay %s: %w", channel.ErrNotSent, r.method, err)
	}
	post.Header.Set("Content-Type", "application/x-www-form-urlencoded;charset=utf-8")
	got, err := a.client.Do(post)
	if err != nil {
		return nil, lost(r.method, err)
	}
	defer got.Body.Close()
	text, err := io.ReadAll(io.LimitReader(got.Body, largestAnswer))
	if err != nil {
		return nil, fmt.Errorf("alipay %s: read the answer: %w", r.method, bare(err))
	}
	if got.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("alipay %s: HTTP %d", r.method, got.StatusCode)
	}
	return text, nil
}

// lost: only what failed before there was a connection is certain not to have arrived.
func lost(method string, err error) error {
	var dial *net.OpError
	var dns *net.DNSError
	var certificate *tls.CertificateVerificationError
	if errors.As(err, &dial) && dial.Op == "dial" || errors.As(err, &dns) || errors.As(err, &certificate) || errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("%w: alipay %s: %w", channel.ErrNotSent, method, bare(err))
	}
	return fmt.Errorf("alipay %s: %w", method, bare(err))
}

// bare is a transport's error without the URL, which holds the whole request.
func bare(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// signed is an answer taken apart: content is the signed member, byte for byte.
type signed struct {
	content           []byte
	certSN, signature string
}

// split takes the member that is signed out of an answer without touching it: a raw message is the bytes as they came.
func split(text []byte, method string) (signed, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return signed{}, errors.New("the answer is not a JSON object")
	}
	var s signed
	content, ok := members[strings.ReplaceAll(method, ".", "_")+"_response"]
	if !ok {
		content, ok = members["error_response"]
	}
	if !ok {
		return signed{}, errors.New("the answer has no response to this method")
	}
	s.content = content
	for name, into := range map[string]*string{"alipay_cert_sn": &s.certSN, "sign": &s.signature} {
		if raw, ok := members[name]; ok && json.Unmarshal(raw, into) != nil {
			return signed{}, fmt.Errorf("%s in the answer is no text", name)
		}
	}
	return s, nil
}

func (s signed) read(method string) (answer, error) {
	var a answer
	if err := json.Unmarshal(s.content, &a); err != nil || a.Code == "" {
		return answer{}, fmt.Errorf("alipay %s: the answer is not of the documented form", method)
	}
	return a, nil
}

// download gets the certificate that an answer names. The answer to this is signed with that same
// certificate, so it is the root that decides whether to believe any of it.
func (a *account) download(ctx context.Context, sn string) error {
	const method = "alipay.open.app.alipaycert.download"
	if sn == "" {
		return errWrong
	}
	text, err := a.send(ctx, request{method: method, content: map[string]string{"alipay_cert_sn": sn}})
	if err != nil {
		return fmt.Errorf("download certificate %s: %w", sn, unsure(err))
	}
	s, err := split(text, method)
	if err != nil {
		return fmt.Errorf("download certificate %s: %w", sn, err)
	}
	got, err := s.read(method)
	if err != nil {
		return err
	}
	pem, err := base64.StdEncoding.DecodeString(got.Certificate)
	if err != nil || len(pem) == 0 {
		return fmt.Errorf("download certificate %s: code %s %s, and no certificate", sn, got.Code, got.SubCode)
	}
	list, err := certificates(string(pem))
	if err != nil {
		return fmt.Errorf("download certificate %s: %w", sn, err)
	}
	if err := a.trust.learn(list, a.now()); err != nil {
		return fmt.Errorf("download certificate %s: %w", sn, err)
	}
	a.log.InfoContext(ctx, "alipay certificate downloaded", "serial_number", sn)
	return nil
}

// unsure is an error of a call that was made on behalf of another: that the certificate was not
// asked for does not mean that the payment was not.
func unsure(err error) error {
	if errors.Is(err, channel.ErrNotSent) {
		return errors.New(err.Error())
	}
	return err
}
