// Package otlp records spans and sends them to a collector by OTLP over HTTP: OpenTelemetry's SDK and exporter, which
// no other package needs to know. A collector that is away, slow or full loses spans and never holds
// anybody up: what ends is put into a queue of fixed length, or dropped and counted.
//
// Environment variables decide nothing here, but for OTEL_RESOURCE_ATTRIBUTES, which the SDK adds by itself.
// Start reading at Open.
package otlp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/trace"
)

// Config sets an Exporter up. Endpoint, Service and Log are required.
type Config struct {
	Endpoint string        // such as http://127.0.0.1:4318; without a path, /v1/traces is meant
	Headers  paymux.Secret // sent with every batch: name=value, separated by commas, values percent-encoded
	Sample   float64       // trace.Config has what these mean
	Asked    int

	// Who sends: service.name, service.version, service.instance.id, and more.
	Service, Version, Instance string
	More                       map[string]string

	Log *slog.Logger
	Now func() time.Time
}

// Exporter sends spans until Stop.
type Exporter struct {
	*trace.Tracer
	provider *sdk.TracerProvider
	queue    *queue
}

// exportLimit bounds one batch's way to the collector, repeats included.
const exportLimit = 10 * time.Second

// Open returns an exporter. It asks nobody: a collector that is not there yet is no error.
func Open(c Config) (*Exporter, error) {
	address, err := ParseEndpoint(c.Endpoint)
	if err != nil {
		return nil, err
	}
	headers, err := ParseHeaders(c.Headers)
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil // an environment must not be able to redirect spans
	// All that variables of the environment could say is said here.
	exporter, err := otlptracehttp.New(context.Background(),
		otlptracehttp.WithTLSClientConfig(nil), otlptracehttp.WithEndpointURL(address), otlptracehttp.WithHeaders(headers),
		otlptracehttp.WithEncoding(otlptracehttp.EncodingProtobuf), otlptracehttp.WithCompression(otlptracehttp.GzipCompression),
		otlptracehttp.WithTimeout(exportLimit),
		otlptracehttp.WithHTTPClient(&http.Client{Transport: transport, Timeout: exportLimit, CheckRedirect: stay}),
		otlptracehttp.WithRetry(otlptracehttp.RetryConfig{
			Enabled: true, InitialInterval: 500 * time.Millisecond, MaxInterval: 2 * time.Second, MaxElapsedTime: exportLimit / 2,
		}),
	)
	if err != nil {
		return nil, fmt.Errorf("prepare to send spans: %w", err)
	}
	q := newQueue(exporter, c.Log.With("collector", address))
	provider := sdk.NewTracerProvider(
		sdk.WithSampler(sdk.AlwaysSample()), sdk.WithSpanProcessor(q), sdk.WithResource(c.resource()), sdk.WithRawSpanLimits(limits()),
	)
	return &Exporter{
		Tracer:   trace.New(trace.Config{Provider: provider, Sample: c.Sample, Asked: c.Asked, Now: c.Now}),
		provider: provider, queue: q,
	}, nil
}

// stay keeps spans, and the headers that are a secret, from following a redirect to somebody else.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// Stop sends what is left, for as long as ctx allows. It may be called twice.
func (e *Exporter) Stop(ctx context.Context) error { return e.provider.Shutdown(ctx) }

// Lost is how many spans did not reach the collector.
func (e *Exporter) Lost() int64 { return e.queue.lost.Load() }

func (c *Config) resource() *resource.Resource {
	all := []attribute.KeyValue{
		attribute.String("service.namespace", "paymux"), attribute.String("service.name", c.Service),
		attribute.String("service.version", c.Version), attribute.String("service.instance.id", c.Instance),
		attribute.String("telemetry.sdk.language", "go"), attribute.String("telemetry.sdk.name", "opentelemetry"),
	}
	for key, value := range c.More {
		all = append(all, attribute.String(key, value))
	}
	return resource.NewSchemaless(all...)
}

// limits keep a span small, whatever is put into it.
func limits() sdk.SpanLimits {
	return sdk.SpanLimits{
		AttributeValueLengthLimit: 256, AttributeCountLimit: 32, EventCountLimit: 8, LinkCountLimit: 16,
		AttributePerEventCountLimit: 8, AttributePerLinkCountLimit: 8,
	}
}

// ParseEndpoint checks where spans are to go, and completes the path.
func ParseEndpoint(text string) (string, error) {
	u, err := url.Parse(text)
	if err == nil && u.User != nil {
		return "", errors.New("must name no user: what the collector wants to see belongs into the headers")
	}
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("%q is not of the form http://127.0.0.1:4318", text)
	}
	if strings.Trim(u.Path, "/") == "" {
		u.Path = "/v1/traces"
	}
	return u.String(), nil
}

// ParseHeaders reads name=value pairs. Its errors do not quote them.
func ParseHeaders(text paymux.Secret) (map[string]string, error) {
	headers := map[string]string{} // not nil: the exporter would look for others in the environment
	for pair := range strings.SplitSeq(text.Reveal(), ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(pair), "=")
		if name == "" && !ok {
			continue
		}
		plain, err := url.PathUnescape(strings.TrimSpace(value))
		if !ok || err != nil || !token(name) || strings.ContainsAny(plain, "\r\n\x00") {
			return nil, errors.New("is not of the form name=value,name=value with percent-encoded values")
		}
		headers[name] = plain
	}
	return headers, nil
}

// token reports whether a header may have this name.
func token(name string) bool {
	return name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == ""
}
