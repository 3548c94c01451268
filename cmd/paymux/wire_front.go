package main

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"math"
	"net/http"
	"strings"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access"
	"github.com/paymux/paymux/access/accessrpc"
	"github.com/paymux/paymux/cashier"
	"github.com/paymux/paymux/queue"
	"github.com/paymux/paymux/relay"
)

// openFront puts the front door, the payers' pages and the sandbox's behind one handler.
func (s *system) openFront(context.Context) error {
	node, answersOf := s.regionsNode()
	gate, err := access.NewAuthenticator(node.Directory, access.Options{
		PublicURL: s.publicURL, OwnHost: s.conf.Sandbox.Enabled, // localhost and 127.0.0.1 are one where people try things out
		TrustedProxies: prefixes(s.conf.Access.TrustedProxies), Skew: s.conf.Access.SignatureWindow, Now: s.now,
		Limit: s.conf.Access.limit(),
	})
	if err != nil {
		return err
	}
	opener, err := s.opener()
	if err != nil {
		return err
	}
	log := s.log
	if !s.conf.Log.Requests {
		log = errorsOnly(log)
	}
	front, err := access.New(access.Config{
		Payments: s.relay, Queries: node.Queries, Callbacks: s.relay, Merchants: merchantsHeard{node.Merchants, gate}, Endpoints: node.Endpoints,
		Links: node.Links, Events: node.Events, Notifications: node.Notifications, NotificationLog: node.NotificationLog,
		Watch: s.changes.watchMerchant, Answers: node.Answers, AnswersOf: answersOf, Tasks: node.Tasks, Channels: node.Channels, Statistics: node.Statistics,
		RuleSets: node.RuleSets, RuleSetTrials: node.RuleSetTrials, Routes: node.Routes,
		Gate: gate, Opener: opener, IDs: s.ids, Now: s.now, Log: log, Trace: s.tracer,
		PublicURL: s.publicURL, OpsToken: s.secrets.opsToken, Ready: s.frontReady(node.Ready),
	})
	if err != nil {
		return err
	}
	pages := cashier.New(cashier.Config{
		Payments: payerSide{s.relay, node.Payers}, Links: payerLinks{node.Links, node.Merchants}, Watch: s.changes.watch,
		PublicURL: s.publicURL, IDs: s.ids, Now: s.now, Log: s.log,
	})
	s.front, s.nodeReady = front, node.Ready
	s.handler, s.endStreams = s.compose(front, s.traceChoices(pages)), func() {
		front.EndStreams()
		if s.sandbox != nil {
			s.sandbox.HangUp() // calls it leaves without an answer, as told to
		}
	}
	return nil
}

// limit is the threshold of merchants whose policy has none; 0 means that there is none.
func (c *AccessConfig) limit() paymux.Limit {
	requests := c.TrafficRequests
	if requests == 0 {
		requests = math.MaxInt32
	}
	return paymux.Limit{Requests: requests, Seconds: int(c.TrafficWindow.Seconds())}
}

// compose sends a request to the room its path belongs to.
func (s *system) compose(front, pages http.Handler) http.Handler {
	institution := http.NotFoundHandler()
	if s.sandbox != nil {
		institution = bankHandler(s.sandbox, s.secrets.opsToken)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch path := r.URL.Path; {
		case strings.HasPrefix(path, "/pay/"):
			pages.ServeHTTP(w, r)
		case s.sandbox != nil && strings.HasPrefix(path, "/sandbox/"):
			institution.ServeHTTP(w, r)
		default:
			front.ServeHTTP(w, r)
		}
	})
}

// operatorsOnly lets through who sends the operators' token; an empty one lets nobody through.
func operatorsOnly(token paymux.Secret, next http.Handler) http.Handler {
	want := sha256.Sum256([]byte(token.Reveal()))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		got := sha256.Sum256([]byte(sent))
		if !ok || token == "" || subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			w.Header().Set("Content-Type", "application/problem+json")
			w.Header().Set("WWW-Authenticate", `Bearer realm="paymux operators"`)
			w.WriteHeader(http.StatusUnauthorized)
			w.Write([]byte(`{"title":"Unauthorized","status":401,"code":"unauthenticated","detail":"Send the operators' token as Authorization: Bearer."}`))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// payerSide is what payers do: changes go through the relay, reads straight to the nodes.
type payerSide struct {
	*relay.Relay
	accessrpc.Payers
}

// buried shows operators the queue's buried tasks in the front door's words.
type buried struct{ store queue.Store }

func (b buried) BuriedTasks(ctx context.Context, p paymux.Page) ([]access.BuriedTask, error) {
	tasks, err := b.store.Buried(ctx, p)
	out := make([]access.BuriedTask, 0, len(tasks))
	for _, t := range tasks {
		out = append(out, access.BuriedTask{
			ID: t.ID, Kind: t.Kind, Lane: t.Lane, Ref: t.Ref, Attempts: t.Attempt, Reason: t.LastError,
			CreatedAt: t.CreatedAt, BuriedAt: t.BuriedAt,
		})
	}
	return out, err
}
