package otlp

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"
)

const (
	queueLength = 4096 // spans that wait: some 10 MiB at most
	batchMost   = 512
	batchEvery  = time.Second
)

// queue is a sdk.SpanProcessor between those who end spans, who never wait, and the collector, which may take
// its time.
type queue struct {
	exporter sdk.SpanExporter
	log      *slog.Logger
	spans    chan sdk.ReadOnlySpan
	lost     atomic.Int64 // did not reach the collector

	stop     sync.Once
	quit     chan struct{}
	finished chan struct{}
	ending   context.Context // of the last batches; set before quit is closed

	told   int64 // of lost, in the log
	losing bool  // spans are being lost, and the log says so
}

func newQueue(exporter sdk.SpanExporter, log *slog.Logger) *queue {
	q := &queue{
		exporter: exporter, log: log, spans: make(chan sdk.ReadOnlySpan, queueLength),
		quit: make(chan struct{}), finished: make(chan struct{}),
	}
	go q.run() // ends with Shutdown
	return q
}

// OnStart implements sdk.SpanProcessor.
func (q *queue) OnStart(context.Context, sdk.ReadWriteSpan) {}

// OnEnd takes a span if there is room.
func (q *queue) OnEnd(s sdk.ReadOnlySpan) {
	select {
	case q.spans <- s:
	default:
		q.lost.Add(1)
	}
}

// ForceFlush implements sdk.SpanProcessor. Nobody asks for it: batches are soon.
func (q *queue) ForceFlush(context.Context) error { return nil }

// Shutdown sends what waits, at most until ctx ends. It may be called twice.
func (q *queue) Shutdown(ctx context.Context) error {
	q.stop.Do(func() {
		q.ending = ctx
		close(q.quit)
	})
	select {
	case <-q.finished:
		return q.exporter.Shutdown(ctx)
	case <-ctx.Done():
		return nil // spans are lost, and nothing else
	}
}

func (q *queue) run() {
	defer close(q.finished)
	tick := time.NewTicker(batchEvery)
	defer tick.Stop()
	batch := make([]sdk.ReadOnlySpan, 0, batchMost)
	for {
		select {
		case s := <-q.spans:
			if batch = append(batch, s); len(batch) < batchMost {
				continue
			}
		case <-tick.C:
		case <-q.quit:
			q.drain(batch)
			return
		}
		q.send(context.Background(), batch)
		batch = batch[:0]
	}
}

func (q *queue) drain(batch []sdk.ReadOnlySpan) {
	for {
		select {
		case s := <-q.spans:
			batch = append(batch, s)
			if len(batch) < batchMost {
				continue
			}
		default:
			q.send(q.ending, batch)
			return
		}
		q.send(q.ending, batch)
		batch = batch[:0]
	}
}

// send gives a batch to the collector, or to nobody.
func (q *queue) send(ctx context.Context, batch []sdk.ReadOnlySpan) {
	var err error
	if len(batch) > 0 {
		ctx, cancel := context.WithTimeout(ctx, exportLimit)
		defer cancel()
		if err = q.exporter.ExportSpans(ctx, batch); err != nil {
			q.lost.Add(int64(len(batch)))
		}
	}
	q.tell(err, len(batch) > 0)
}

// tell says in the log that spans are being lost, once, and once that it is over.
func (q *queue) tell(err error, tried bool) {
	lost := q.lost.Load()
	switch {
	case lost > q.told && !q.losing:
		q.losing = true
		reason := "they come faster than they are sent"
		if err != nil {
			reason, _, _ = strings.Cut(err.Error(), " (body:") // which may repeat what was sent
		}
		q.log.Warn("traces: spans do not reach the collector; nothing else suffers", "lost", lost, "reason", reason)
	case lost == q.told && q.losing && tried:
		q.losing = false
		q.log.Info("traces: spans reach the collector again", "lost", lost)
	}
	q.told = lost
}
