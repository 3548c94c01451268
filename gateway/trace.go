package gateway

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/paymux/paymux/internal/otlp"
	"github.com/paymux/paymux/internal/trace"
)

// flushLimit is how long the last spans may take at the end.
const flushLimit = 2 * time.Second

// trace is what records the program's spans, nil where the configuration has no collector, and what to do at the
// end. Traces begin elsewhere: here they are continued.
func (c *programConfig) trace(name string, env func(string) string, log *slog.Logger) (*trace.Tracer, func(), error) {
	headers, err := c.Trace.Headers.Read(env)
	if err == nil {
		_, err = otlp.ParseHeaders(headers)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("trace.headers: %w", err)
	}
	if c.Trace.Endpoint == "" {
		return nil, func() {}, nil
	}
	exporter, err := otlp.Open(otlp.Config{
		Endpoint: c.Trace.Endpoint, Headers: headers, Service: "paymux-" + name, Version: c.Version, Instance: InstanceID(), Log: log,
	})
	if err != nil {
		return nil, nil, fmt.Errorf("trace.endpoint: %w", err)
	}
	flush := func() {
		ctx, cancel := context.WithTimeout(context.Background(), flushLimit)
		defer cancel()
		_ = exporter.Stop(ctx)
	}
	return exporter.Tracer, flush, nil
}
