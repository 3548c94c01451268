package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/paymux/paymux"
)

// API serves the controls of the institution, under /sandbox/api/, as JSON. It asks
// nobody who they are: put operators' authentication in front of it.
//
//	GET  charges?payment=&operation=&account=&limit=   newest first
//	POST charges/{op}/approve · decline {"code"} · receive · dispute {"reason"} · dispute/win · dispute/lose
//	POST payments/{pay}/…                              the same for a payment's newest order
//	GET  accounts · PUT accounts/{account} {"options": {…}}
//	GET, PUT accounts/{account}/faults                 the account's switches
//	GET, PUT, DELETE accounts/{account}/script {"script": [step, …]}
//	POST outage {"for_ms"}                             refuse connections, where the institution has a socket of its own
//	GET  cards                                         test cards, magic amounts, behaviours, decline codes
func (i *Institution) API() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /sandbox/api/charges", i.listCharges)
	for verb, do := range i.verbs() {
		mux.HandleFunc("POST /sandbox/api/charges/{id}/"+verb, i.serveVerb(chargeByID, do))
		mux.HandleFunc("POST /sandbox/api/payments/{id}/"+verb, i.serveVerb(i.chargeByPayment, do))
	}
	i.controlAccounts(mux)
	mux.HandleFunc("POST /sandbox/api/outage", i.outage)
	mux.HandleFunc("GET /sandbox/api/cards", listCards)
	return mux
}

// body is what a verb may be given.
type body struct {
	Code   string `json:"code"`   // decline
	Reason string `json:"reason"` // dispute
}

type verb func(ctx context.Context, op paymux.OperationID, b body) error

func (i *Institution) verbs() map[string]verb {
	approve := func(ctx context.Context, op paymux.OperationID, _ body) error { return i.Approve(ctx, op) }
	return map[string]verb{
		"approve": approve,
		"receive": approve,
		"decline": func(ctx context.Context, op paymux.OperationID, b body) error { return i.Decline(ctx, op, b.Code) },
		"dispute": func(ctx context.Context, op paymux.OperationID, b body) error {
			return i.OpenDispute(ctx, op, b.Reason)
		},
		"dispute/win": func(ctx context.Context, op paymux.OperationID, _ body) error {
			return i.EndDispute(ctx, op, true)
		},
		"dispute/lose": func(ctx context.Context, op paymux.OperationID, _ body) error {
			return i.EndDispute(ctx, op, false)
		},
	}
}

func chargeByID(id string) (paymux.OperationID, error) { return paymux.OperationID(id), nil }

func (i *Institution) chargeByPayment(id string) (paymux.OperationID, error) {
	return i.OpenPay(paymux.PaymentID(id))
}

// serveVerb answers with the charge as it is afterwards.
func (i *Institution) serveVerb(find func(string) (paymux.OperationID, error), do verb) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var b body
		op, err := find(r.PathValue("id"))
		if err == nil {
			err = readJSON(w, r, &b)
		}
		if err == nil {
			err = do(r.Context(), op, b)
		}
		if err != nil {
			i.problem(w, err)
			return
		}
		c, _ := i.Charge(op)
		answer(w, http.StatusOK, c)
	}
}

func (i *Institution) listCharges(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	limit, err := strconv.Atoi(q.Get("limit"))
	if err != nil || limit < 1 || limit > 1000 {
		limit = 100
	}
	found := []Charge{}
	for c := range i.newest(paymux.PaymentID(q.Get("payment"))) {
		if op := q.Get("operation"); op != "" && op != string(c.Operation) {
			continue
		}
		if a := q.Get("account"); a != "" && a != c.Account {
			continue
		}
		if found = append(found, c); len(found) == limit {
			break
		}
	}
	answer(w, http.StatusOK, map[string]any{"data": found})
}

func listCards(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{
		"cards": Cards(), "amounts": MagicAmounts(), "behaviours": Behaviours(), "decline_codes": DeclineCodes(),
	})
}

// readJSON reads one object without unknown fields; an empty body leaves into as it is.
func readJSON(w http.ResponseWriter, r *http.Request, into any) error {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil && d.More() {
		err = errors.New("more than one value")
	}
	if err != nil && err != io.EOF {
		return paymux.Errorf(paymux.InvalidRequest, "The body is not the JSON object expected: %v.", err)
	}
	return nil
}

var statusOfCode = map[paymux.Code]int{
	paymux.InvalidRequest: http.StatusBadRequest, paymux.NotFound: http.StatusNotFound, paymux.StateConflict: http.StatusConflict,
}

// problem answers with an RFC 9457 document.
func (i *Institution) problem(w http.ResponseWriter, err error) {
	status, ours := http.StatusInternalServerError, paymux.Errorf(paymux.Internal, "The sandbox could not do this.")
	if e, ok := errors.AsType[*paymux.Error](err); ok && statusOfCode[e.Code] != 0 {
		status, ours = statusOfCode[e.Code], e
	} else {
		i.log.Error("sandbox: control", "error", err)
	}
	w.Header().Set("Content-Type", "application/problem+json")
	answer(w, status, map[string]any{"title": http.StatusText(status), "status": status, "code": ours.Code, "detail": ours.Message, "param": ours.Param})
}

func answer(w http.ResponseWriter, status int, v any) {
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}
