package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/paymux/paymux/internal/otlp"
)

// TraceConfig is how requests are followed through rooms and processes.
type TraceConfig struct {
	Endpoint     string  `yaml:"endpoint" help:"the OpenTelemetry collector that spans are sent to, by OTLP over HTTP, such as http://127.0.0.1:4318; empty: none are made, and a traceparent that came in is passed on all the same"`
	Headers      Ref     `yaml:"headers" help:"secret: headers for the collector, name=value separated by commas, values percent-encoded"`
	Sample       float64 `yaml:"sample" help:"share of the requests without a traceparent that are recorded, 0 to 1"`
	Asked        int     `yaml:"asked" help:"requests a second that are recorded because the sampled flag of their traceparent asks for it, at each frontend; 0: none"`
	Institutions bool    `yaml:"institutions" help:"whether institutions are sent traceparent, too"`
}

func (c *TraceConfig) check() error {
	var faults []error
	if c.Endpoint != "" {
		if _, err := otlp.ParseEndpoint(c.Endpoint); err != nil {
			faults = append(faults, fmt.Errorf("trace.endpoint: %w", err))
		}
	}
	if !(c.Sample >= 0 && c.Sample <= 1) {
		faults = append(faults, fmt.Errorf("trace.sample: %v is not between 0 and 1", c.Sample))
	}
	if c.Asked < 0 {
		faults = append(faults, fmt.Errorf("trace.asked: %d is negative", c.Asked))
	}
	return errors.Join(faults...)
}

// flushTime is how long the last spans may take at the end.
const flushTime = 2 * time.Second

// openTrace makes what records spans. It is opened before all else and stops after it.
func (s *system) openTrace(context.Context) error {
	headers := s.secrets.trace
	if _, err := otlp.ParseHeaders(headers); err != nil {
		return fmt.Errorf("trace.headers: %w", err)
	}
	conf := s.conf.Trace
	if conf.Endpoint == "" {
		return nil
	}
	service := "paymux"
	if !s.conf.whole() {
		service += "-" + strings.Join(s.conf.Roles, "-")
	}
	exporter, err := otlp.Open(otlp.Config{
		Endpoint: conf.Endpoint, Headers: headers, Sample: conf.Sample, Asked: conf.Asked,
		Service: service, Version: version, Instance: s.replica, More: map[string]string{"paymux.region": s.conf.Region.Name},
		Log: s.log, Now: s.now,
	})
	if err != nil {
		return fmt.Errorf("trace.endpoint: %w", err)
	}
	s.tracer = exporter.Tracer
	s.onStop(func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, flushTime)
		defer cancel()
		_ = exporter.Stop(ctx) // spans that are lost are no failure of the process
		return nil
	})
	return nil
}

// traceChoices follows what payers decide on their pages; what they only look at is not.
func (s *system) traceChoices(pages http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			ctx, span := s.tracer.Request(r.Context(), "POST /pay/", r.Header)
			defer span.End()
			span.Text("http.request.method", r.Method)
			r = r.WithContext(ctx)
		}
		pages.ServeHTTP(w, r)
	})
}
