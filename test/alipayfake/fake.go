// Package alipayfake is a small stateful institution that speaks the part of Alipay's open platform that channel/alipay
// uses, over real HTTP. It checks every parameter and signature, refuses what the documentation does not
// allow, keeps trades and refunds, signs its answers and notifications, and writes bills. A payer comes with
// what the merchant was given: the URL of a page, a code, the text for an app. As at Alipay, there is no
// trade before that.
//
// Start reading at New; the payer's part is in payer.go.
package alipayfake

import (
	"crypto/rsa"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// Config says what kind of application it has.
type Config struct {
	Certified bool             // certificates instead of bare public keys
	Now       func() time.Time // nil: time.Now
	Like      *Institution     // whose keys and certificates it has, too; nil: new ones
}

// Institution is an http.Handler with one application and one seller. Its methods play the payer and look into its book.
type Institution struct {
	AppID, SellerID string

	certified bool
	now       func() time.Time
	mux       *http.ServeMux

	mu          sync.Mutex
	keys        keys
	trades      map[string]*trade     // by out_trade_no
	invitations map[string]invitation // by out_trade_no
	codes       map[string]string     // out_trade_no by code
	refusals    map[string]string     // sub_code by buyer
	bills       map[string]string     // date by name of a download
	slow        bool
	last        int
}

// trade is an order that a payer has come to. Amounts are in fen.
type trade struct {
	invitation
	tradeNo, buyer, status string
	created, paidAt        time.Time
	payments, closings     int
	refunds                []*refund
}

type refund struct {
	number string
	amount int64
	at     time.Time
	done   bool
}

// invitation is an order as the merchant has signed it.
type invitation struct {
	number, subject, notifyURL string
	amount                     int64
	expires                    time.Time
}

// New returns an institution with an empty book. Its keys and certificates are made now.
func New(c Config) (*Institution, error) {
	i := &Institution{
		AppID: fmt.Sprintf("2021%012d", rand.Int64N(1e12)), SellerID: fmt.Sprintf("2088%012d", rand.Int64N(1e12)),
		certified: c.Certified, now: c.Now, mux: http.NewServeMux(),
		trades: map[string]*trade{}, invitations: map[string]invitation{}, codes: map[string]string{},
		refusals: map[string]string{}, bills: map[string]string{},
	}
	if i.now == nil {
		i.now = time.Now
	}
	var err error
	if c.Like != nil {
		i.keys = c.Like.sameKeys()
	} else if i.keys, err = newKeys(time.Now()); err != nil {
		return nil, fmt.Errorf("make keys: %w", err)
	}
	i.mux.HandleFunc("/gateway.do", i.gateway)
	i.mux.HandleFunc("POST /cashier", i.cashier)
	i.mux.HandleFunc("GET /bill/{name}", i.download)
	return i, nil
}

func (i *Institution) ServeHTTP(w http.ResponseWriter, r *http.Request) { i.mux.ServeHTTP(w, r) }

// Options are what the merchant configures, given where the institution is reached.
func (i *Institution) Options(base string) map[string]string {
	i.mu.Lock()
	defer i.mu.Unlock()
	options := map[string]string{
		"app_id": i.AppID, "seller_id": i.SellerID, "private_key": i.keys.appPEM, "base_url": base + "/gateway.do",
	}
	if i.certified {
		options["app_certificate"] = i.keys.appCert
		options["alipay_certificate"] = i.keys.alipayCert
		options["alipay_root_certificate"] = i.keys.roots
	} else {
		options["alipay_public_key"] = publicPEM(&i.keys.alipay.PublicKey)
	}
	return options
}

// Refuse has trades for a buyer refused with a sub_code from now on.
func (i *Institution) Refuse(buyer, subCode string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.refusals[buyer] = subCode
}

// SlowRefunds has refunds wait for a bank from now on; SettleRefunds ends the wait of all there are.
func (i *Institution) SlowRefunds() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.slow = true
}

// SettleRefunds has the bank finish what waits.
func (i *Institution) SettleRefunds() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.slow = false
	for _, t := range i.trades {
		for _, f := range t.refunds {
			f.done = true
		}
	}
}

// Effects is how often money moved under a number: that of an order, or of a refund.
func (i *Institution) Effects(number string) int {
	i.mu.Lock()
	defer i.mu.Unlock()
	n := 0
	for _, t := range i.trades {
		if t.number == number {
			n += t.payments
		}
		for _, f := range t.refunds {
			if f.number == number {
				n++
			}
		}
	}
	return n
}

// Closings is how often an order was closed by the merchant.
func (i *Institution) Closings(number string) int {
	i.mu.Lock()
	defer i.mu.Unlock()
	if t := i.trades[number]; t != nil {
		return t.closings
	}
	return 0
}

// known is a trade as it stands now: one that nobody has paid in time is closed.
func (i *Institution) known(number string) *trade {
	t := i.trades[number]
	if t != nil && t.status == waitingForBuyer && !i.now().Before(t.expires) {
		t.status = closed
	}
	return t
}

func (i *Institution) nextNumber() string {
	i.last++
	return fmt.Sprintf("%s22001%012d", i.now().In(beijing).Format("20060102"), i.last)
}

func (t *trade) refunded() (sum int64) {
	for _, f := range t.refunds {
		sum += f.amount
	}
	return sum
}

// keys are the application's, and Alipay's own.
type keys struct {
	app, alipay                         *rsa.PrivateKey
	appPEM                              string
	appCert, alipayCert, roots          string
	appCertSN, alipayCertSN, rootCertSN string
	certificates                        map[string]string // of Alipay's, by serial number
	authority                           authority
}
