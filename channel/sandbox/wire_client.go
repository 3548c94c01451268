package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/internal/sendonce"
)

// card is how a request names a card over the wire. Only test cards are taken at the other end.
type card struct {
	Number   string `json:"number,omitempty"`
	CVC      string `json:"cvc,omitempty"`
	ExpMonth int    `json:"exp_month,omitempty"`
	ExpYear  int    `json:"exp_year,omitempty"`
	Token    string `json:"token,omitempty"`
}

// wireRequest is a request as it is written on the wire.
type wireRequest struct {
	*request
	Card *card `json:"card,omitempty"`
}

// problemBody is the part of a refusal that is read.
type problemBody struct {
	Code string `json:"code"`
}

// remote is the line to an institution in another process: one request a call, sent once.
type remote struct {
	client *http.Client
	base   string // of the account's addresses
	keys   channel.Keys
}

// openRemote opens an account at an institution that runs elsewhere. It calls nobody.
func openRemote(d *channel.Driver, c channel.Config) (channel.Channel, error) {
	base, err := url.Parse(c.Options[optionBase])
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fmt.Errorf("channel %s, account %s: option %q must be an http or https URL", Name, c.Account, optionBase)
	}
	if err := checkRemote(d, c); err != nil {
		return nil, err
	}
	signer, err := signerOf(c)
	if err != nil {
		return nil, err
	}
	a := &account{name: c.Account, signer: signer, now: c.Now, line: &remote{
		client: sendonce.Client(c.Client), base: base.JoinPath("sandbox", "v1", c.Account).String(), keys: c.Keys,
	}}
	if a.now == nil {
		a.now = time.Now
	}
	return a, nil
}

// checkRemote wants the keys of both ways, and nothing that is decided where the institution runs.
func checkRemote(d *channel.Driver, c channel.Config) error {
	for _, o := range d.Options {
		given := c.Options[o.Name] != ""
		switch {
		case o.Kind != "" && !given:
			return fmt.Errorf("channel %s, account %s: with a %s, option %s is needed", Name, c.Account, optionBase, o.Name)
		case o.Kind == "" && o.Name != optionBase && given:
			return fmt.Errorf("channel %s, account %s: with a %s, option %s is set where the institution runs", Name, c.Account, optionBase, o.Name)
		}
	}
	return nil
}

func (l *remote) send(ctx context.Context, r *request) (told report, err error) {
	out := wireRequest{request: r}
	if c := r.Card; !c.Empty() {
		out.Card = &card{c.Number.Reveal(), c.CVC.Reveal(), c.ExpMonth, c.ExpYear, c.Token.Reveal()}
	}
	body, err := json.Marshal(out)
	if err != nil {
		return told, fmt.Errorf("%w: %w", channel.ErrNotSent, err)
	}
	return told, l.call(ctx, http.MethodPost, "/operations", body, &told)
}

func (l *remote) ask(ctx context.Context, id paymux.OperationID) (told report, err error) {
	return told, l.call(ctx, http.MethodGet, "/operations/"+url.PathEscape(string(id)), nil, &told)
}

func (l *remote) books(ctx context.Context, day time.Time) ([]booking, error) {
	var page struct {
		Data []booking `json:"data"`
	}
	err := l.call(ctx, http.MethodGet, "/statement?day="+day.UTC().Format(time.DateOnly), nil, &page)
	return page.Data, err
}

func (l *remote) drive(ctx context.Context, q *channel.KitRequest) (r channel.KitReply, err error) {
	body, err := json.Marshal(q)
	if err != nil {
		return r, err
	}
	return r, l.call(ctx, http.MethodPost, "/kit", body, &r)
}

// answerLimit is how much of an answer is read: a statement of a busy day is the largest.
const answerLimit = 256 << 20

func (l *remote) call(ctx context.Context, method, path string, body []byte, into any) error {
	req, err := l.request(ctx, method, path, body)
	if err != nil {
		return fmt.Errorf("%w: %w", channel.ErrNotSent, err)
	}
	resp, err := l.client.Do(req)
	if err != nil {
		return transportError(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, answerLimit))
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return refusalError(resp, text)
	}
	if json.Unmarshal(text, into) != nil {
		return errGarbage // its text is not ours to repeat
	}
	return nil
}

// request makes a request whose body cannot be rewound, so that net/http never sends it again by itself.
func (l *remote) request(ctx context.Context, method, path string, body []byte) (*http.Request, error) {
	key, err := l.keys.Reveal(ctx, optionKey)
	if err != nil {
		return nil, fmt.Errorf("ask for the key: %w", err)
	}
	var content io.Reader
	if body != nil {
		content = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, l.base+path, content)
	if err != nil {
		return nil, err
	}
	req.GetBody = nil
	req.Header.Set("Authorization", "Bearer "+key.Reveal())
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// transportError: only what failed before there was a connection is certain not to have arrived.
func transportError(err error) error {
	var dial *net.OpError
	var dns *net.DNSError
	if errors.As(err, &dial) && dial.Op == "dial" || errors.As(err, &dns) || errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("%w: %w", channel.ErrNotSent, err)
	}
	return err
}

// refusalError reads what is not 200. Only the institution's own word, a status with its
// code, proves anything: a page of somebody between us may have any status.
func refusalError(resp *http.Response, text []byte) error {
	var p problemBody
	if json.Unmarshal(text, &p) == nil {
		for _, r := range wireRefusals {
			if r.status == resp.StatusCode && r.code == p.Code {
				return r.err
			}
		}
	}
	return fmt.Errorf("answered %s", strings.TrimSpace(resp.Status))
}
