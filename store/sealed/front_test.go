package sealed_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/client"
	"github.com/paymux/paymux/notify"
	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/queue"
	"github.com/paymux/paymux/relay"
	"github.com/paymux/paymux/routing"
)

// front is the front door of a scene, with the rooms behind it.
type front struct {
	*scene
	payments *payment.Service
	url      string
	bearer   paymux.Secret
}

func newFront(s *scene) *front {
	s.t.Helper()
	f := &front{scene: s}
	notifier := notify.New(notify.Config{
		Store: s, Deliveries: s, Replays: s, Backlog: s, Offer: func([]queue.Task) {}, IDs: s.ids, Now: time.Now, Log: quiet,
	})
	s.t.Cleanup(notifier.Close)
	driver := &channel.Driver{
		Name: "bank", Methods: paymux.MethodTypes(), Features: channel.Features{CardNumbers: true, CardTokens: true}, TimeLimit: time.Second,
	}
	accounts := channel.NewAccounts(&channel.Account{Name: "bank", Driver: driver, Channel: bank{}, Methods: driver.Methods})
	program, err := routing.Compile(&routing.RuleSet{Fallback: routing.Fallback{All: true}})
	s.must(err)
	view := program.Bind(payment.Routable(accounts), nil)
	f.payments = payment.New(payment.Config{
		Store: s, Accounts: func() *channel.Accounts { return accounts }, Routes: func() *routing.View { return view },
		IDs: s.ids, Now: time.Now, Log: quiet, Notify: notifier.Tasks, PublicURL: "http://127.0.0.1",
		Policy: func(context.Context, paymux.MerchantID) (paymux.Policy, error) { return paymux.Policy{}, nil },
	})
	node, err := relay.New([]relay.Region{{Number: 7, Name: "eu", Weight: 1, Node: f.payments}})
	s.must(err)
	gate, err := access.NewAuthenticator(s, access.Options{OwnHost: true, Now: time.Now})
	s.must(err)
	door, err := access.New(access.Config{
		Payments: node, Queries: f.payments, Callbacks: node, Merchants: s, Endpoints: s, Links: s, Events: s,
		Notifications: notifier, NotificationLog: s, Answers: s, Tasks: nothing{}, Channels: nothing{}, RuleSets: nothing{}, RuleSetTrials: nothing{}, Routes: nothing{}, Statistics: s, Gate: gate, IDs: s.ids, Now: time.Now, Log: quiet, PublicURL: "http://127.0.0.1",
	})
	s.must(err)
	server := httptest.NewServer(door)
	s.t.Cleanup(server.Close)
	f.url = server.URL
	f.enrol()
	return f
}

// enrol lets the merchant use a bearer key.
func (f *front) enrol() {
	f.t.Helper()
	f.scene.merchant.Policy.Bearer = true
	f.must(f.UpdateMerchant(f.t.Context(), f.scene.merchant))
	secret, digest, hint := access.NewBearer(false)
	f.bearer = secret
	f.must(f.CreateKey(f.t.Context(), paymux.Key{
		ID: paymux.KeyID(f.ids.New(paymux.PrefixKey)), Object: "api_key", Merchant: f.scene.merchant.ID, Kind: paymux.KeyBearer, Digest: digest, Hint: hint,
	}, nil))
}

func (f *front) client(c client.Config) *client.Client {
	f.t.Helper()
	c.BaseURL, c.Attempts = f.url, 1
	made, err := client.New(c)
	f.must(err)
	return made
}

// bank is an institution that likes every card.
type bank struct{}

func (bank) Do(_ context.Context, op channel.Operation) (channel.Result, error) {
	return channel.Result{State: paymux.OpSucceeded, Money: op.Money, ChannelID: "b_1"}, nil
}
func (bank) Query(context.Context, channel.Operation) (channel.Result, error) {
	return channel.Result{}, errors.New("not open for queries")
}
func (bank) Callback(context.Context, channel.CallbackRequest) (channel.Callback, error) {
	return channel.Callback{}, channel.ErrForged
}
func (bank) Statement(context.Context, time.Time) ([]channel.StatementLine, error) {
	return nil, channel.ErrUnsupported
}

// What a merchant is told once, and a payer's card, come to rest nowhere: neither with the nouns nor in the answers
// that are kept for repeats, in events or in tasks.
func TestNoSecretOfTheInterfaceInADump(t *testing.T) {
	onBoth(t, func(t *testing.T, e engine) {
		f := newFront(newScene(t, e))
		ctx, c := t.Context(), f.client(client.Config{Key: f.bearer})
		secrets := []string{f.bearer.Reveal()}

		var key client.KeyWithSecret
		secrets = append(secrets, f.twice(func(again bool, opts ...client.Option) paymux.Secret {
			got, err := c.CreateKey(ctx, client.KeyRequest{Kind: paymux.KeyHMAC}, opts...)
			f.must(err)
			if !again {
				key = *got
			}
			return got.Secret
		}))
		secrets = append(secrets, f.twice(func(_ bool, opts ...client.Option) paymux.Secret {
			got, err := c.CreateKey(ctx, client.KeyRequest{Kind: paymux.KeyBearer}, opts...)
			f.must(err)
			return got.Secret
		}))
		var endpoint client.EndpointWithSecret
		secrets = append(secrets, f.twice(func(again bool, opts ...client.Option) paymux.Secret {
			got, err := c.CreateEndpoint(ctx, client.EndpointRequest{URL: "https://shop.example/hook"}, opts...)
			f.must(err)
			endpoint = *got
			return got.Secret
		}))
		secrets = append(secrets, f.twice(func(_ bool, opts ...client.Option) paymux.Secret {
			got, err := c.RotateSecret(ctx, endpoint.ID, client.Rotation{}, opts...)
			f.must(err)
			return got.Secret
		}))
		signer, err := client.SignHMAC(key.ID, key.Secret, time.Now)
		f.must(err)
		secrets = append(secrets, f.payWithCard(f.client(client.Config{Signer: signer}))...)

		ed, err := c.CreateEndpoint(ctx, client.EndpointRequest{URL: "https://shop.example/ed", Signature: paymux.SignEd25519})
		f.must(err)
		kept, err := f.Endpoint(ctx, f.scene.merchant.ID, ed.ID)
		f.must(err)
		secrets = append(secrets, texts(paymux.Key{}, kept)...)

		f.absent("while it is open", e.dump(t, f.dir), secrets)
		f.stop()
		f.absent("when it is closed", e.dump(t, f.dir), secrets)
	})
}

// twice makes a request twice: the secret is in the first answer only.
func (f *front) twice(ask func(again bool, opts ...client.Option) paymux.Secret) string {
	f.t.Helper()
	key := client.IdempotencyKey(f.ids.New("k_"))
	secret := ask(false, key)
	if len(secret) < 20 {
		f.t.Fatal("the first answer has no secret")
	}
	if ask(true, key) != "" {
		f.t.Error("a repeat is told the secret")
	}
	return secret.Reveal()
}

// payWithCard pays by number and by token, and returns what may be kept of neither.
func (f *front) payWithCard(c *client.Client) []string {
	f.t.Helper()
	const number, cvc, token = "4242424242424242", "9137", "tok_of_a_card_that_nobody_may_keep"
	for i, card := range []client.Card{{Number: number, CVC: cvc, ExpMonth: 12, ExpYear: 2040}, {Token: token}} {
		key := client.IdempotencyKey(f.ids.New("k_"))
		for range 2 {
			paid, err := c.CreatePayment(f.t.Context(), client.PaymentRequest{
				Amount: 1000, Currency: "CNY", MerchantOrderID: "order-" + string(rune('a'+i)),
				PaymentMethod: &client.PaymentMethod{Type: paymux.Card, Card: &card},
			}, key)
			f.must(err)
			if paid.Status != paymux.Succeeded {
				f.t.Fatalf("the payment is %s", paid.Status)
			}
		}
	}
	return []string{number, token, `"` + cvc + `"`, "cvc"}
}

// While the key service is away, a merchant with endpoints pays with a bearer key as ever: the
// notifications are committed and wait.
func TestPaymentsGoOnWithoutTheKeyService(t *testing.T) {
	t.Parallel()
	s := newScene(t, engines["sqlite"])
	_, endpoint := s.created()
	s.service.away.Store(true)
	s.again()
	f := newFront(s)
	c := f.client(client.Config{Key: f.bearer})
	paid, err := c.CreatePayment(t.Context(), client.PaymentRequest{
		Amount: 1000, Currency: "CNY", MerchantOrderID: "order", PaymentMethod: &client.PaymentMethod{Type: paymux.Card, Card: &client.Card{Token: "tok"}},
	})
	s.must(err)
	due, err := s.Due(t.Context(), time.Now().Add(time.Hour), []queue.Reading{{Part: queue.PartitionOf(string(endpoint.ID))}}, 10)
	s.must(err)
	if len(due) != 1 || paid.Status != paymux.Succeeded {
		t.Errorf("a payment %s with %d notifications", paid.Status, len(due))
	}
	_, err = c.Endpoints(t.Context())
	var said *client.Error
	if !errors.As(err, &said) || said.Status != http.StatusServiceUnavailable {
		t.Errorf("the endpoints: %v, want 503", err)
	}
	keys, err := c.Keys(t.Context())
	s.must(err)
	for _, k := range keys {
		if k.Kind == paymux.KeyHMAC {
			s.must(c.RevokeKey(t.Context(), k.ID))
		}
	}
}

// nothing is what operators would see.
type nothing struct {
	access.Channels
	access.RuleSets
	access.RuleSetTrials
	access.Routes
}

func (nothing) BuriedTasks(context.Context, paymux.Page) ([]access.BuriedTask, error) {
	return nil, nil
}
