package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/internal/groupcommit"
)

// Name is the driver's.
const Name = "sandbox"

// The options of the channel's half.
const (
	optionBase   = "base_url"
	optionKey    = "api_key"
	optionSecret = "callback_secret" // the key of an account that has one of its own
)

// Driver is the channel in front of the institution: by plain calls, or over the
// wire of another one for accounts that have a base_url.
func (i *Institution) Driver() *channel.Driver {
	d := driver()
	d.Options = append(customerOptions(), lineOptions(false)...)
	d.Open = func(c channel.Config) (channel.Channel, error) {
		if err := d.Check(c.Options); err != nil {
			return nil, err
		}
		if c.Options[optionBase] != "" {
			return openRemote(d, c)
		}
		return i.open(c)
	}
	return d
}

// RemoteDriver is the channel without an institution in this process: every account is
// at one that runs elsewhere.
func RemoteDriver() *channel.Driver {
	d := driver()
	d.Options = lineOptions(true)
	d.Open = func(c channel.Config) (channel.Channel, error) {
		if err := d.Check(c.Options); err != nil {
			return nil, err
		}
		return openRemote(d, c)
	}
	return d
}

func driver() *channel.Driver {
	return &channel.Driver{
		Name:    Name,
		Title:   "Sandbox (pretends, no real money)",
		Methods: slices.Clone(methods),
		Features: channel.Features{
			ManualCapture: true, PartialCapture: true, MultiCapture: true, Cancel: true, Refund: true, PartialRefund: true,
			Query: true, Callbacks: true, Statement: true, CardNumbers: true, CardTokens: true,
		},
		TimeLimit: 10 * time.Second,
	}
}

// lineOptions are about the way to the institution. away: it is in another process for certain.
func lineOptions(away bool) []channel.Option {
	base, key, secret := "Where the institution runs, such as http://127.0.0.1:8090.", "What calls bear there.", "Signs notifications."
	if !away {
		base += " Empty: in this process."
		secret += " Empty: the institution's own; needed with base_url."
	}
	return []channel.Option{
		{Name: optionBase, Help: base, Required: away},
		{Name: optionKey, Help: key, Required: away, Secret: true, Kind: channel.KeyOpaque},
		{Name: optionSecret, Help: secret, Required: away, Secret: true, Kind: channel.KeyHMAC},
	}
}

// account is the channel's half of an open account.
type account struct {
	name   string
	line   line
	signer signer // of notifications
	now    func() time.Time
}

// line is the way to the institution: plain calls, or HTTP. Errors are what the line or the institution did.
type line interface {
	send(context.Context, *request) (report, error)
	ask(context.Context, paymux.OperationID) (report, error)
	books(ctx context.Context, day time.Time) ([]booking, error)
	drive(context.Context, *channel.KitRequest) (channel.KitReply, error)
}

// open opens an account in this process.
func (i *Institution) open(c channel.Config) (channel.Channel, error) {
	if c.Options[optionKey] != "" {
		return nil, fmt.Errorf("channel %s, account %s: option %s is for accounts with a %s", Name, c.Account, optionKey, optionBase)
	}
	here := map[string]string{}
	for _, o := range customerOptions() {
		here[o.Name] = c.Options[o.Name]
	}
	at, err := i.newCustomer(c.Account, here)
	if err != nil {
		return nil, err
	}
	if c.Options[optionSecret] != "" {
		if at.signer, err = signerOf(c); err != nil {
			return nil, err
		}
	}
	i.admit(at)
	a := &account{name: c.Account, line: counter{i, at}, signer: at.signer, now: c.Now}
	if a.now == nil {
		a.now = i.now
	}
	return a, nil
}

func signerOf(c channel.Config) (signer, error) {
	if c.Keys == nil {
		return nil, fmt.Errorf("channel %s, account %s: opened without its keys", Name, c.Account)
	}
	return accountSecret{c.Keys}, nil
}

// Do sends op down the line.
func (a *account) Do(ctx context.Context, op channel.Operation) (channel.Result, error) {
	if err := ctx.Err(); err != nil {
		return channel.Result{}, fmt.Errorf("sandbox: %w", err)
	}
	request := requestOf(op)
	r, err := a.line.send(ctx, &request)
	return a.read(&r, op, err)
}

// Query asks for op down the same line.
func (a *account) Query(ctx context.Context, op channel.Operation) (channel.Result, error) {
	if err := ctx.Err(); err != nil {
		return channel.Result{}, fmt.Errorf("sandbox: %w", err)
	}
	r, err := a.line.ask(ctx, op.ID)
	return a.read(&r, op, err)
}

// errStray is an answer to another question.
var errStray = errors.New("the answer is about another account, operation or kind")

// read makes sure that the answer is about op, and translates it. A wrong amount is passed on
// as it came: whoever asked compares it.
func (a *account) read(r *report, op channel.Operation, err error) (channel.Result, error) {
	if err != nil {
		return channel.Result{}, lineError(err)
	}
	if r.Account != a.name || r.Operation != op.ID || op.Kind != "" && r.Kind != op.Kind {
		return channel.Result{}, fmt.Errorf("sandbox: %w", errStray)
	}
	return result(r, op), nil
}

// lineError says in the contract's terms what the line did.
func lineError(err error) error {
	switch {
	case errors.Is(err, errRefused), errors.Is(err, errUnavailable), errors.Is(err, errUnauthorized), errors.Is(err, groupcommit.ErrClosed):
		return fmt.Errorf("sandbox: %w: %w", channel.ErrNotSent, err)
	case errors.Is(err, errKind):
		return fmt.Errorf("sandbox: %w", channel.ErrUnsupported)
	case errors.Is(err, errNotFound):
		return fmt.Errorf("sandbox: %w", channel.ErrAbsent)
	}
	return fmt.Errorf("sandbox: %w", err)
}

// Callback verifies and reads a notification. One that is refused names its operation, where it can be read.
func (a *account) Callback(ctx context.Context, req channel.CallbackRequest) (channel.Callback, error) {
	var r report
	unread := json.Unmarshal(req.Body, &r)
	header := http.Header(req.Header).Get(signatureHeader)
	err := verify(ctx, a.signer, header, req.Body, a.now())
	switch {
	case err != nil:
	case unread != nil:
		err = fmt.Errorf("%w: %w", channel.ErrMalformed, unread)
	case r.ID == "" || r.Operation == "":
		err = fmt.Errorf("%w: no ID or no operation", channel.ErrMalformed)
	case r.Account != a.name:
		err = channel.ErrForeign
	}
	if err != nil {
		return channel.Callback{Operation: r.Operation}, fmt.Errorf("sandbox: %w", err)
	}
	news := channel.Callback{ID: r.ID}
	if r.Dispute != nil {
		news.Dispute = disputeOf(&r)
		return news, nil
	}
	news.Operation = r.Operation
	news.Result = result(&r, channel.Operation{ID: r.Operation, Kind: r.Kind, PageURL: r.PageURL})
	return news, nil
}

// Statement lists what moved money on a UTC day, in the order operations came in.
func (a *account) Statement(ctx context.Context, day time.Time) ([]channel.StatementLine, error) {
	booked, err := a.line.books(ctx, day)
	if err != nil {
		return nil, fmt.Errorf("statement: %w", lineError(err))
	}
	lines := make([]channel.StatementLine, len(booked))
	for at, b := range booked {
		lines[at] = channel.StatementLine{
			Operation: b.Operation, ChannelID: b.Transaction, Kind: b.Kind,
			Money: paymux.Money{Amount: b.Amount, Currency: b.Currency}, Fee: b.Fee, At: b.At,
		}
	}
	return lines, nil
}
