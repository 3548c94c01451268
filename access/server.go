package access

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/trace"
)

// Config is what the front door is put together from. All ports are required;
// what says so may be left out.
type Config struct {
	Payments      Payments
	Queries       Queries
	Callbacks     Callbacks
	Merchants     Merchants
	Endpoints     Endpoints
	Links         Links
	Events        Events
	Notifications Notifications
	// NotificationLog may be the store itself: nothing of it is decided by notify.
	NotificationLog NotificationLog
	Answers         Answers
	// AnswersOf finds those that are kept with changes of one object, a merchant's or a link's, by its ID; nil: all are in Answers, which asks everywhere.
	AnswersOf  func(id string) Answers
	Tasks      Tasks    // buried tasks, for operators
	Channels   Channels // for operators
	Statistics Statistics
	// RuleSets, RuleSetTrials and Routes are for operators, too.
	RuleSets      RuleSets
	RuleSetTrials RuleSetTrials
	Routes        Routes

	Gate     Gate     // who asks, and whether they may
	Opener   Opener   // decrypts bodies; nil: encrypted bodies are refused
	Location Location // country of an address; nil: unknown

	IDs       *paymux.IDs
	Now       func() time.Time
	Log       *slog.Logger
	PublicURL string        // what merchants and institutions reach this server by, without a final slash
	OpsToken  paymux.Secret // the operators' bearer token; empty: /ops/v1 refuses everyone
	// Ready tells whether requests can be served; nil: always.
	Ready func(ctx context.Context) error
	// Watch wakes streams of events: what it returns is sent to, or not, when the merchant may have a new
	// event, until ctx ends. Signals may be lost; nil: streams look every second.
	Watch func(ctx context.Context, merchant paymux.MerchantID) <-chan struct{}
	// BodyTime is how long a body may take to arrive; 0: 10 s.
	BodyTime time.Duration
	// Trace records requests, or passes on under which trace they came; nil: the latter.
	Trace *trace.Tracer
}

// Gate verifies merchants' requests. [Authenticator] with its traffic control is one.
type Gate interface {
	// Authenticate learns who sent a request (A3, A4). body is what came, still encrypted if it was.
	Authenticate(r *http.Request, body []byte) (Identity, error)
	// Authorize refuses with Forbidden, naming the service type (A5).
	Authorize(who Identity, service paymux.ServiceType) error
	// Take counts a request against the merchant's threshold (A6). The Quota is
	// there on refusal, too, for the RateLimit headers.
	Take(merchant paymux.MerchantID, service paymux.ServiceType, policy paymux.Policy) (Quota, error)
}

// Opener decrypts bodies that were encrypted to the platform.
type Opener interface {
	// Open returns the JSON of a JWE, with InvalidRequest where it cannot be opened.
	Open(body []byte) ([]byte, error)
	// JWKS is the set of public keys merchants encrypt to (RFC 7517), as JSON.
	JWKS() ([]byte, error)
}

// Location finds the country of an address (A2); "ZZ" where it is unknown.
type Location interface {
	Country(ip string) string
}

// Tasks shows operators what was given up.
type Tasks interface {
	BuriedTasks(ctx context.Context, p paymux.Page) ([]BuriedTask, error)
}

// BuriedTask is a task that failed too often, as operators see it.
type BuriedTask struct {
	ID        paymux.TaskID `json:"id"`
	Kind      string        `json:"kind" doc:"what was to be done: resolve, expire, notify"`
	Lane      string        `json:"lane,omitempty"`
	Ref       string        `json:"ref" doc:"ID of what it was about"`
	Attempts  int           `json:"attempts"`
	Reason    string        `json:"reason" doc:"why the last attempt failed"`
	CreatedAt time.Time     `json:"created_at"`
	BuriedAt  time.Time     `json:"buried_at"`
}

// Server is the front door. It is an http.Handler, safe for concurrent use, and starts nothing.
type Server struct {
	payments        Payments
	queries         Queries
	callbacks       Callbacks
	merchants       Merchants
	endpoints       Endpoints
	links           Links
	events          Events
	notifications   Notifications
	notificationLog NotificationLog
	answers         Answers
	answersOf       func(id string) Answers
	tasks           Tasks
	channels        Channels
	numbers         Statistics
	ruleSets        RuleSets
	ruleSetTrials   RuleSetTrials
	routesSeen      Routes
	gate            Gate
	opener          Opener
	location        Location
	ids             *paymux.IDs
	now             func() time.Time
	log             *slog.Logger
	publicURL       string
	opsDigest       [sha256.Size]byte
	opsOpen         bool
	ready           func(ctx context.Context) error
	patience        time.Duration
	trace           *trace.Tracer
	watch           func(ctx context.Context, merchant paymux.MerchantID) <-chan struct{}
	streams         *streams
	buffers         buffers
	routes          []route
	mux             *http.ServeMux
	openapi         []byte
	pages           *template.Template
	docs            map[string]func() []byte // the reference page, by language
	load            *load
}

// New puts a front door together. The error says what is missing.
func New(c Config) (*Server, error) {
	if missing := c.missing(); len(missing) > 0 {
		return nil, fmt.Errorf("access: not configured: %s", strings.Join(missing, ", "))
	}
	s := &Server{
		payments: c.Payments, queries: c.Queries, callbacks: c.Callbacks, merchants: c.Merchants,
		endpoints: c.Endpoints, links: c.Links, events: c.Events, notifications: c.Notifications, notificationLog: c.NotificationLog,
		answers: c.Answers, tasks: c.Tasks, channels: c.Channels, numbers: c.Statistics, ruleSets: c.RuleSets, ruleSetTrials: c.RuleSetTrials, routesSeen: c.Routes, gate: c.Gate, opener: c.Opener, location: c.Location,
		ids: c.IDs, now: c.Now, log: c.Log, publicURL: strings.TrimSuffix(c.PublicURL, "/"),
		ready: c.Ready, patience: c.BodyTime, trace: c.Trace, watch: c.Watch, streams: newStreams(), mux: http.NewServeMux(),
		opsDigest: sha256.Sum256([]byte(c.OpsToken.Reveal())), opsOpen: c.OpsToken != "",
	}
	if s.answersOf = c.AnswersOf; s.answersOf == nil {
		s.answersOf = func(string) Answers { return c.Answers }
	}
	if s.patience == 0 {
		s.patience = bodyTime
	}
	s.routes = s.allRoutes()
	s.load = newLoad()
	for i := range s.routes {
		s.routes[i].load = s.load.of(&s.routes[i])
	}
	s.mount()
	s.mountPages()
	return s, s.describe()
}

func (c *Config) missing() []string {
	var names []string
	for name, there := range map[string]bool{
		"Payments": c.Payments != nil, "Queries": c.Queries != nil, "Callbacks": c.Callbacks != nil,
		"Merchants": c.Merchants != nil, "Endpoints": c.Endpoints != nil, "Links": c.Links != nil,
		"Events": c.Events != nil, "Notifications": c.Notifications != nil, "Answers": c.Answers != nil, "NotificationLog": c.NotificationLog != nil,
		"Tasks": c.Tasks != nil, "Gate": c.Gate != nil, "IDs": c.IDs != nil, "Now": c.Now != nil,
		"Statistics": c.Statistics != nil, "RuleSets": c.RuleSets != nil, "RuleSetTrials": c.RuleSetTrials != nil, "Routes": c.Routes != nil, "Log": c.Log != nil, "PublicURL": c.PublicURL != "",
	} {
		if !there {
			names = append(names, name)
		}
	}
	return names
}

func (s *Server) allRoutes() []route {
	var all []route
	for _, some := range [][]route{
		s.paymentRoutes(), s.refundRoutes(), s.linkRoutes(), s.eventRoutes(), s.endpointRoutes(), s.replayRoutes(),
		s.batchRoutes(), s.statisticsRoutes(), s.merchantRoutes(), s.keyRoutes(), s.operatorRoutes(),
	} {
		all = append(all, some...)
	}
	return all
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.load.under.Add(1)
	defer s.load.under.Add(-1)
	s.mux.ServeHTTP(w, r)
}

// admitOperator compares digests, so that neither length nor content of the token shows in the time it takes.
func (s *Server) admitOperator(r *http.Request) error {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	sent := sha256.Sum256([]byte(token))
	if !ok || !s.opsOpen || subtle.ConstantTimeCompare(sent[:], s.opsDigest[:]) != 1 {
		return paymux.Errorf(paymux.Unauthenticated, "Operators send their own token as Authorization: Bearer; merchants' keys do not work here.")
	}
	return nil
}

// open decrypts a body that was sent as a JWE.
func (s *Server) open(r *http.Request, body []byte) ([]byte, error) {
	media, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	kind := strings.ToLower(strings.TrimSpace(media))
	if len(body) == 0 || kind != "application/jose" && kind != "application/jose+json" {
		return body, nil
	}
	if s.opener == nil {
		return nil, paymux.Errorf(paymux.UnsupportedMedia, "This server has no key for encrypted bodies; send application/json.")
	}
	return s.opener.Open(body)
}

var errPanic = errors.New("panic")

func panicked(p any) error {
	return paymux.Errorf(paymux.Internal, "Paymux failed to answer. Repeat the request with the same Idempotency-Key.").
		Because(fmt.Errorf("%w: %v\n%s", errPanic, p, debug.Stack()))
}
