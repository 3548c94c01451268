// Package cashier shows payers the pages they pay on: the choice of a method, a
// QR code, the way to the institution's page, bank details, and how it ended.
//
// Pages are rendered on the server and work without JavaScript; with it they follow the
// payment live. They load nothing from elsewhere, and card data is never typed on
// them: a card is entered on the institution's own page. The cashier decides nothing
// about money; it asks the rooms behind the interfaces below.
//
// Start reading at New, then payment.go and link.go; view.go says what is shown when.
package cashier

import (
	"context"
	"crypto/sha256"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/paymux/paymux"
)

// Payments is what the cashier asks of the payment room. Errors are *paymux.Error.
type Payments interface {
	// Find returns a payment of any merchant. NotFound where there is none.
	Find(ctx context.Context, id paymux.PaymentID) (paymux.Payment, error)
	Create(ctx context.Context, r paymux.CreatePayment) (paymux.Reply, error)
	Confirm(ctx context.Context, r paymux.ConfirmPayment) (paymux.Reply, error)
	// Methods are what routing could serve for an amount, in the order to show them.
	Methods(ctx context.Context, merchant paymux.MerchantID, m paymux.Money) ([]paymux.MethodType, error)
}

// Links finds payment links and who is behind them. NotFound where there is none.
type Links interface {
	Link(ctx context.Context, id paymux.LinkID) (paymux.Link, error)
	Merchant(ctx context.Context, id paymux.MerchantID) (paymux.Merchant, error)
}

// Config is what the cashier works with. All fields are needed.
type Config struct {
	Payments Payments
	Links    Links
	// Watch signals each change of a payment until ctx ends. A signal may be
	// spurious or stand for several changes.
	Watch     func(ctx context.Context, id paymux.PaymentID) <-chan struct{}
	PublicURL string // of this deployment, as payers see it
	IDs       *paymux.IDs
	Now       func() time.Time
	Log       *slog.Logger
}

type cashier struct {
	Config
	texts  texts
	pages  pages
	secure bool // payers come by HTTPS
}

// New returns the pages under /pay/.
func New(c Config) http.Handler {
	s := &cashier{Config: c, texts: readTexts(), pages: readPages(), secure: strings.HasPrefix(c.PublicURL, "https://")}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /pay/{payment}", s.showPayment)
	mux.HandleFunc("POST /pay/{payment}/confirm", s.confirm)
	mux.HandleFunc("GET /pay/{payment}/{part}", s.partOf)
	mux.HandleFunc("GET /pay/l/{link}", s.showLink)
	mux.HandleFunc("POST /pay/l/{link}/pay", s.payLink)
	mux.HandleFunc("GET /pay/static/{file}", s.static)
	mux.HandleFunc("/", s.notFound)
	return s.guarded(mux)
}

// partOf serves what a payment's page loads. It is one route because "/pay/l/…" and
// "/pay/{payment}/status" would contradict each other.
func (s *cashier) partOf(w http.ResponseWriter, r *http.Request) {
	switch r.PathValue("part") {
	case "status":
		s.status(w, r)
	case "events":
		s.events(w, r)
	case "qr.svg":
		s.qr(w, r)
	default:
		s.notFound(w, r)
	}
}

// payment reads the payment named in the path. ok is false where the answer was given already.
func (s *cashier) payment(w http.ResponseWriter, r *http.Request) (p paymux.Payment, ok bool) {
	id := r.PathValue("payment")
	if err := s.IDs.Check(paymux.PrefixPayment, id); err != nil {
		s.notFound(w, r)
		return p, false
	}
	p, err := s.Payments.Find(r.Context(), paymux.PaymentID(id))
	if err != nil {
		s.failed(w, r, "find payment", err)
		return p, false
	}
	return p, true
}

// caller is the payer acting with the authority of the merchant who sent them here.
func (s *cashier) caller(r *http.Request, m paymux.Merchant, livemode bool, idempotency, what string) paymux.Caller {
	id := paymux.RequestID(s.IDs.New(paymux.PrefixRequest))
	address, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		address = r.RemoteAddr
	}
	sum := sha256.Sum256([]byte(idempotency + "\n" + what))
	return paymux.Caller{
		Merchant:    m.ID,
		Livemode:    livemode,
		RequestID:   id,
		Client:      paymux.Client{IP: address},
		Idempotency: idempotency,
		Fingerprint: sum[:],
		Policy:      m.Policy,
		Hops:        []paymux.Hop{{At: s.Now().UTC(), Kind: paymux.HopAPI, Text: "payer: " + what, Ref: string(id)}},
	}
}

// sameSite goes to a page of ours after a form, so that a reload repeats nothing.
func sameSite(w http.ResponseWriter, r *http.Request, path string) {
	http.Redirect(w, r, path, http.StatusSeeOther)
}
