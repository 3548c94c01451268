package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"time"

	"github.com/paymux/paymux"
)

// Operator calls the operators' interface with the operators' own token. Merchants' keys do not work there.
type Operator struct{ c *Client }

// NewOperator returns a client for operators; Config.Key is the operators' token.
func NewOperator(c Config) (*Operator, error) {
	made, err := New(c)
	if err != nil {
		return nil, err
	}
	return &Operator{c: made}, nil
}

// MerchantRequest makes or changes a merchant.
type MerchantRequest struct {
	Name     string         `json:"name"`
	Livemode bool           `json:"livemode,omitempty"`
	Policy   *paymux.Policy `json:"policy,omitempty"`
}

// BuriedTask is a task that failed too often.
type BuriedTask struct {
	ID        paymux.TaskID `json:"id"`
	Kind      string        `json:"kind"`
	Lane      string        `json:"lane"`
	Ref       string        `json:"ref"`
	Attempts  int           `json:"attempts"`
	Reason    string        `json:"reason"`
	CreatedAt time.Time     `json:"created_at"`
	BuriedAt  time.Time     `json:"buried_at"`
}

// Call sends one request as an operator; see [Client.Call].
func (o *Operator) Call(ctx context.Context, method, path string, in, out any, opts ...Option) error {
	return o.c.Call(ctx, method, path, in, out, opts...)
}

// CreateMerchant makes a merchant.
func (o *Operator) CreateMerchant(ctx context.Context, r MerchantRequest, opts ...Option) (*paymux.Merchant, error) {
	return one[paymux.Merchant](ctx, o.c, http.MethodPost, "/ops/v1/merchants", r, opts)
}

// Merchant reads one merchant.
func (o *Operator) Merchant(ctx context.Context, id paymux.MerchantID, opts ...Option) (*paymux.Merchant, error) {
	return one[paymux.Merchant](ctx, o.c, http.MethodGet, at("ops", "v1", "merchants", string(id)), nil, opts)
}

// CreateKey makes a credential for a merchant.
func (o *Operator) CreateKey(ctx context.Context, merchant paymux.MerchantID, r KeyRequest, opts ...Option) (*KeyWithSecret, error) {
	return one[KeyWithSecret](ctx, o.c, http.MethodPost, at("ops", "v1", "merchants", string(merchant), "api_keys"), r, opts)
}

// Merchants lists merchants, newest first.
func (o *Operator) Merchants(ctx context.Context, opts ...Option) iter.Seq2[paymux.Merchant, error] {
	return pages[paymux.Merchant](ctx, o.c, "/ops/v1/merchants", nil, opts)
}

// FailingEndpoints lists endpoints of all merchants whose attempts have all failed for a while, longest first. limit is 1 to 100; 0: 20.
func (o *Operator) FailingEndpoints(ctx context.Context, limit int, opts ...Option) ([]paymux.Endpoint, error) {
	got, err := page[paymux.Endpoint](ctx, o.c, "/ops/v1/failing_endpoints", url.Values{"limit": {number(limit)}}, "", opts)
	return got.Data, err
}

// BuriedTasks lists what was given up, newest first.
func (o *Operator) BuriedTasks(ctx context.Context, opts ...Option) iter.Seq2[BuriedTask, error] {
	return pages[BuriedTask](ctx, o.c, "/ops/v1/buried_tasks", nil, opts)
}
