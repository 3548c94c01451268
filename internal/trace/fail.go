package trace

import "go.opentelemetry.io/otel/codes"

// ErrorType is the attribute that says in a word of few why a piece of work failed.
const ErrorType = "error.type"

// Fail marks the work as failed by a fault of ours or of whom we asked; a refusal that is as it should be is none.
// what is a word of few, never an error's text.
func (s Span) Fail(what string) Span {
	if s.span != nil {
		s.Text(ErrorType, what)
		s.span.SetStatus(codes.Error, "")
	}
	return s
}
