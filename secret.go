package paymux

import "log/slog"

// Secret is a string that must not be seen. It redacts itself in logs, JSON and formatted
// output; Reveal gives the text to the one place that needs it.
type Secret string

const redacted = "[redacted]"

// Reveal returns the text. Never pass the result to a log, an error or a URL.
func (s Secret) Reveal() string { return string(s) }

func (s Secret) String() string { return redacted }

// GoString covers %#v.
func (s Secret) GoString() string { return redacted }

// LogValue covers log/slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON writes the redaction, never the text.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }
