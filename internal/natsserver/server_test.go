package natsserver_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/paymux/paymux/internal/natsclient"
	"github.com/paymux/paymux/internal/natsserver"
)

func open(t *testing.T, dir string) *natsserver.Messaging {
	t.Helper()
	m, err := natsserver.Open(natsserver.Config{Dir: dir, Config: natsclient.Config{Name: "test", Log: slog.New(slog.DiscardHandler)}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Stop)
	return m
}

func TestEmbeddedServerPassesMessages(t *testing.T) {
	t.Parallel()
	m := open(t, t.TempDir())
	sub, err := m.Conn.SubscribeSync("greeting")
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Conn.Publish("greeting", []byte("hello")); err != nil {
		t.Fatal(err)
	}
	got, err := sub.NextMsg(5 * time.Second)
	if err != nil || string(got.Data) != "hello" {
		t.Fatalf("got %v, error %v", got, err)
	}
	m.Stop()
	m.Stop()
	if !m.Conn.IsClosed() {
		t.Error("the connection outlives Stop")
	}
}

func TestEmbeddedServerKeepsWhatItStored(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := open(t, dir)
	bucket(t, first, func(kv jetstream.KeyValue) {
		if _, err := kv.PutString(t.Context(), "weight", "7"); err != nil {
			t.Fatal(err)
		}
	})
	first.Stop()
	bucket(t, open(t, dir), func(kv jetstream.KeyValue) {
		entry, err := kv.Get(t.Context(), "weight")
		if err != nil || string(entry.Value()) != "7" {
			t.Errorf("after a restart: %v, error %v", entry, err)
		}
	})
}

func bucket(t *testing.T, m *natsserver.Messaging, use func(jetstream.KeyValue)) {
	t.Helper()
	js, err := jetstream.New(m.Conn)
	if err != nil {
		t.Fatal(err)
	}
	kv, err := js.CreateOrUpdateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: "settings"})
	if err != nil {
		t.Fatal(err)
	}
	use(kv)
}

func TestAClusterThatIsNotThere(t *testing.T) {
	t.Parallel()
	_, err := natsserver.Open(natsserver.Config{Config: natsclient.Config{URL: "nats://127.0.0.1:1", Name: "test", Log: slog.New(slog.DiscardHandler)}})
	if err == nil {
		t.Error("Open connects to nobody")
	}
}
