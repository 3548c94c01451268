package client

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/paymux/paymux"
)

// Error is a refusal or failure that Paymux answered with, read from its
// problem document (RFC 9457). errors.Is(err, paymux.PaymentDeclined) and the
// like work on it, and errors.As finds the *paymux.Error.
type Error struct {
	Problem   *paymux.Error
	Status    int
	RequestID paymux.RequestID
	// Payment is the payment as the request left it, where the answer carries
	// one: a declined payment has an ID, too.
	Payment *paymux.Payment

	foreign bool // no problem document: something between here and Paymux answered
}

// gone reports whether a proxy says that it could not ask Paymux, or got no answer.
func (e *Error) gone() bool {
	return e.foreign && (e.Status == http.StatusBadGateway || e.Status == http.StatusServiceUnavailable || e.Status == http.StatusGatewayTimeout)
}

func (e *Error) Error() string {
	text := fmt.Sprintf("%s: %s", e.Problem.Code, e.Problem.Message)
	if e.RequestID == "" {
		return text
	}
	return fmt.Sprintf("%s (HTTP %d, request %s)", text, e.Status, e.RequestID)
}

// Unwrap gives the error in the terms of the house.
func (e *Error) Unwrap() error { return e.Problem }

// document is a problem document as Paymux writes it.
type document struct {
	Title       string              `json:"title"`
	Detail      string              `json:"detail"`
	Code        paymux.Code         `json:"code"`
	Param       string              `json:"param"`
	DeclineCode paymux.DeclineCode  `json:"decline_code"`
	Advice      paymux.Advice       `json:"advice"`
	RequestID   paymux.RequestID    `json:"request_id"`
	Errors      []paymux.FieldError `json:"errors"`
	Payment     *paymux.Payment     `json:"payment"`
}

// problem reads an answer that is no success. What is not a problem document,
// such as a proxy's page, is told by its status alone: its text is not ours.
func problem(a Answered, body []byte) *Error {
	var d document
	err := json.Unmarshal(body, &d)
	foreign := err != nil || d.Code == ""
	if foreign {
		d = document{Code: codeOf(a.Status), Detail: fmt.Sprintf("The answer has status %d and no problem document; something between here and Paymux wrote it.", a.Status)}
	}
	if d.Detail == "" {
		d.Detail = d.Title
	}
	if d.RequestID == "" {
		d.RequestID = a.RequestID
	}
	return &Error{
		Problem: &paymux.Error{
			Code: d.Code, Message: d.Detail, Param: d.Param, DeclineCode: d.DeclineCode,
			Advice: d.Advice, Fields: d.Errors, RetryAfter: seconds(a.Header),
		},
		Status: a.Status, RequestID: d.RequestID, Payment: d.Payment, foreign: foreign,
	}
}

// codeOf is the nearest code for a status without a document.
func codeOf(status int) paymux.Code {
	switch status {
	case http.StatusNotFound:
		return paymux.NotFound
	case http.StatusUnauthorized:
		return paymux.Unauthenticated
	case http.StatusForbidden:
		return paymux.Forbidden
	case http.StatusTooManyRequests:
		return paymux.RateLimited
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return paymux.Unavailable
	}
	return paymux.Internal
}
