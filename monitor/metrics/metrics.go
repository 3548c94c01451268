// Package metrics shows what a process has counted to Prometheus (A25). It counts nothing itself: rooms count on their own
// paths, without locks, and know nothing of it; at a scrape, sources read what they have counted. So a scrape costs what it costs,
// and a payment nothing.
//
// Every metric is a Family of one table, with its labels, which have few values: never a merchant, a payment, an endpoint or an account.
// Rooms of a node are not linked here, because gateways' programs are not to carry them. Start reading at Families, then Set.
package metrics

import (
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/paymux/paymux/internal/histogram"
)

// Kind is what a family's values are.
type Kind string

// Kinds.
const (
	Counter   Kind = "counter"
	Gauge     Kind = "gauge"
	Histogram Kind = "histogram"
)

// Family is a metric: what it is called, what it says, and by what it is told apart.
type Family struct {
	Name   string
	Kind   Kind
	Labels []string
	Help   string
}

// Source reads what a part of the process has counted.
type Source func(*Scrape)

// Build says what is running.
type Build struct {
	Version string
	Roles   []string // as paymux.yaml has them
	Region  string
}

// Set is what a process shows. Safe for concurrent use.
type Set struct {
	registry *prometheus.Registry
	descs    map[string]*prometheus.Desc // by family

	mu      sync.Mutex // guards what follows; not held while sources are read
	sources []Source
}

// New returns a set with what every program of Go has: the process, the runtime, the build.
func New(b Build) *Set {
	s := &Set{registry: prometheus.NewRegistry(), descs: map[string]*prometheus.Desc{}}
	for _, f := range Families() {
		s.descs[f.Name] = prometheus.NewDesc(f.Name, f.Help, f.Labels, nil)
	}
	s.registry.MustRegister(s, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	s.Add(func(c *Scrape) {
		c.Set("paymux_build_info", 1, b.Version, runtime.Version(), strings.Join(b.Roles, ","), b.Region)
	})
	return s
}

// Add has a source read at every scrape.
func (s *Set) Add(source Source) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sources = append(s.sources, source)
}

// Handler answers scrapes.
func (s *Set) Handler() http.Handler {
	return promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 4})
}

// Describe implements prometheus.Collector.
func (s *Set) Describe(to chan<- *prometheus.Desc) {
	for _, d := range s.descs {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (s *Set) Collect(to chan<- prometheus.Metric) {
	s.mu.Lock()
	sources := slices.Clone(s.sources)
	s.mu.Unlock()
	for _, source := range sources {
		source(&Scrape{s, to})
	}
}

// Scrape takes the values of one scrape. A family that is not in the table is shown as an error, and so is one value too few.
type Scrape struct {
	set *Set
	to  chan<- prometheus.Metric
}

// Count tells the value of a counter.
func (c *Scrape) Count(family string, n int64, labels ...string) {
	c.tell(family, func(d *prometheus.Desc) (prometheus.Metric, error) {
		return prometheus.NewConstMetric(d, prometheus.CounterValue, float64(n), clean(labels)...)
	})
}

// Set tells the value of a gauge.
func (c *Scrape) Set(family string, v float64, labels ...string) {
	c.tell(family, func(d *prometheus.Desc) (prometheus.Metric, error) {
		return prometheus.NewConstMetric(d, prometheus.GaugeValue, v, clean(labels)...)
	})
}

// Times tells a histogram of durations.
func (c *Scrape) Times(family string, h histogram.Counts, labels ...string) {
	c.tell(family, func(d *prometheus.Desc) (prometheus.Metric, error) {
		return prometheus.NewConstHistogram(d, h.Number, h.Sum.Seconds(), h.Buckets, clean(labels)...)
	})
}

func (c *Scrape) tell(family string, make func(*prometheus.Desc) (prometheus.Metric, error)) {
	d := c.set.descs[family]
	if d == nil {
		d = prometheus.NewDesc(family, "is not in the table of families", nil, nil)
	}
	m, err := make(d)
	if err != nil {
		m = prometheus.NewInvalidMetric(d, err)
	}
	c.to <- m
}

// clean makes texts labels.
func clean(labels []string) []string {
	for i, l := range labels {
		labels[i] = strings.ToValidUTF8(l, "?")
	}
	return labels
}
