package test_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
	"github.com/paymux/paymux/registry"
	"github.com/paymux/paymux/relay"
	"github.com/paymux/paymux/test/stripefake"
)

// scraped is what a process showed at one moment: values by series, as in `paymux_payments_total{channel="stripe",…}`.
type scraped map[string]float64

// scrape asks a process for its metrics.
func scrape(t testing.TB, address string) (all scraped, text string) {
	t.Helper()
	answer, err := http.Get("http://" + address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("/metrics: %s, %v\n%s", answer.Status, err, body)
	}
	all = scraped{}
	for lines := bufio.NewScanner(strings.NewReader(string(body))); lines.Scan(); {
		series, value, ok := cutLast(lines.Text())
		if !ok || strings.HasPrefix(series, "#") {
			continue
		}
		if all[series], err = strconv.ParseFloat(value, 64); err != nil {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
	}
	return all, string(body)
}

func cutLast(line string) (series, value string, ok bool) {
	i := strings.LastIndexByte(line, ' ')
	if i < 0 {
		return "", "", false
	}
	return line[:i], line[i+1:], true
}

// sum adds up the series of a family whose labels have all of these values.
func (s scraped) sum(family string, labels ...string) (sum float64) {
	for series, v := range s {
		name, _, _ := strings.Cut(series, "{")
		if name == family && !slices.ContainsFunc(labels, func(l string) bool { return !strings.Contains(series, l) }) {
			sum += v
		}
	}
	return sum
}

// want reports what is not as it should be.
func (s scraped) want(t testing.TB, who string, values map[string]float64) {
	t.Helper()
	for what, want := range values {
		family, labels, _ := strings.Cut(what, " ")
		if got := s.sum(family, strings.Fields(labels)...); got != want {
			t.Errorf("%s: %s is %g, want %g", who, what, got, want)
		}
	}
}

// promtool is Prometheus's own checker; ./check unpacks it.
func promtool(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"promtool", "../.tools/bin/promtool"} {
		if path, err := exec.LookPath(name); err == nil || errors.Is(err, exec.ErrDot) {
			path, err = filepath.Abs(path)
			if err != nil {
				t.Fatal(err)
			}
			return path
		}
	}
	if os.Getenv("PAYMUX_CHECK") == "1" {
		t.Fatal("there is no promtool")
	}
	t.Skip("there is no promtool: ./check unpacks Debian's package prometheus for it")
	return ""
}

// proper has promtool look at what a process showed.
func proper(t testing.TB, tool, who, text string) {
	t.Helper()
	cmd := exec.Command(tool, "check", "metrics")
	cmd.Stdin = strings.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool check metrics, of %s: %v\n%s", who, err, out)
	}
}

// The examples are what Prometheus takes; that they name what there is, package metrics sees to.
func TestPrometheusTakesTheExamples(t *testing.T) {
	t.Parallel()
	tool := promtool(t)
	for _, args := range [][]string{{"check", "rules", "alerts.yml"}, {"check", "config", "prometheus.yml"}} {
		cmd := exec.Command(tool, args...)
		cmd.Dir = "../deploy/prometheus"
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "SUCCESS") {
			t.Errorf("promtool %v: %v\n%s", args, err, out)
		}
	}
}

// monitorAddress is where a part that has said it is ready answers operators.
func (p *part) monitorAddress() string {
	p.t.Helper()
	found := regexp.MustCompile(`"monitor":"([^"]+)"`).FindStringSubmatch(p.logged())
	if found == nil {
		p.t.Fatalf("%s does not say where it is monitored:\n%s", p.name, p.logged())
	}
	return found[1]
}

// Every role shows what it did, the institution's own program as well, and promtool has nothing to say against it. None of it is on the merchants' port, and
// none of it is a secret.
func TestEveryRoleShowsItsMetrics(t *testing.T) {
	t.Parallel()
	tool := promtool(t)
	s := newMonitoredSplit(t)
	m, secret := s.merchantWithKey()
	const paid = 7
	for i := range paid {
		if p, err := m.CreatePayment(t.Context(), cardPayment(fmt.Sprint("A-", i), "cards")); err != nil || p.Status != paymux.Succeeded {
			t.Fatalf("%+v, %v", p, err)
		}
	}
	declined := cardPayment("A-declined", "cards")
	declined.PaymentMethod.Card.Token = stripefake.NoFunds
	if _, err := m.CreatePayment(t.Context(), declined); !errors.Is(err, paymux.PaymentDeclined) {
		t.Fatal(err)
	}
	stranger, err := client.New(client.Config{BaseURL: s.url, Key: "sk_test_nobody_has_this_key", Attempts: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stranger.CreatePayment(t.Context(), cardPayment("A-0", "cards")); !errors.Is(err, paymux.Unauthenticated) {
		t.Errorf("a stranger: %v", err)
	}
	frontend, node, gateway, keys := s.front.monitorAddress(), s.node.monitorAddress(), s.gateways["stripe"].monitorAddress(), s.keys.monitorAddress()
	for who, check := range map[string]struct {
		address string
		want    map[string]float64
	}{
		"frontend": {frontend, map[string]float64{
			`paymux_http_requests_total service="pay" class="2xx"`: paid, `paymux_http_requests_total service="pay" class="4xx"`: 2,
			`paymux_http_request_duration_seconds_count service="pay"`: paid + 2, `paymux_http_errors_total code="payment_declined"`: 1,
			`paymux_http_errors_total code="unauthenticated"`: 1, `paymux_relay_payments_total reason="home" region="local"`: paid + 1,
			`paymux_relay_refused_total`: 0, `paymux_relay_region_up region="local"`: 1, `paymux_relay_circuit_open`: 0, `paymux_nats_connected`: 1,
			`paymux_relay_journal_away_seconds`: 0, `paymux_registry_stale_seconds`: 0, `paymux_registry_instances role="node" state="ready"`: 1,
			`paymux_http_requests_in_flight`: 0, `paymux_build_info roles="frontend"`: 1,
		}},
		"node": {node, map[string]float64{
			`paymux_payments_total outcome="created" channel="stripe" method="card" mode="test"`: paid + 1, `paymux_payments_total outcome="succeeded"`: paid,
			`paymux_payments_total outcome="failed"`: 1, `paymux_payments_total outcome="tried"`: paid + 1, `paymux_payments_unknown`: 0,
			`paymux_channel_calls_total channel="stripe" operation="pay" outcome="succeeded"`: paid, `paymux_channel_calls_total outcome="declined"`: 1,
			`paymux_channel_call_duration_seconds_count operation="pay"`: paid + 1, `paymux_node_request_duration_seconds_count operation="create"`: paid + 1,
			`paymux_node_own_duration_seconds_count operation="create"`: paid + 1, `paymux_queue_partitions`: 64, `paymux_queue_tasks_waiting`: 0,
			`paymux_store_change_duration_seconds_count`: 2 * (paid + 1), `paymux_rpc_requests_total server="node" outcome="refused"`: 0,
			`paymux_node_rated_requests_per_second`: 500, `paymux_registry_instances role="gateway" state="ready"`: 1, `paymux_nats_connected`: 1,
		}},
		"gateway": {gateway, map[string]float64{
			`paymux_channel_calls_total channel="stripe" operation="pay" outcome="succeeded"`: paid, `paymux_channel_calls_in_flight channel="stripe"`: 0,
			`paymux_channel_calls_total operation="pay" outcome="declined"`: 1, `paymux_rpc_requests_total server="gateway-stripe" outcome="taken"`: paid + 1,
			`paymux_nats_connected`: 1, `paymux_build_info roles="gateway"`: 1,
		}},
		"keys": {keys, map[string]float64{`paymux_nats_connected`: 1, `paymux_keys_uses_total outcome="forbidden"`: 0, `paymux_build_info roles="keys"`: 1}},
	} {
		got, text := scrape(t, check.address)
		got.want(t, who, check.want)
		proper(t, tool, who, text)
		for _, hidden := range []string{secret.Reveal(), opsToken, idsKey, s.stripe.Key, "sk_test_nobody", "mer_", "pay_"} {
			if strings.Contains(text, hidden) {
				t.Errorf("%s shows %q", who, hidden)
			}
		}
	}
	if got, _ := scrape(t, keys); got.sum("paymux_keys_uses_total", `outcome="ok"`) == 0 {
		t.Error("the key service has sealed nothing")
	}
	own, _ := scrape(t, node)
	if all, ours := own.sum("paymux_node_request_duration_seconds_sum"), own.sum("paymux_node_own_duration_seconds_sum"); ours <= 0 || ours >= all {
		t.Errorf("of %g s the node's own part is %g", all, ours)
	}
	s.wantStatistics(own)
	for _, path := range []string{"/metrics", "/readyz?verbose"} {
		if answer, err := http.Get(s.url + path); err != nil || answer.StatusCode == http.StatusOK && path == "/metrics" || strings.Contains(readAll(answer), "paymux_") {
			t.Errorf("on the merchants' port, %s: %+v, %v", path, answer, err)
		}
	}
	s.wantPresence(m)
	s.wantHealth()
}

func readAll(r *http.Response) string {
	defer r.Body.Close()
	body, _ := io.ReadAll(r.Body)
	return string(body)
}

// newMonitoredSplit has every role monitored, and Stripe's own program as its gateway.
func newMonitoredSplit(t *testing.T) *split {
	s := newSplitWith(t, []string{"monitor: {listen: \"127.0.0.1:0\"}", "node: {rated: 500}"}, "stripe")
	s.stripe = stripefake.New("sk_test_split")
	server := httptest.NewServer(s.stripe)
	t.Cleanup(server.Close)
	s.env = append(s.env, "TEST_STRIPE_KEY="+s.stripe.Key)
	built := filepath.Join(s.dir, "paymux-stripe")
	if out, err := exec.Command("go", slices.Concat([]string{"build", "-o", built}, buildFlags, []string{"../channel/stripe/paymux-stripe"})...).CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	dir := filepath.Join(s.dir, "nats")
	conf := write(t, s.dir, "stripe.yaml", fmt.Sprintf("nats: {url: %q, credentials: %q, ca: %q}\nmonitor: {listen: \"127.0.0.1:0\"}\naccounts: [%s]\n",
		s.at, "file:"+filepath.Join(dir, "gateway-stripe.nk"), filepath.Join(dir, "ca.pem"), "{name: cards, methods: [card], options: {api_key: env:TEST_STRIPE_KEY, base_url: \""+server.URL+"\"}}"))
	program := s.part("paymux-stripe", "-config", conf)
	program.bin = built
	s.gateways["stripe"] = program
	program.start()
	s.known("stripe", "1.0.0", true)
	return s
}

// wantStatistics holds the counters against the books.
func (s *split) wantStatistics(node scraped) {
	s.t.Helper()
	var all paymux.Numbers
	if !within(20*time.Second, func() bool {
		list, err := s.ops().Statistics(s.t.Context(), client.StatisticsQuery{Every: paymux.EveryHour, From: time.Now().Add(-3 * time.Hour)})
		if err != nil {
			s.t.Fatal(err)
		}
		all = paymux.Numbers{}
		for i := range list.Data {
			all.Add(&list.Data[i].Numbers)
		}
		return float64(all.Created.Count) == node.sum("paymux_payments_total", `outcome="created"`)
	}) {
		s.t.Errorf("statistics have %d payments, /metrics %g", all.Created.Count, node.sum("paymux_payments_total", `outcome="created"`))
	}
	for outcome, n := range map[string]int64{"succeeded": all.Succeeded.Count, "failed": all.Failed.Count, "tried": all.Tried.Count, "captured": all.Captured.Count} {
		if got := node.sum("paymux_payments_total", `outcome="`+outcome+`"`); got != float64(n) {
			s.t.Errorf("%s: statistics have %d, /metrics %g", outcome, n, got)
		}
	}
}

// wantPresence waits until everybody can see all that a node says of itself while it has something to do.
func (s *split) wantPresence(m *client.Client) {
	s.t.Helper()
	file := write(s.t, s.dir, "operator.yaml", s.natsLine("operator")+"\n")
	var list []registry.Instance
	order := 0
	if !within(20*time.Second, func() bool {
		order++
		if _, err := m.CreatePayment(s.t.Context(), cardPayment(fmt.Sprint("P-", order), "cards")); err != nil {
			s.t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(s.run("topology", "-c", file, "-o", "json")), &list); err != nil {
			s.t.Fatal(err)
		}
		at := slices.IndexFunc(list, func(i registry.Instance) bool { return i.Role == registry.RoleNode })
		var d relay.Detail
		if at < 0 || json.Unmarshal(list[at].Detail, &d) != nil {
			return false
		}
		return list[at].Rated == 500 && list[at].Usage > 0 && d.LatencyUS > 0 && d.Number == 1 && d.Errors == 0 &&
			slices.Equal(d.Accounts, []string{"cards"}) && slices.Equal(d.Channels, []string{"stripe"}) && slices.Equal(d.Methods, []paymux.MethodType{paymux.Card})
	}) {
		s.t.Errorf("the node never says all of what it can and does: %+v", list)
	}
}

// wantHealth asks every role whether it is ready, then takes NATS away.
func (s *split) wantHealth() {
	s.t.Helper()
	parts := map[*part]string{s.front: "node", s.node: "store", s.keys: "keys", s.gateways["stripe"]: "nats"}
	for p, has := range parts {
		if said := s.run("healthcheck", "http://"+p.monitorAddress()); said != "" {
			s.t.Errorf("%s: %s", p.name, said)
		}
		answer, err := http.Get("http://" + p.monitorAddress() + "/readyz?verbose")
		if err != nil {
			s.t.Fatal(err)
		}
		if said := readAll(answer); !strings.Contains(said, "[+]"+has+": ok\n") || !strings.HasSuffix(said, "\nready\n") {
			s.t.Errorf("%s: %s", p.name, said)
		}
	}
	s.nats.kill()
	for p := range parts {
		if !within(20*time.Second, func() bool {
			answer, err := http.Get("http://" + p.monitorAddress() + "/readyz?verbose")
			return err == nil && answer.StatusCode == http.StatusServiceUnavailable && strings.Contains(readAll(answer), "[-]nats: no connection\n")
		}) {
			s.t.Errorf("%s is ready without NATS", p.name)
		}
		if got, _ := scrape(s.t, p.monitorAddress()); got.sum("paymux_nats_connected") != 0 {
			s.t.Errorf("%s shows that it is connected to NATS", p.name)
		}
		if answer, err := http.Get("http://" + p.monitorAddress() + "/livez"); err != nil || readAll(answer) != "ok\n" {
			s.t.Errorf("%s is not alive: %v", p.name, err)
		}
	}
}

// A thousand merchants make no series that one merchant has not made.
func TestMerchantsMakeNoSeries(t *testing.T) {
	t.Parallel()
	p := newProcess(t, "sqlite")
	address := freeAddress(t)
	p.extra = append(p.extra, "monitor: {listen: \""+address+"\"}")
	p.start()
	serve := func(n int) {
		var all sync.WaitGroup
		next := make(chan int)
		for range 8 {
			all.Go(func() {
				for i := range next {
					m, _ := p.merchant(nil)
					order := client.PaymentRequest{
						Amount: 500, Currency: "CNY", MerchantOrderID: fmt.Sprint("S-", i), PaymentMethod: &client.PaymentMethod{Type: paymux.WeChatPay},
					}
					made, err := m.CreatePayment(t.Context(), order)
					if err == nil && i == 0 { // the others are asked about when that takes long
						made, err = m.SyncPayment(t.Context(), made.ID)
					}
					if err != nil {
						t.Error(made, err)
					}
				}
			})
		}
		for i := range n {
			next <- i
		}
		close(next)
		all.Wait()
	}
	serve(20)
	before, text := scrape(t, address)
	serve(1000)
	after, _ := scrape(t, address)
	if got := after.sum("paymux_payments_total", `outcome="created"`); got != 1020 {
		t.Errorf("%g payments are counted, want 1020", got)
	}
	for series := range after {
		if _, was := before[series]; !was && strings.HasPrefix(series, "paymux_") {
			t.Errorf("there is a new series: %s", series)
		}
	}
	if n := len(before); n > 1500 {
		t.Errorf("one process has %d series", n)
	}
	proper(t, promtool(t), "one process with every role", text)
}
