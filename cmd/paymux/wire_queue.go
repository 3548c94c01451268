package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/paymux/paymux/monitor"
	"github.com/paymux/paymux/notify"
	"github.com/paymux/paymux/payment"
	"github.com/paymux/paymux/queue"
)

// signalLimit bounds how long others are told of tasks that their poll would find soon anyway.
const signalLimit = time.Second

// openNotifier makes what delivers notifications.
func (s *system) openNotifier(offer func([]queue.Task)) error {
	certificate, err := clientCertificate(s.secrets.client.Reveal())
	if err != nil {
		return fmt.Errorf("notify.certificate: %w", err)
	}
	proxy, err := proxyURL(s.secrets.proxy.Reveal())
	if err != nil {
		return fmt.Errorf("notify.proxy: %w", err)
	}
	s.notifier = notify.New(notify.Config{
		Store: s.store, Deliveries: s.store, Replays: s.store, Backlog: s.store, Offer: offer, IDs: s.ids, Now: s.now, Log: s.log,
		AllowNetworks: prefixes(s.conf.Notify.AllowNetworks), ClientCertificate: certificate, Proxy: proxy,
	})
	return nil
}

// clientCertificate reads a certificate and its key from one PEM text; empty: none.
func clientCertificate(text string) (*tls.Certificate, error) {
	if text == "" {
		return nil, nil
	}
	pair, err := tls.X509KeyPair([]byte(text), []byte(text))
	if err != nil {
		return nil, errors.New("is not the PEM of a certificate and its private key") // the cause might quote the key
	}
	return &pair, nil
}

func proxyURL(text string) (*url.URL, error) {
	if text == "" {
		return nil, nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("is not of the form http://proxy.internal:3128") // it may hold a password
	}
	return u, nil
}

// signals is how the replicas on one store tell each other of tasks. A store that only one process can open has none.
type signals interface {
	Signal(ctx context.Context, parts uint64) error
	Signals(ctx context.Context, heard func(parts uint64)) error
}

// openQueue makes what runs this replica's share of the tasks.
func (s *system) openQueue(ctx context.Context) error {
	counter := monitor.NewCounter(monitor.Config{Store: s.store, IDs: s.ids, Now: s.now, Log: s.log})
	if err := s.store.Enqueue(ctx, []queue.Task{counter.Task()}); err != nil {
		return fmt.Errorf("begin to count statistics: %w", err)
	}
	conf := queue.Config{
		Store: s.store, Leases: s.store, Replica: s.replica, Now: s.now, Log: s.log, Trace: s.tracer,
		Handlers: map[string]queue.Handler{
			payment.KindResolve:    {Do: s.payments.Resolve},
			notify.KindNotify:      s.notifier.Handler(),
			notify.KindReplay:      s.notifier.ReplayHandler(),
			monitor.KindStatistics: counter.Handler(),
		},
	}
	shared, ok := s.engine.(signals)
	if ok {
		conf.Signal = func(parts uint64) { s.signal(shared, parts) }
	} else {
		conf.LeaseTime = time.Minute // nobody else wants them, and each renewal is a commit
	}
	s.runner = queue.NewRunner(conf)
	s.onStop(func(ctx context.Context) error {
		defer s.notifier.Close()
		return s.runner.Stop(ctx)
	})
	if ok {
		s.listen(shared)
	}
	return nil
}

func (s *system) signal(shared signals, parts uint64) {
	ctx, cancel := context.WithTimeout(context.Background(), signalLimit)
	defer cancel()
	if err := shared.Signal(ctx, parts); err != nil {
		s.log.Debug("signal tasks to other replicas", "error", err) // their poll finds them
	}
}

// listen hears of others' signals until stop.
func (s *system) listen(shared signals) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := shared.Signals(ctx, s.runner.Wake); err != nil && ctx.Err() == nil {
			s.log.Warn("listen to other replicas", "error", err)
		}
	}()
	s.onStop(func(context.Context) error {
		cancel()
		<-done
		return nil
	})
}

// replicaID names this process among those on the store, for people and for good: it is never used again.
func replicaID() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	host = strings.Map(func(r rune) rune { // it is one token of NATS subjects
		if strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", r) {
			return r
		}
		return '-'
	}, host)
	var random [6]byte
	rand.Read(random[:]) // never fails
	return fmt.Sprintf("%s-%d-%s", host, os.Getpid(), hex.EncodeToString(random[:]))
}
