// Package sandbox is an institution that pretends: a bank, two wallets and a 3-D
// Secure server in one, and the channel in front of it. It misbehaves on
// demand (by test card, by magic amount, by switch, by script) and keeps a durable book of
// what it really did, so that tests can count charges.
//
// The channel (driver.go, result.go, wire_client.go) and the institution (the rest) share
// nothing but wire.go: a request, an answer with a status, and a line on which
// either can be lost. The line is plain calls in one process, or HTTP between two. No money
// can move here, and it refuses card numbers that are not test numbers. Start
// reading at Institution, then wire.go, then plan.go and decide.go.
package sandbox

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/paymux/paymux"
)

// Config sets an institution up. The zero value works, in memory.
type Config struct {
	Dir string // of the book and the secrets; empty: memory only

	// PublicURL is the base of the payer's pages, without a slash at the end,
	// such as http://127.0.0.1:8080. It is asked on every use, so that it may be known late.
	PublicURL func() string

	Client         *http.Client  // for notifications; nil: one that keeps connections and follows no redirects
	CallbackSecret paymux.Secret // signs notifications; empty: kept in Dir, or made up
	APIKey         paymux.Secret // calls over the wire bear it; empty: kept in Dir, or made up
	Log            *slog.Logger
	Now            func() time.Time

	Senders int             // notifications under way at a time; 0: 64
	Backoff []time.Duration // waits between attempts, the last one repeated; nil: 1 s to 1 min
	Delay   time.Duration   // of late notifications, disputes, slow refunds and answers, and changes of mind; 0: 5 s

	// Refuse closes the socket the institution is served on for a while: see [Listener]. Nil: it has none of its own.
	Refuse func(time.Duration) error
}

// Institution is the pretended bank. Safe for concurrent use.
type Institution struct {
	publicURL func() string
	log       *slog.Logger
	now       func() time.Time
	delay     time.Duration
	secret    paymux.Secret
	book      *book
	sender    *sender

	key    [32]byte // digest of the key that calls over the wire bear where an account has none of its own
	hungUp chan struct{}
	hangUp sync.Once
	refuse func(time.Duration) error // nil: the institution has no socket of its own

	mu        sync.RWMutex // guards customers
	customers map[string]*customer
}

// NewInstitution opens an institution and its book. Close it with Stop.
func NewInstitution(c Config) (*Institution, error) {
	c.fill()
	secret, err := kept(c.Dir, SecretFile, "sbxsec_", c.CallbackSecret)
	if err != nil {
		return nil, fmt.Errorf("sandbox: callback secret: %w", err)
	}
	key, err := kept(c.Dir, KeyFile, "sbxkey_", c.APIKey)
	if err != nil {
		return nil, fmt.Errorf("sandbox: key of the wire: %w", err)
	}
	i := &Institution{
		publicURL: c.PublicURL, log: c.Log, now: c.Now, delay: c.Delay, refuse: c.Refuse, hungUp: make(chan struct{}),
		secret: secret, key: sha256.Sum256([]byte(key.Reveal())), customers: map[string]*customer{},
	}
	i.sender = newSender(c, i.settle, i.delivered, i.signerOf)
	i.book, err = openBook(c.Dir, c.Log, i.sender.enqueue)
	if err != nil {
		return nil, fmt.Errorf("sandbox: book: %w", err)
	}
	return i, nil
}

// Start begins to send notifications, those left over from an earlier run first. It may be called twice.
func (i *Institution) Start() { i.sender.start() }

// Stop ends sending and closes the book; what was not delivered is sent after the
// next start. It may be called twice.
func (i *Institution) Stop() {
	i.HangUp()
	i.sender.stop()
	i.book.close()
}

func (c *Config) fill() {
	if c.PublicURL == nil {
		c.PublicURL = func() string { return "" }
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Senders <= 0 {
		c.Senders = 64
	}
	if len(c.Backoff) == 0 {
		c.Backoff = []time.Duration{time.Second, 2 * time.Second, 5 * time.Second, 15 * time.Second, time.Minute}
	}
	if c.Delay <= 0 {
		c.Delay = 5 * time.Second
	}
	if c.Client == nil {
		c.Client = notificationClient(c.Senders)
	}
}

func notificationClient(senders int) *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost = senders, senders
	return &http.Client{
		Transport:     transport,
		Timeout:       15 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Names of the secrets that are kept in Config.Dir, made at the first start.
const (
	SecretFile = "callback.secret" // signs notifications
	KeyFile    = "api.key"         // calls over the wire bear it
)

// kept is the secret given, or the one in a file of dir, made at the first start.
func kept(dir, name, prefix string, given paymux.Secret) (paymux.Secret, error) {
	if given != "" {
		return given, nil
	}
	made := paymux.Secret(prefix + unguessable(32))
	if dir == "" {
		return made, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	path := filepath.Join(dir, name)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, os.ErrExist) {
		text, err := os.ReadFile(path)
		if err == nil && len(text) < 32 {
			err = fmt.Errorf("%s holds too little; remove it to have a new one made", path)
		}
		return paymux.Secret(text), err
	}
	if err != nil {
		return "", err
	}
	_, err = f.WriteString(made.Reveal())
	return made, errors.Join(err, f.Sync(), f.Close())
}

// signerOf is what signs the notifications of an account.
func (i *Institution) signerOf(name string) signer {
	if c, err := i.customer(name); err == nil {
		return c.signer
	}
	return ownSecret(i.secret)
}

// unguessable returns n random bytes in hexadecimal.
func unguessable(n int) string {
	raw := make([]byte, n)
	rand.Read(raw)
	return hex.EncodeToString(raw)
}

// change lets decide alter the book and returns when that is durable. An error of decide alters nothing.
func (i *Institution) change(ctx context.Context, decide func(*draft) error) error {
	return i.book.change(ctx, decide)
}
