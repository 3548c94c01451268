package main

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/paymux/paymux/internal/natsserver"
	"github.com/paymux/paymux/registry"
	"github.com/paymux/paymux/relay"
)

// Written out, and not taken from the plan: what each may ask, and of whom.
var requests = []struct {
	subject string
	by      string   // who answers
	callers []string // nobody else may
}{
	{"paymux.node.east.pay", "node", []string{"frontend", "operator"}},
	{"paymux.channel.stripe.v1.main", "gateway-stripe", []string{"node"}},
	{"paymux.channel.sandbox.v1.main", "gateway-sandbox", []string{"node"}},
	{"paymux.keys.node.sign", "keys", []string{"node"}},
	{"paymux.keys.frontend.sign", "keys", []string{"frontend"}},
	{"paymux.keys.operator.destroy", "keys", []string{"operator"}},
	{"paymux.keys.gateway-stripe.sign", "keys", []string{"gateway-stripe"}},
	{"paymux.keys.gateway-sandbox.sign", "keys", []string{"gateway-sandbox"}},
	{"paymux.instance.gateway.stripe.g1.drain", "gateway-stripe", []string{"node", "operator"}},
	{"paymux.instance.gateway.sandbox.g1.drain", "gateway-sandbox", []string{"node", "operator"}},
	{"paymux.instance.node.east.n1.drain", "node", []string{"operator"}},
	{"paymux.instance.frontend.east.f1.drain", "frontend", []string{"operator"}},
	{"paymux.instance.keys.east.k1.drain", "keys", []string{"operator"}},
	// Nobody answers these, so nobody may ask.
	{"paymux.keys.monitor.sign", "", nil},
	{"paymux.keys.gateway-other.sign", "", nil},
	{"paymux.channel.other.v1.main", "", nil},
	{"$JS.API.INFO", "", nil},
	{"$JS.API.STREAM.LIST", "", nil},
	{"$JS.API.STREAM.DELETE.KV_settings", "", nil},
	{"$JS.API.STREAM.PURGE.KV_settings", "", nil},
	{"$JS.API.STREAM.UPDATE.KV_settings", "", nil},
	{"$JS.API.STREAM.MSG.GET.KV_settings", "", nil},
	{"$JS.API.STREAM.CREATE.other", "", nil},
	{"$JS.API.CONSUMER.CREATE.KV_settings", "", nil},
	{"$JS.API.CONSUMER.CREATE.KV_instances.c.$KV.instances.>", "", nil},
	{"$SYS.REQ.SERVER.PING", "", nil},
	{"$SYS.REQ.ACCOUNT.PING.CONNZ", "", nil},
}

var writes = []struct {
	key     string
	writers []string
}{
	{"instances.node.east.n1", []string{"node"}},
	{"instances.frontend.east.f1", []string{"frontend"}},
	{"instances.keys.east.k1", []string{"keys"}},
	{"instances.operator.east.o1", []string{"operator"}},
	{"instances.gateway.stripe.g1", []string{"gateway-stripe"}},
	{"instances.gateway.sandbox.g1", []string{"gateway-sandbox"}},
	{"instances.gateway.other.g1", nil},
	{"settings.routing.east", []string{"node", "operator"}},
	{"flags.routing.n1", []string{"node", "operator"}},
	{"flags.frontend.door", []string{"frontend", "node", "operator"}},
	{"journal.k1", []string{"frontend"}},
}

// everybody are the parties of newHall with two channels.
var everybody = []string{"frontend", "gateway-sandbox", "gateway-stripe", "keys", "monitor", "node", "operator"}

var readers = map[string][]string{
	"instances": {"frontend", "monitor", "node", "operator"},
	"settings":  everybody,
	"flags":     {"frontend", "monitor", "node", "operator"},
	"journal":   {"frontend"},
}

func enterAll(t *testing.T, h *hall) map[string]*guest {
	t.Helper()
	guests := map[string]*guest{}
	for _, party := range everybody {
		guests[party] = h.enter(party)
	}
	// As the rooms do at their start.
	r := registry.New(registry.Config{Conn: guests["node"].conn, Creates: true})
	for _, ready := range []<-chan struct{}{r.Watch("").Ready(), r.Settings().Watch("").Ready(), r.Flags().Watch("").Ready()} {
		<-ready
	}
	if err := r.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	answer, err := guests["node"].ask(&nats.Msg{Subject: "paymux.make.journal", Data: []byte(
		`{"name":"KV_journal","subjects":["$KV.journal.>"],"storage":"memory","allow_direct":true,"max_msgs_per_subject":1,"republish":{"src":"$KV.journal.>","dest":"paymux.registry.journal.>"}}`)})
	if err != nil || strings.Contains(string(answer.Data), `"error"`) {
		t.Fatalf("%v, %v", answer, err)
	}
	return guests
}

func TestWhoMayAskWhom(t *testing.T) {
	t.Parallel()
	guests := enterAll(t, newHall(t, "stripe,sandbox"))
	for _, r := range requests {
		for name, g := range guests {
			if name == r.by {
				g.serves(r.subject)
			} else if _, err := g.hears(r.subject); !errors.Is(err, errRefused) && !widely(name, r.subject) {
				t.Errorf("%s listens on %s: %v", name, r.subject, err)
			}
		}
	}
	for _, r := range requests {
		for name, g := range guests {
			answer, err := g.ask(nats.NewMsg(r.subject))
			switch may := slices.Contains(r.callers, name); {
			case may && (err != nil || string(answer.Data) != r.by):
				t.Errorf("%s asks %s: %v, %v", name, r.subject, answer, err)
			case !may && !errors.Is(err, errRefused):
				t.Errorf("%s asks %s and is not refused: %v, %v", name, r.subject, answer, err)
			}
		}
	}
}

// widely: the key service listens for every caller with one subscription. Only callers that
// have a line in the plan can send anything there, each under its own name.
func widely(name, subject string) bool {
	return name == "keys" && strings.HasPrefix(subject, "paymux.keys.")
}

func TestWhoMayListenWidely(t *testing.T) {
	t.Parallel()
	guests := enterAll(t, newHall(t, "stripe,sandbox"))
	for name, g := range guests {
		for _, subject := range []string{">", "*", "paymux.>", "paymux.channel.>", "paymux.keys.>", "paymux.instance.>", "$KV.>", "$JS.>", "$SYS.>", "_R_.>", "_INBOX_.>"} {
			if _, err := g.hears(subject); !errors.Is(err, errRefused) && !widely(name, subject) {
				t.Errorf("%s listens on %s: %v", name, subject, err)
			}
		}
	}
	// Answers are private to their party.
	guests["gateway-stripe"].serves("paymux.channel.stripe.v1.main")
	inbox := guests["node"].conn.NewInbox()
	for name, g := range guests {
		heard, err := g.hears("_INBOX.>")
		if err != nil {
			t.Errorf("%s has no inbox: %v", name, err)
			continue
		}
		if name == "node" {
			continue
		}
		if _, err := guests["node"].ask(nats.NewMsg("paymux.channel.stripe.v1.main")); err != nil {
			t.Error(err)
		}
		if err := guests["operator"].try(func() error { return guests["operator"].conn.Publish(inbox, nil) }); !errors.Is(err, errRefused) {
			t.Errorf("the operator publishes an answer nobody asked for: %v", err)
		}
		select {
		case m := <-heard:
			t.Errorf("%s hears %s", name, m.Subject)
		default:
		}
	}
}

func TestWhoHearsOfChanges(t *testing.T) {
	t.Parallel()
	guests := enterAll(t, newHall(t, "stripe,sandbox"))
	heard := map[string]<-chan *nats.Msg{}
	for name, g := range guests {
		ch, err := g.hears("paymux.changed.7")
		if may := slices.Contains([]string{"node", "frontend", "operator", "monitor"}, name); (err == nil) != may {
			t.Errorf("%s listens: %v", name, err)
		}
		if err == nil {
			heard[name] = ch
		}
	}
	for name, g := range guests {
		if err := g.try(func() error { return g.conn.Publish("paymux.changed.7", []byte(name)) }); (err == nil) != (name == "node") {
			t.Errorf("%s publishes: %v", name, err)
		}
	}
	for name, ch := range heard {
		if m := arrives(t, ch); string(m.Data) != "node" {
			t.Errorf("%s hears of %s", name, m.Data)
		}
	}
}

// Frontends meet, and nobody else is there.
func TestWhoMeetsInTheCouncil(t *testing.T) {
	t.Parallel()
	h := newHall(t, "stripe")
	guests := enterAll(t, newHall(t, "stripe,sandbox"))
	for name, g := range guests {
		_, hears := g.hears(relay.CouncilSubject)
		says := g.try(func() error { return g.conn.Publish(relay.CouncilSubject, nil) })
		if may := name == "frontend"; (hears == nil) != may || (says == nil) != may {
			t.Errorf("%s listens: %v, speaks: %v", name, hears, says)
		}
	}
	one, another := h.enter("frontend"), h.enter("frontend")
	one.serves(relay.CouncilSubject)
	if answer, err := another.ask(nats.NewMsg(relay.CouncilSubject)); err != nil || string(answer.Data) != "frontend" {
		t.Errorf("%v, %v", answer, err)
	}
}

// Nodes tell each other of their regions' merchants, secrets and all. Nobody else can ask, listen or answer, and a node asks other nodes for
// nothing else.
func TestWhoAsksForMerchants(t *testing.T) {
	t.Parallel()
	h := newHall(t, "stripe,sandbox")
	guests := enterAll(t, h)
	const subject = "paymux.directory.east.changes"
	h.enter("node").serves(subject)
	for name, g := range guests {
		answer, err := g.ask(nats.NewMsg(subject))
		if may := name == "node"; may && (err != nil || string(answer.Data) != "node") || !may && !errors.Is(err, errRefused) {
			t.Errorf("%s asks: %v, %v", name, answer, err)
		}
		for _, listen := range []string{subject, "paymux.directory.*.changes"} {
			if _, err := g.hears(listen); (err == nil) != (name == "node") {
				t.Errorf("%s listens on %s: %v", name, listen, err)
			}
		}
		for _, wide := range []string{"paymux.directory.>", "paymux.directory.east.>", "paymux.directory.east.other"} {
			if _, err := g.hears(wide); !errors.Is(err, errRefused) {
				t.Errorf("%s listens on %s: %v", name, wide, err)
			}
		}
	}
	for _, other := range []string{"paymux.node.east.access.key", "paymux.node.east.pay", "paymux.directory.east.other", "paymux.directory.changes", "paymux.directory.a.b.changes"} {
		if _, err := guests["node"].ask(nats.NewMsg(other)); !errors.Is(err, errRefused) {
			t.Errorf("a node asks %s and is not refused: %v", other, err)
		}
	}
}

func TestWhoWritesAndReadsBuckets(t *testing.T) {
	t.Parallel()
	guests := enterAll(t, newHall(t, "stripe,sandbox"))
	for _, w := range writes {
		for name, g := range guests {
			answer, err := g.ask(&nats.Msg{Subject: "$KV." + w.key, Data: []byte(name)})
			switch may := slices.Contains(w.writers, name); {
			case may && (err != nil || !strings.Contains(string(answer.Data), `"seq"`)):
				t.Errorf("%s writes %s: %v, %v", name, w.key, answer, err)
			case !may && !errors.Is(err, errRefused):
				t.Errorf("%s writes %s and is not refused: %v, %v", name, w.key, answer, err)
			}
		}
		bucket, _, _ := strings.Cut(w.key, ".")
		read := "$JS.API.DIRECT.GET.KV_" + bucket
		for name, g := range guests {
			may := slices.Contains(readers[bucket], name)
			answer, err := g.ask(nats.NewMsg(read + ".$KV." + w.key))
			if (err == nil) != may || may && w.writers != nil && !slices.Contains(w.writers, string(answer.Data)) {
				t.Errorf("%s reads %s: %v, %v", name, w.key, answer, err)
			}
			if _, err := g.ask(&nats.Msg{Subject: read, Data: []byte(`{"last_by_subj":"$KV.` + w.key + `"}`)}); (err == nil) != may {
				t.Errorf("%s reads bucket %s: %v", name, bucket, err)
			}
			if _, err := g.hears("paymux.registry." + bucket + ".>"); (err == nil) != may {
				t.Errorf("%s follows bucket %s: %v", name, bucket, err)
			}
			if err := g.try(func() error { return g.conn.Publish("paymux.registry."+w.key, nil) }); err == nil {
				t.Errorf("%s publishes news of %s", name, w.key)
			}
		}
	}
}

// The server's answers go where a request says. Nobody must be able to have them sent to what is not theirs.
func TestAnswersCannotBeSentAstray(t *testing.T) {
	t.Parallel()
	guests := enterAll(t, newHall(t, "stripe,sandbox"))
	ruled, err := guests["operator"].ask(&nats.Msg{Subject: "$KV.settings.rules", Data: []byte("good")})
	if err != nil || !strings.Contains(string(ruled.Data), `"seq"`) {
		t.Fatal(ruled, err)
	}
	var served []<-chan *nats.Msg
	for party, subject := range map[string]string{"keys": "paymux.keys.operator.>", "gateway-sandbox": "paymux.channel.sandbox.>", "node": "paymux.node.>"} {
		heard, err := guests[party].hears(subject)
		if err != nil {
			t.Fatal(err)
		}
		served = append(served, heard)
	}
	for name, own := range map[string]string{"gateway-stripe": "gateway.stripe.g1", "frontend": "frontend.east.f1"} {
		g := guests[name]
		for _, target := range []string{"$KV.settings.rules", "paymux.keys.operator.destroy", "paymux.channel.sandbox.v1.main", "$KV.instances.node.east.n1"} {
			for _, subject := range []string{"$KV.instances." + own, "$JS.API.DIRECT.GET.KV_instances.$KV.instances." + own, "$JS.API.DIRECT.GET.KV_settings.$KV.settings.rules"} {
				_ = g.try(func() error { return g.conn.PublishRequest(subject, target, []byte("evil")) })
			}
		}
		for _, last := range []string{"$KV.instances." + own, "$JS.API.DIRECT.GET.KV_settings.$KV.settings.rules"} { // all before has been dealt with
			if _, err := g.ask(nats.NewMsg(last)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, heard := range served {
		select {
		case m := <-heard:
			t.Errorf("%s was sent %q", m.Subject, m.Data)
		default:
		}
	}
	rules, err := guests["node"].ask(nats.NewMsg("$JS.API.DIRECT.GET.KV_settings.$KV.settings.rules"))
	if err != nil || string(rules.Data) != "good" {
		t.Errorf("the rules are %v, %v", rules, err)
	}
	if m, err := guests["node"].ask(nats.NewMsg("$JS.API.DIRECT.GET.KV_instances.$KV.instances.node.east.n1")); err != nil || m.Header.Get("Status") != "404" {
		t.Errorf("somebody registered as a node: %v, %v", m, err)
	}
}

var update = flag.Bool("update", false, "write generated documents instead of comparing them")

// docs/nats.md shows the plan.
func TestNATSDocument(t *testing.T) {
	t.Parallel()
	const file, begin, end = "../../docs/nats.md", "<!-- from natsPlan: go test ./cmd/paymux -run NATSDocument -update -->\n", "<!-- end -->"
	is, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(is), begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no place for the table", file)
	}
	want := before + begin + planTable() + end + after
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(is) != want {
		t.Errorf("%s is not what the plan says: run go test ./cmd/paymux -run %s -update", file, t.Name())
	}
}

func planTable() string {
	kinds := map[natsserver.Kind]string{natsserver.Service: "request", natsserver.Pages: "request, several answers", natsserver.News: "news"}
	parties := append(natsRoles(), rolePrefix+"<channel>")
	rows := map[string]bool{}
	for _, l := range natsPlan(parties) {
		to := slices.Sorted(slices.Values(l.To))
		subject := "`" + l.Subject + "`"
		if l.As != "" {
			subject += " as `" + l.As + "`"
		}
		from := strings.Replace(l.From, natsserver.Store, "NATS", 1)
		who := strings.ReplaceAll(fmt.Sprintf("%s | %s", from, strings.Join(to, ", ")), rolePrefix+"<channel>", "`"+rolePrefix+"<channel>`")
		rows[fmt.Sprintf("| %s | %s | %s |\n", subject, kinds[l.Kind], who)] = true
	}
	return "| subject | what | answered or told by | asked or heard by |\n|---|---|---|---|\n" + strings.Join(slices.Sorted(maps.Keys(rows)), "")
}
