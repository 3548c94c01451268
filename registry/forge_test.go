package registry_test

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/paymux/paymux/registry"
)

// A writer of one key may put any header beside it. None of them must touch the others.
func TestForgedHeadersStayWithTheirKey(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.open()
	register(t, r, gateway("card", "good"))
	register(t, r, gateway("zzz", "last"))
	d := r.Watch(registry.RoleGateway)
	await(t, "the good", d, has(d, "good", "last"))
	forger := h.Dial()
	const body = `{"role":"node","name":"card","id":"good","version":"forged"}`
	for n, header := range []nats.Header{
		{"Nats-Subject": {"$KV.instances.gateway.card.forged"}, "Nats-Sequence": {"1"}},
		{"Nats-Subject": {"$KV.instances.gateway.card.good"}, "Nats-Sequence": {"99999999"}, "Nats-Time-Stamp": {"2100-01-01T00:00:00Z"}},
		{"Nats-Rollup": {"all"}},
		{"Nats-TTL": {"never"}},
		{"Nats-Marker-Reason": {"MaxAge"}},
		{"Status": {"404"}},
		{"Nats-Num-Pending": {"0"}},
	} {
		m := &nats.Msg{Subject: fmt.Sprintf("$KV.instances.gateway.evil.f%d", n), Data: []byte(body), Header: header}
		if _, err := forger.RequestMsg(m, patience); err != nil {
			t.Fatalf("%v: %v", header, err)
		}
	}
	status(t, h, "$KV.instances.gateway.evil.f9", "NATS/1.0 404 none", body)
	late := h.open().Watch(registry.RoleGateway)
	for name, d := range map[string]*registry.Directory{"who heard it": d, "who read it": late} {
		await(t, name, d, func() bool { _, ok := d.Instance("last"); return ok })
		for _, i := range d.Instances() {
			if (i.Name == "evil") != (i.Version == "forged") || i.Role != registry.RoleGateway {
				t.Errorf("%s sees %+v", name, i)
			}
		}
		if i, ok := d.Instance("good"); !ok || i.Version != "1.0.0" {
			t.Errorf("%s sees %+v, %t", name, i, ok)
		}
	}
	await(t, "the end of the forged", d, has(d, "good", "last"))
}

// status puts a message whose first header line is that of an answer, which clients do not send.
func status(t *testing.T, h *house, subject, line, body string) {
	t.Helper()
	socket, err := net.Dial("tcp", strings.TrimPrefix(h.URL(), "nats://"))
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	if err := socket.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	header := line + "\r\n\r\n"
	fmt.Fprintf(socket, "CONNECT {\"headers\":true,\"verbose\":false}\r\nHPUB %s %d %d\r\n%s%s\r\nPING\r\n", subject, len(header), len(header)+len(body), header, body)
	for lines := bufio.NewScanner(socket); lines.Scan(); {
		if lines.Text() == "PONG" {
			return
		}
	}
	t.Fatal("the server did not take it")
}
