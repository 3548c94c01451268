package registry_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/paymux/paymux/internal/wiretest"
	"github.com/paymux/paymux/registry"
)

const many = 10_000

// crowd is a bucket of many instances that will not expire.
func crowd(b *testing.B) (*nats.Conn, func(n int)) {
	b.Helper()
	conn := wiretest.Serve(b).Dial()
	r := registry.New(registry.Config{Conn: conn, TTL: time.Hour, Creates: true})
	d := r.Watch(registry.RoleGateway)
	<-d.Ready()
	d.Stop()
	js, err := jetstream.New(conn)
	if err != nil {
		b.Fatal(err)
	}
	put := func(n int) {
		i := gateway(fmt.Sprintf("channel%d", n%50), fmt.Sprintf("instance-%06d", n%many))
		i.Usage, i.Detail = n, json.RawMessage(`{"accounts":[{"name":"main","methods":["card","wallet"],"currencies":["EUR","CNY","USD"]}]}`)
		body, _ := json.Marshal(i)
		if _, err := js.PublishAsync("$KV.instances."+i.Key(), body); err != nil {
			b.Fatal(err)
		}
	}
	for n := range many {
		put(n)
	}
	<-js.PublishAsyncComplete()
	return conn, put
}

// BenchmarkSnapshot is what a process pays to learn of everybody.
func BenchmarkSnapshot(b *testing.B) {
	conn, _ := crowd(b)
	r := registry.New(registry.Config{Conn: conn, TTL: time.Hour})
	b.ReportAllocs()
	for b.Loop() {
		d := r.Watch(registry.RoleGateway)
		<-d.Ready()
		if n := len(d.Instances()); n != many {
			b.Fatalf("%d instances", n)
		}
		d.Stop()
	}
}

// BenchmarkNews is what each change among many costs a process that follows them, the change's own cost included.
func BenchmarkNews(b *testing.B) {
	conn, put := crowd(b)
	r := registry.New(registry.Config{Conn: conn, TTL: time.Hour})
	d := r.Watch(registry.RoleGateway)
	defer d.Stop()
	<-d.Ready()
	b.ReportAllocs()
	n := many
	for b.Loop() {
		put(n)
		n++
	}
	for {
		changed := d.Changed()
		if i, _ := d.Instance(fmt.Sprintf("instance-%06d", (n-1)%many)); i.Usage == n-1 {
			return
		}
		<-changed
	}
}

// BenchmarkInstances is what a reader pays.
func BenchmarkInstances(b *testing.B) {
	conn, _ := crowd(b)
	r := registry.New(registry.Config{Conn: conn, TTL: time.Hour})
	d := r.Watch(registry.RoleGateway)
	defer d.Stop()
	<-d.Ready()
	b.ReportAllocs()
	for b.Loop() {
		if len(d.Instances()) != many {
			b.Fatal("they are gone")
		}
		if _, ok := d.Instance("instance-004711"); !ok {
			b.Fatal("it is gone")
		}
	}
}
