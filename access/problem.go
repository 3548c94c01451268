package access

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/paymux/paymux"
)

// problem is an error as merchants see it (RFC 9457, with members of our own).
type problem struct {
	Type        string              `json:"type" doc:"URL of the page about this code" example:"https://pay.example/errors/payment_declined"`
	Title       string              `json:"title" doc:"the code in words, the same for every occurrence" example:"Payment declined"`
	Status      int                 `json:"status" doc:"the HTTP status" example:"402"`
	Code        paymux.Code         `json:"code" doc:"what kind of error it is, for programs" example:"payment_declined"`
	Detail      string              `json:"detail" doc:"what went wrong this time and what to do" example:"The card has insufficient funds."`
	Param       string              `json:"param,omitempty" doc:"the first field at fault" example:"amount"`
	DeclineCode paymux.DeclineCode  `json:"decline_code,omitempty" doc:"why the institution said no" example:"insufficient_funds"`
	Advice      paymux.Advice       `json:"advice,omitempty" doc:"what to do after a decline" example:"try_other_method"`
	Channel     *problemChannel     `json:"channel,omitempty" doc:"the institution's own answer"`
	RequestID   paymux.RequestID    `json:"request_id" doc:"to be told to the operator" example:"req_01KAN7PQ3Z8T5V6W7X8Y9ZABCD"`
	DocURL      string              `json:"doc_url" doc:"the same as type" example:"https://pay.example/errors/payment_declined"`
	Errors      []paymux.FieldError `json:"errors,omitempty" doc:"every field at fault"`
	Payment     json.RawMessage     `json:"payment,omitempty" doc:"the payment as the request left it"`
	Refund      json.RawMessage     `json:"refund,omitempty" doc:"the refund as the request left it"`
}

// problemChannel is what an institution said.
type problemChannel struct {
	Name    string `json:"name" example:"acquirer"`
	Code    string `json:"code,omitempty" doc:"as it came" example:"51"`
	Message string `json:"message,omitempty" doc:"as it came"`
}

// asError makes any error one for merchants. What has no code is our fault, and its text stays here.
func asError(err error) *paymux.Error {
	var e *paymux.Error
	if errors.As(err, &e) {
		return e
	}
	var code paymux.Code
	if errors.As(err, &code) {
		return paymux.Errorf(code, "%s", entryOf(code).Help).Because(err)
	}
	return paymux.Errorf(paymux.Internal, "Paymux failed to answer. Repeat the request with the same Idempotency-Key; if it stays, tell the operator the request_id.").Because(err)
}

// problemOf writes an error down. object is what the request left behind, if anything.
func (s *Server) problemOf(e *paymux.Error, id paymux.RequestID, object json.RawMessage) problem {
	about := entryOf(e.Code)
	page := s.publicURL + "/errors/" + string(about.Code)
	p := problem{
		Type: page, Title: about.Title, Status: about.Status, Code: about.Code,
		Detail: e.Message, Param: e.Param, DeclineCode: e.DeclineCode, Advice: e.Advice,
		RequestID: id, DocURL: page, Errors: e.Fields,
	}
	if len(object) > 0 {
		p.attach(object)
	}
	return p
}

// attach puts the object where its kind belongs, and the institution's words beside.
func (p *problem) attach(object json.RawMessage) {
	var left struct {
		Object    string          `json:"object"`
		LastError *paymux.Failure `json:"last_error"`
	}
	if err := json.Unmarshal(object, &left); err != nil {
		return // not an object of ours; the problem stands without it
	}
	switch left.Object {
	case "payment":
		p.Payment = object
	case "refund":
		p.Refund = object
	}
	if f := left.LastError; f != nil && f.Channel != "" {
		p.Channel = &problemChannel{Name: f.Channel, Code: f.ChannelCode, Message: f.ChannelMessage}
	}
}

// problemAnswer is an error as an answer.
func (s *Server) problemAnswer(err error, id paymux.RequestID, object json.RawMessage) answer {
	e := asError(err)
	body, marshalErr := json.Marshal(s.problemOf(e, id, object))
	if marshalErr != nil {
		body = []byte(`{"title":"Internal error","status":500,"code":"internal"}`)
		e = paymux.Errorf(paymux.Internal, "").Because(marshalErr)
	}
	a := answer{status: StatusOf(e.Code), body: body, contentType: "application/problem+json", err: err}
	if e.RetryAfter > 0 {
		a.retryAfter = e.RetryAfter
	} else if e.Code == paymux.KeyInFlight || e.Code == paymux.Unavailable || e.Code == paymux.RateLimited {
		a.retryAfter = 1
	}
	if a.status == http.StatusUnauthorized {
		a.challenge = `Bearer realm="paymux", Signature`
	}
	return a
}
