package main

import (
	"net"
	"slices"
	"testing"
	"time"

	"github.com/paymux/paymux/internal/wiretest"
)

func TestEveryLayoutHasEveryRoleOnce(t *testing.T) {
	t.Parallel()
	for _, l := range layouts()[1:] {
		var roles []string
		for _, p := range l.parts {
			roles = append(roles, p.roles...)
		}
		if slices.Sort(roles); !slices.Equal(roles, []string{"frontend", "gateway", "node"}) { // and keys, in each
			t.Errorf("%s has %v", l.name, roles)
		}
		at := func(role string) int {
			return slices.IndexFunc(l.parts, func(p part) bool { return slices.Contains(p.roles, role) })
		}
		if at("node") > at("gateway") {
			t.Errorf("%s: the gateway is started before the node has made what it registers in", l.name)
		}
	}
}

func TestLayoutsAreChosenByName(t *testing.T) {
	t.Parallel()
	list, err := chosen([]string{spread, whole})
	if err != nil || len(list) != 2 || list[0].name != spread || list[1].parts != nil {
		t.Errorf("%+v, %v", list, err)
	}
	if _, err := chosen([]string{"other"}); err == nil {
		t.Error("a layout that there is not is chosen")
	}
	if err := run(t.Context(), []string{"split", "--layouts", "other"}); err == nil {
		t.Error("it is measured")
	}
}

func TestEveryLayoutIsFirstOnce(t *testing.T) {
	t.Parallel()
	first := map[string]int{}
	for n := range 2 * len(layouts()) {
		list := turned(layouts(), n)
		if first[list[0].name]++; len(list) != len(layouts()) {
			t.Errorf("round %d has %d layouts", n, len(list))
		}
	}
	for _, l := range layouts() {
		if first[l.name] != 2 {
			t.Errorf("%s is first %d times in two turns", l.name, first[l.name])
		}
	}
}

// roundOf is a round in which each request took as long, of one second.
func roundOf(took time.Duration, done int) round {
	return round{result: result{Done: done, Length: time.Second, took: slices.Repeat([]time.Duration{took}, done)}}
}

// Rounds are compared with their own base: the machine is another one in each.
func TestComparisonsAreWithinARound(t *testing.T) {
	t.Parallel()
	base := []round{roundOf(time.Millisecond, 1000), roundOf(4*time.Millisecond, 250), roundOf(2*time.Millisecond, 500)}
	split := []round{roundOf(1200*time.Microsecond, 800), roundOf(4300*time.Microsecond, 150), roundOf(2100*time.Microsecond, 350)}
	if got := added(split, base, .5); got != 200 {
		t.Errorf("added %v µs, want 200", got)
	}
	if got := ratio(split, base); got != .7 {
		t.Errorf("ratio %v, want 0.7", got)
	}
	if got := ratio(split, nil); got != 0 {
		t.Errorf("ratio to nothing is %v", got)
	}
	if split[0].Done != 800 || split[1].Done != 150 {
		t.Error("the rounds are in another order afterwards")
	}
	if l := summary(plan{}, spread, split); l.PerSecond != 350 || split[0].Done != 800 {
		t.Errorf("the median round has %v a second, and the first %d", l.PerSecond, split[0].Done)
	}
}

func TestProcessorTimeIsOfEachProcess(t *testing.T) {
	t.Parallel()
	r, base := roundOf(time.Millisecond, 100), roundOf(time.Millisecond, 200)
	r.client, base.client = 10*time.Millisecond, 20*time.Millisecond
	base.cpu = map[string]time.Duration{"paymux": 30 * time.Millisecond}
	r.cpu = map[string]time.Duration{"node": 30 * time.Millisecond, "nats": 10 * time.Millisecond}
	l := summary(plan{}, spread, []round{r})
	if got := cpuRatio([]round{r}, []round{base}); got != .5 {
		t.Errorf("ratio %v, want 0.5: 250 µs to 500", got)
	}
	if l.CPU != 400 || l.ClientCPU != 100 || l.PartsCPU["node"] != 300 || l.PartsCPU["nats"] != 100 {
		t.Errorf("%v µs, of which %v", l.CPU, l.PartsCPU)
	}
}

func TestPlainIsTheSameServerWithoutTLS(t *testing.T) {
	t.Parallel()
	const conf = "# tls: a comment\nlisten: \"127.0.0.1:1\"\ntls: {cert_file: \"x\"}\ninclude \"permissions.conf\"\n#   tls: {verify: true}\n"
	const want = "# tls: a comment\nlisten: \"127.0.0.1:1\"\ninclude \"permissions.conf\"\n#   tls: {verify: true}\n"
	if got := string(withoutTLS([]byte(conf))); got != want {
		t.Errorf("%s", got)
	}
	plain := natsAt{url: "nats://127.0.0.1:1", dir: "/d"}.line("node")
	if want := `nats: {url: "nats://127.0.0.1:1", credentials: "file:/d/node.nk"}`; plain != want {
		t.Errorf("%s", plain)
	}
	secure := natsAt{url: "tls://127.0.0.1:1", dir: "/d"}.line("gateway-sandbox")
	if want := `nats: {url: "tls://127.0.0.1:1", credentials: "file:/d/gateway-sandbox.nk", ca: "file:/d/ca.pem"}`; secure != want {
		t.Errorf("%s", secure)
	}
}

func TestHopsAreAnswered(t *testing.T) {
	t.Parallel()
	m := wiretest.Open(t, 0)
	if err := respond(t.Context(), m.Connect()); err != nil {
		t.Fatal(err)
	}
	conn := m.Connect()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go serveLoopback(listener)
	direct, err := dialLoopback(t.Context(), listener.Addr().String(), 4)
	if err != nil {
		t.Fatal(err)
	}
	defer direct.close()
	got := hopRounds{}
	for _, l := range hopLoads(4) {
		r := l.run(t.Context(), conn, direct, 4000, 50*time.Millisecond)
		if r.Done == 0 || r.Failed > 0 {
			t.Errorf("%+v: %d done, %d failed: %s", l, r.Done, r.Failed, r.FirstFail)
		}
		got[l] = append(got[l], round{result: r})
		if line := l.line(plan{plain: true}, got[l]); line.P50 <= 0 || line.P99 < line.P50 || line.Wire != "tcp" {
			t.Errorf("%+v", line)
		}
	}
	if len(got) != 9 {
		t.Errorf("%d loads", len(got))
	}
	if n := len(hopLoads(1)); n != 6 {
		t.Errorf("one caller has %d loads, the same one twice", n)
	}
}
