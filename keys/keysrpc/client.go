package keysrpc

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/rpc"
	"github.com/paymux/paymux/keys/keyuse"
)

// Client is a caller of a key service in another process. Its methods are those of keys.User, with the same
// errors, and those of package rpc besides: rpc.ErrNotTaken where no key service answered. Safe for concurrent use.
type Client struct {
	rpc      *rpc.Client
	caller   string
	receiver receiver
}

// NewClient returns a client that calls as caller. The connection's credentials have to allow that.
func NewClient(conn *nats.Conn, caller string) (*Client, error) {
	if err := keyuse.CheckCaller(caller); err != nil {
		return nil, err
	}
	own, err := newReceiver()
	if err != nil {
		return nil, err
	}
	return &Client{&rpc.Client{Conn: conn, Faults: Faults()}, caller, own}, nil
}

// askSecret asks for what nobody on the way may read.
func (c *Client) askSecret(ctx context.Context, verb string, q question) ([]byte, error) {
	q.To = c.receiver.public
	a, err := c.ask(ctx, verb, q)
	if err != nil {
		return nil, err
	}
	return c.receiver.open(verb, &q, a.Sealed)
}

func (c *Client) ask(ctx context.Context, verb string, q question) (answer, error) {
	q.Request = keyuse.RequestOf(ctx)
	a, err := rpc.Call[question, answer](ctx, c.rpc, prefix+c.caller+"."+verb, q)
	if err != nil {
		return answer{}, fmt.Errorf("key service: %w", err)
	}
	return a, nil
}

// KeyID is that of keys.User.
func (c *Client) KeyID(ctx context.Context, key keyuse.Name) (string, error) {
	a, err := c.ask(ctx, verbKeyID, question{Key: key})
	return a.KeyID, err
}

// Chain is that of keys.User.
func (c *Client) Chain(ctx context.Context, key keyuse.Name, keyID string) ([][]byte, error) {
	a, err := c.ask(ctx, verbChain, question{Key: key, KeyID: keyID})
	return a.Chain, err
}

// Public is that of keys.User.
func (c *Client) Public(ctx context.Context, key keyuse.Name) ([]keyuse.Public, error) {
	a, err := c.ask(ctx, verbPublic, question{Key: key})
	return a.Public, err
}

// Sign is that of keys.User.
func (c *Client) Sign(ctx context.Context, key keyuse.Name, keyID string, message []byte) ([]byte, error) {
	a, err := c.ask(ctx, verbSign, question{Key: key, KeyID: keyID, Message: message})
	return a.Result, err
}

// Verify is that of keys.User.
func (c *Client) Verify(ctx context.Context, key keyuse.Name, message, signature []byte) error {
	a, err := c.ask(ctx, verbVerify, question{Key: key, Message: message, Signature: signature})
	if err == nil && !a.Correct { // a reply of another form must not count as a judgement
		err = errors.New("key service: the reply does not say that the signature is correct")
	}
	return err
}

// Encrypt is that of keys.User.
func (c *Client) Encrypt(ctx context.Context, key keyuse.Name, keyID string, plain, nonce, associated []byte) ([]byte, error) {
	a, err := c.ask(ctx, verbEncrypt, question{Key: key, KeyID: keyID, Plain: plain, Nonce: nonce, Associated: associated})
	return a.Result, err
}

// Decrypt is that of keys.User.
func (c *Client) Decrypt(ctx context.Context, key keyuse.Name, sealed, nonce, associated []byte) ([]byte, error) {
	return c.askSecret(ctx, verbDecrypt, question{Key: key, Sealed: sealed, Nonce: nonce, Associated: associated})
}

// Unwrap is that of keys.User.
func (c *Client) Unwrap(ctx context.Context, key keyuse.Name, keyID string, w keyuse.Wrapped) ([]byte, error) {
	inner := wrapped(w)
	return c.askSecret(ctx, verbUnwrap, question{Key: key, KeyID: keyID, Wrapped: &inner})
}

// Reveal is that of keys.User.
func (c *Client) Reveal(ctx context.Context, key keyuse.Name) (paymux.Secret, error) {
	secret, err := c.askSecret(ctx, verbReveal, question{Key: key})
	return paymux.Secret(secret), err
}
