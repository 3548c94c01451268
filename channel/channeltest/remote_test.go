package channeltest_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/channelrpc"
	"github.com/paymux/paymux/channel/channeltest"
	"github.com/paymux/paymux/channel/sandbox"
	"github.com/paymux/paymux/gateway"
	"github.com/paymux/paymux/internal/natsserver"
	"github.com/paymux/paymux/registry"
)

// house is a NATS server with a registry whose leases are renewed often.
func house(t *testing.T) (*nats.Conn, *registry.Registry) {
	t.Helper()
	var c natsserver.Config
	c.Dir, c.Name, c.Log = t.TempDir(), "test", slog.New(slog.DiscardHandler)
	m, err := natsserver.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Stop)
	shared := registry.New(registry.Config{Conn: m.Conn, TTL: 600 * time.Millisecond, Creates: true})
	t.Cleanup(func() { _ = shared.Stop(t.Context()) })
	return m.Conn, shared
}

// bank is an account at an institution that pretends.
func bank(t *testing.T) *channel.Account {
	t.Helper()
	i, err := sandbox.NewInstitution(sandbox.Config{PublicURL: func() string { return "https://sandbox.example" }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(i.Stop)
	d := i.Driver()
	opened, err := d.Open(channel.Config{Account: "main", Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return &channel.Account{Name: "main", Driver: d, Channel: opened, Methods: d.Methods}
}

func capabilities(a *channel.Account) channelrpc.Capabilities {
	return channelrpc.Capabilities{
		Contract: channelrpc.Contract, Name: a.Driver.Name, Title: a.Driver.Title, Version: "1.2.3", Features: a.Driver.Features,
		TimeLimitMS:  a.Driver.TimeLimit.Milliseconds(),
		Accounts:     []channelrpc.Account{{Name: a.Name, Methods: a.Methods, Kit: true}},
		UnknownCodes: map[string]int64{"SBX-4711": 1},
	}
}

// A package as gateways make them passes, its switches, counts and unknown codes included.
func TestAGatewayPasses(t *testing.T) {
	t.Parallel()
	conn, shared := house(t)
	a := bank(t)
	g, err := gateway.New(gateway.Config{
		Conn: conn, Registry: shared, Accounts: []*channel.Account{a}, Version: "1.2.3", ID: "g-1", Log: slog.New(slog.DiscardHandler), Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Stop(t.Context()) })
	caps := capabilities(a)
	caps.UnknownCodes = nil
	report := channeltest.CheckRemote(t.Context(), channeltest.Remote{Conn: conn, ID: "g-1", Announced: mustJSON(t, caps), Account: "main"})
	if report.Failed {
		t.Errorf("%s", failures(report, ""))
	}
	for _, part := range []string{"pay/3-D Secure", "decline/payer refuses", "callback/stale", "faults/refused", "wire/at_once", "lease/unknown_codes"} {
		if !ran(report, strings.Split(part, "/")) {
			t.Errorf("%s was not run", part)
		}
	}
}

// An account without a kit may be anybody's money: nothing but questions is sent there.
func TestWithoutAKitNobodyIsCharged(t *testing.T) {
	t.Parallel()
	conn, _ := house(t)
	a := bank(t)
	caps := capabilities(a)
	caps.Accounts[0].Kit = false
	serve(t, conn, a)
	sent := make(chan string, 1000)
	if _, err := conn.Subscribe("paymux.channel.>", func(m *nats.Msg) { sent <- m.Subject + " " + string(m.Data) }); err != nil {
		t.Fatal(err)
	}
	report := channeltest.CheckRemote(t.Context(), channeltest.Remote{Conn: conn, ID: "g-1", Announced: mustJSON(t, caps), Account: "main"})
	if found := failures(report, ""); strings.Count(found, "\n") != 2 || !strings.Contains(found, "lease: the lease gateway.sandbox.g-1 was renewed 0 times") {
		t.Errorf("all that is wrong is that there is no lease:\n%s", found)
	}
	if err := conn.Flush(); err != nil {
		t.Fatal(err)
	}
	for len(sent) > 0 {
		if m := <-sent; strings.Contains(m, ".do ") && strings.Contains(m, `"op_`) {
			t.Errorf("a payment was sent: %s", m)
		}
	}
}

func serve(t *testing.T, conn *nats.Conn, a *channel.Account) {
	t.Helper()
	s := channelrpc.NewServer(conn, "1.2.3", 0, slog.New(slog.DiscardHandler))
	if err := s.Serve(a); err != nil {
		t.Fatal(err)
	}
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// wireDefects are mistakes that packages make with the wire, as somebody between it and a good one, and the check that
// must find each.
var wireDefects = map[string]struct {
	found  string
	caps   func(*channelrpc.Capabilities)
	ask    func(verb string, m *nats.Msg)                // changes a request
	answer func(verb string, m *nats.Msg, was *nats.Msg) // changes a reply
	twice  bool
	silent bool // keeps no lease
}{
	"none":                    {},
	"keeps no lease":          {found: "lease", silent: true},
	"answers twice":           {found: "wire/one_answer", twice: true},
	"speaks another contract": {found: "capabilities", caps: func(c *channelrpc.Capabilities) { c.Contract = 2 }},
	"counts no codes":         {found: "lease/unknown_codes", caps: func(c *channelrpc.Capabilities) { c.UnknownCodes = nil }},
	"promises what it cannot do": {found: "wire/statement_pages", answer: func(verb string, m, _ *nats.Msg) {
		if verb == "statement" {
			m.Header, m.Data = nats.Header{"Paymux-Error": {"1"}}, []byte(`{"names":["unsupported"],"text":"no"}`)
		}
	}},
	"begins what is late": {found: "wire/late_request", ask: func(_ string, m *nats.Msg) { m.Header.Del("Paymux-Deadline") }},
	"has its own errors": {found: "wire/garbage", answer: func(_ string, m, _ *nats.Msg) {
		if m.Header.Get("Paymux-Error") != "" {
			m.Data = []byte(`{"error":"bad"}`)
		}
	}},
	"forgets the error's header": {found: "wire/garbage", answer: func(_ string, m, _ *nats.Msg) { m.Header = nil }},
	"is strict with members": {found: "wire/unknown_members", answer: func(_ string, m, was *nats.Msg) {
		if bytes.Contains(was.Data, []byte("tomorrow")) {
			m.Header, m.Data = nats.Header{"Paymux-Error": {"1"}}, []byte(`{"names":["bad_request","not_taken"],"text":"no"}`)
		}
	}},
	"has its own states": {found: "wire/unknown_members", answer: func(verb string, m, was *nats.Msg) {
		if bytes.Contains(was.Data, []byte("tomorrow")) {
			m.Data = bytes.ReplaceAll(m.Data, []byte("succeeded"), []byte("paid"))
		}
	}},
	"does anything": {found: "wire/unknown_kind", answer: func(_ string, m, was *nats.Msg) {
		if bytes.Contains(was.Data, []byte("levitate")) {
			m.Header, m.Data = nil, []byte(`{"state":"succeeded"}`)
		}
	}},
	"believes what is unsigned": {found: "wire/forgery", answer: func(verb string, m, _ *nats.Msg) {
		if verb == "callback" && m.Header == nil {
			m.Data = []byte(`{"id":"1"}`)
		}
	}},
	"begins each page at the first": {found: "wire/statement_pages", ask: func(verb string, m *nats.Msg) {
		var q channelrpc.StatementRequest
		if verb == "statement" && json.Unmarshal(m.Data, &q) == nil {
			q.From = 0
			m.Data, _ = json.Marshal(q)
		}
	}},
}

func TestTheWireShowsDefects(t *testing.T) {
	t.Parallel()
	for name, defect := range wireDefects {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, shared := house(t)
			a := bank(t)
			serve(t, conn, a)
			caps := capabilities(a)
			caps.Version = "6.6.6"
			if defect.caps != nil {
				defect.caps(&caps)
			}
			between(t, conn, func(verb string, m *nats.Msg) {
				was := *m
				if defect.ask != nil {
					defect.ask(verb, m)
				}
				reply, err := conn.RequestMsg(&nats.Msg{Subject: channelrpc.Subject("sandbox", "1.2.3", "main", verb), Header: m.Header, Data: m.Data}, 20*time.Second)
				if err != nil {
					t.Errorf("%s: %v", verb, err)
					return
				}
				if defect.answer != nil {
					defect.answer(verb, reply, &was)
				}
				answers := 1
				if defect.twice {
					answers = 2
				}
				for range answers {
					if err := was.RespondMsg(&nats.Msg{Header: reply.Header, Data: reply.Data}); err != nil {
						t.Error(err)
					}
				}
			})
			if !defect.silent {
				_, err := shared.Register(t.Context(), registry.Instance{
					ID: "g-1", Role: registry.RoleGateway, Name: "sandbox", Version: caps.Version, Weight: 100, State: registry.Ready, Detail: mustJSON(t, caps),
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			report := channeltest.CheckRemote(t.Context(), channeltest.Remote{Conn: conn, ID: "g-1", Announced: mustJSON(t, caps), Account: "main"})
			found := failures(report, "")
			if report.Failed != (defect.found != "") || !strings.Contains(found, "\n"+defect.found) && defect.found != "" {
				t.Errorf("want it found by %q; found:\n%s", defect.found, found)
			}
		})
	}
}

// between gives requests to version 6.6.6 to somebody.
func between(t *testing.T, conn *nats.Conn, handle func(verb string, m *nats.Msg)) {
	t.Helper()
	_, err := conn.QueueSubscribe(channelrpc.Subject("sandbox", "6.6.6", "main", "*"), "packages", func(m *nats.Msg) {
		go handle(m.Subject[strings.LastIndexByte(m.Subject, '.')+1:], m)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// failures lists what failed, each on a line of its own with its place, after an empty one.
func failures(r *channeltest.Report, at string) string {
	var b strings.Builder
	if at == "" {
		b.WriteByte('\n')
	}
	for _, fault := range r.Faults {
		b.WriteString(at + ": " + fault + "\n")
	}
	for _, part := range r.Parts {
		b.WriteString(failures(part, strings.TrimPrefix(at+"/"+part.Name, "/")))
	}
	return b.String()
}

func ran(r *channeltest.Report, path []string) bool {
	if len(path) == 0 {
		return true
	}
	at := slices.IndexFunc(r.Parts, func(p *channeltest.Report) bool { return p.Name == path[0] })
	return at >= 0 && ran(r.Parts[at], path[1:])
}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
