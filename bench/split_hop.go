package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/natsclient"
	"github.com/paymux/paymux/internal/rpc"
)

// A hop is one request and its reply between two processes, through the NATS server of the split system and with
// the credentials of its frontend and its node: the wire of paymentrpc and channelrpc without what they carry.

// hopBytes is how large request and reply are.
const hopBytes = 600

// Subjects that a frontend may ask a node by, and that no node serves: one for the bare messaging, one for the house's wire.
const (
	bareSubject = "paymux.node.bench.bare"
	hopSubject  = "paymux.node.bench.hop"
)

// responderCommand is the hidden command of the process that replies.
const responderCommand = "split-responder"

// runResponder replies until its parent ends.
func runResponder(ctx context.Context, args []string) error {
	ctx, cancel := withParent(ctx)
	defer cancel()
	var c child
	var at natsAt
	flags := flag.NewFlagSet(responderCommand, flag.ContinueOnError)
	flags.StringVar(&c.token, "token", "", "")
	flags.StringVar(&c.control, "control", "", "")
	flags.StringVar(&at.url, "nats", "", "")
	flags.StringVar(&at.dir, "credentials", "", "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	conn, err := at.connect(ctx, "node")
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := respond(ctx, conn); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer listener.Close()
	go serveLoopback(listener)
	where := func(context.Context, struct{}) (string, error) { return listener.Addr().String(), nil }
	return c.serveControl(ctx, map[string]http.HandlerFunc{"/loopback": told(where)})
}

// respond replies to hops with as many bytes.
func respond(ctx context.Context, conn *nats.Conn) error {
	answer := bytes.Repeat([]byte("x"), hopBytes)
	server := rpc.NewServer(rpc.Config{Conn: conn, Group: "bench"})
	err := server.Handle(hopSubject, func(context.Context, []byte) ([]byte, error) { return answer, nil })
	_, bare := conn.QueueSubscribe(bareSubject, "bench", func(m *nats.Msg) { _ = m.Respond(answer) })
	return errors.Join(err, bare, server.Flush(ctx))
}

// connect connects as a party.
func (n natsAt) connect(ctx context.Context, party string) (*nats.Conn, error) {
	seed, err := os.ReadFile(n.credentials(party))
	if err != nil {
		return nil, err
	}
	c := natsclient.Config{URL: n.url, Seed: paymux.Secret(seed), Name: "bench-" + party, Wait: 10 * time.Second, Log: slog.New(slog.DiscardHandler)}
	if n.secure() {
		authority, err := os.ReadFile(n.authority())
		if err != nil {
			return nil, err
		}
		c.CA = string(authority)
	}
	return natsclient.Connect(ctx, c)
}

// hopLoad is a way of asking for hops.
type hopLoad struct {
	through string // loopback: TCP between two processes; nats: the messaging alone; rpc: the house's wire on it
	callers int
	paced   bool // at the rate that the loaded split system's payments had, not as fast as they come
}

// hopLoads are what is measured: low load, then under load.
func hopLoads(callers int) []hopLoad {
	var list []hopLoad
	for _, load := range []hopLoad{{callers: 1}, {callers: callers, paced: true}, {callers: callers}} {
		for _, load.through = range []string{"loopback", "nats", "rpc"} {
			if !slices.Contains(list, load) {
				list = append(list, load)
			}
		}
	}
	return list
}

// hopLength is how long each load lasts.
const hopLength = time.Second

// hopRounds are what was measured, by load.
type hopRounds map[hopLoad][]round

// measure measures hops between two processes. payments is how many a second the system made: each has two hops.
func (h hopRounds) measure(ctx context.Context, p plan, at natsAt, payments float64) error {
	responder, err := startChild(ctx, responderCommand, "--nats", at.url, "--credentials", at.dir)
	if err != nil {
		return err
	}
	defer responder.stop()
	conn, err := at.connect(ctx, "frontend")
	if err != nil {
		return err
	}
	defer conn.Close()
	var address string
	if err := responder.tell(ctx, "/loopback", nil, &address); err != nil {
		return err
	}
	direct, err := dialLoopback(ctx, address, p.callers)
	if err != nil {
		return err
	}
	defer direct.close()
	for _, l := range hopLoads(p.callers) {
		r := l.run(ctx, conn, direct, 2*payments, hopLength)
		if r.Failed > 0 {
			return fmt.Errorf("hops through %s: %s", l.through, r.FirstFail)
		}
		h[l] = append(h[l], round{result: r})
	}
	return nil
}

// run asks for hops, as many a second as the rate says where the load is paced.
func (l hopLoad) run(ctx context.Context, conn *nats.Conn, direct loopback, rate float64, length time.Duration) result {
	fire := l.shot(conn, direct)
	p := plan{callers: l.callers, length: length}
	if l.paced {
		p.pause = time.Duration(float64(l.callers) / rate * float64(time.Second))
	}
	warm := p
	warm.length = length / 5
	load(ctx, warm, fire)
	return load(ctx, p, fire)
}

func (l hopLoad) shot(conn *nats.Conn, direct loopback) shot {
	body := bytes.Repeat([]byte("x"), hopBytes)
	c := &rpc.Client{Conn: conn}
	switch l.through {
	case "loopback":
		return direct.ask
	case "nats":
		return limited(func(ctx context.Context, _ int) error {
			_, err := conn.RequestWithContext(ctx, bareSubject, body)
			return err
		})
	}
	return limited(func(ctx context.Context, _ int) error {
		_, err := c.Exchange(ctx, hopSubject, body)
		return err
	})
}

// limited gives each hop an end, which the bare messaging wants.
func limited(fire shot) shot {
	return func(ctx context.Context, caller int) error {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		return fire(ctx, caller)
	}
}

// hopLine is what is printed of a load. Times are of request and reply together, in microseconds.
type hopLine struct {
	Scenario  string  `json:"scenario"` // hop
	Wire      string  `json:"wire"`     // tls or tcp
	Through   string  `json:"through"`  // see hopLoad
	Loop      string  `json:"loop"`     // closed, or paced: at the rate of the split system's payments
	Callers   int     `json:"callers"`
	Bytes     int     `json:"bytes"`
	Rounds    int     `json:"rounds"`
	PerSecond float64 `json:"per_second"` // medians of the rounds
	P50       float64 `json:"p50_us"`
	P99       float64 `json:"p99_us"`
	CPUs      int     `json:"cpus"`
}

func (h hopRounds) print(p plan) error {
	for _, l := range hopLoads(p.callers) {
		if err := json.NewEncoder(os.Stdout).Encode(l.line(p, h[l])); err != nil {
			return err
		}
	}
	return nil
}

func (l hopLoad) line(p plan, rounds []round) hopLine {
	each := func(say func(*round) float64) float64 {
		var all []float64
		for i := range rounds {
			all = append(all, say(&rounds[i]))
		}
		return median(all)
	}
	micros := func(share float64) func(*round) float64 {
		return func(r *round) float64 { return float64(r.quantile(share).Nanoseconds()) / 1000 }
	}
	line := hopLine{
		Scenario: "hop", Wire: "tls", Through: l.through, Loop: "closed", Callers: l.callers, Bytes: hopBytes, Rounds: len(rounds),
		PerSecond: each((*round).perSecond), P50: each(micros(.5)), P99: each(micros(.99)), CPUs: runtime.NumCPU(),
	}
	if p.plain || l.through == "loopback" {
		line.Wire = "tcp"
	}
	if l.paced {
		line.Loop = "paced"
	}
	return line
}
