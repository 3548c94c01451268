package keysrpc_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/keyring"
	"github.com/paymux/paymux/internal/natsclient"
	"github.com/paymux/paymux/internal/natsserver"
	"github.com/paymux/paymux/internal/rpc"
	"github.com/paymux/paymux/keys"
	"github.com/paymux/paymux/keys/keysrpc"
	"github.com/paymux/paymux/keys/keystest"
	"github.com/paymux/paymux/keys/keyuse"
)

var update = flag.Bool("update", false, "write golden files instead of comparing them")

func messaging(t *testing.T) *nats.Conn {
	t.Helper()
	m, err := natsserver.Open(natsserver.Config{Dir: t.TempDir(), Config: natsclient.Config{Name: "test", Log: slog.New(slog.DiscardHandler)}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Stop)
	return m.Conn
}

// serve puts a service of no keys behind a wire.
func serve(t *testing.T, conn *nats.Conn) *keys.Service {
	t.Helper()
	dir := t.TempDir()
	master, _, err := keys.OpenMaster("file:"+dir+"/master.key", true)
	if err != nil {
		t.Fatal(err)
	}
	s, err := keys.Open(t.Context(), keys.Config{Path: dir + "/keys.db", Create: true, Master: master})
	if err != nil {
		t.Fatal(err)
	}
	server := rpc.NewServer(rpc.Config{Conn: conn, Group: keysrpc.Group, Faults: keysrpc.Faults()})
	t.Cleanup(func() {
		if err := errors.Join(server.Stop(context.Background()), s.Close()); err != nil {
			t.Error(err)
		}
	})
	if err := keysrpc.Serve(server, func(caller string) keyuse.User { return s.As(caller) }); err != nil {
		t.Fatal(err)
	}
	if err := server.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func client(t *testing.T, conn *nats.Conn, caller string) *keysrpc.Client {
	t.Helper()
	c, err := keysrpc.NewClient(conn, caller)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Nobody can tell whether the service is in its process: the suite is the one of keys.User.
func TestUser(t *testing.T) {
	t.Parallel()
	keystest.Run(t, func(t *testing.T) (*keys.Service, func(string) keystest.User) {
		conn := messaging(t)
		return serve(t, conn), func(caller string) keystest.User { return client(t, conn, caller) }
	})
}

func TestACallersNameIsOneToken(t *testing.T) {
	t.Parallel()
	for _, caller := range []string{"", "a.b", "*", ">", "Gate", "a b", strings.Repeat("a", 65)} {
		if _, err := keysrpc.NewClient(nil, caller); !errors.Is(err, keys.ErrInvalid) {
			t.Errorf("%q: %v", caller, err)
		}
	}
}

// A caller that writes another's name into the body is still who the subject says.
func TestTheSubjectSaysWhoCalls(t *testing.T) {
	t.Parallel()
	conn := messaging(t)
	s := serve(t, conn)
	_, err := s.By("operator").Generate(t.Context(), keys.Draft{Name: "mac", Kind: keyring.HMAC, Owner: "shop", Callers: []string{"gateway"}, Activate: true})
	if err != nil {
		t.Fatal(err)
	}
	for caller, want := range map[string]string{"gateway": "", "stranger": "forbidden"} {
		m, err := conn.Request("paymux.keys."+caller+".sign", []byte(`{"key":"mac","caller":"gateway","message":"bQ=="}`), 5*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Header.Get("Paymux-Error") != ""; got != (want != "") || !strings.Contains(string(m.Data), want) {
			t.Errorf("%s: %s", caller, m.Data)
		}
	}
}

func TestWithoutAServiceNothingIsSigned(t *testing.T) {
	t.Parallel()
	_, err := client(t, messaging(t), "gateway").Sign(t.Context(), "mac", "", nil)
	if !errors.Is(err, rpc.ErrNotTaken) {
		t.Errorf("error %v", err)
	}
}

// TestWire holds the bodies of requests and replies to a file that packages in other languages can read.
func TestWire(t *testing.T) {
	t.Parallel()
	conn := messaging(t)
	s, c := serve(t, conn), client(t, conn, "gateway")
	fixed(t, s)
	tap, err := conn.SubscribeSync(">")
	if err != nil {
		t.Fatal(err)
	}
	ctx := keyuse.WithRequest(t.Context(), "req_1")
	point := append([]byte{4}, bytes.Repeat([]byte{1}, 64)...)
	var golden strings.Builder
	for _, ask := range []func() error{
		func() error { _, err := c.KeyID(ctx, "mac"); return err },
		func() error { _, err := c.Chain(ctx, "mac", "mac-1"); return err },
		func() error { _, err := c.Public(ctx, "mac"); return err },
		func() error { _, err := c.Sign(ctx, "mac", "mac-1", []byte("message")); return err },
		func() error { return c.Verify(ctx, "mac", []byte("message"), mac(t, c)) },
		func() error { return c.Verify(ctx, "mac", []byte("message"), []byte("other")) },
		func() error {
			_, err := c.Encrypt(ctx, "sealer", "", []byte("plain"), []byte("0123456789ab"), []byte("extra"))
			return err
		},
		func() error {
			_, err := c.Decrypt(ctx, "sealer", []byte("sealed"), []byte("0123456789ab"), []byte("extra"))
			return err
		},
		func() error {
			_, err := c.Unwrap(ctx, "mac", "mac-1", keys.Wrapped{Algorithm: "ECDH-ES+A256KW", Encrypted: []byte("key"), Encryption: "A256GCM", Ephemeral: point, PartyU: []byte("u"), PartyV: []byte("v")})
			return err
		},
		func() error { _, err := c.Reveal(ctx, "password"); return err },
		func() error { _, err := c.Reveal(ctx, "none"); return err },
	} {
		drain(tap)
		_ = ask() // its error is in the reply
		golden.WriteString(exchange(t, tap))
	}
	compare(t, "testdata/wire.txt", golden.String())
}

// A caller in another language may do without encryption; a key that is none is no way round it.
func TestWhatIsRevealedToWhom(t *testing.T) {
	t.Parallel()
	conn := messaging(t)
	fixed(t, serve(t, conn))
	for to, want := range map[string]string{``: `"secret":"s3cret"`, `,"to":"AAAA"`: `"bad_request"`} {
		reply, err := conn.Request("paymux.keys.gateway.reveal", []byte(`{"key":"password"`+to+`}`), 5*time.Second)
		if err != nil || !strings.Contains(string(reply.Data), want) {
			t.Errorf("to %q: %v, %v", to, reply, err)
		}
	}
}

func fixed(t *testing.T, s *keys.Service) {
	t.Helper()
	for _, k := range []struct {
		name keys.Name
		kind keys.Kind
		text paymux.Secret
	}{{"mac", keyring.HMAC, "hex:00"}, {"sealer", keyring.AESGCM, "0123456789abcdef"}, {"password", keyring.Opaque, "s3cret"}} {
		_, err := s.By("operator").Import(t.Context(), keys.Draft{
			Name: k.name, Kind: k.kind, KeyID: string(k.name) + "-1", Owner: "shop", Callers: []string{"gateway"}, Activate: true,
		}, k.text)
		if err != nil {
			t.Fatal(err)
		}
	}
}

func mac(t *testing.T, c *keysrpc.Client) []byte {
	t.Helper()
	signature, err := c.Sign(t.Context(), "mac", "", []byte("message"))
	if err != nil {
		t.Fatal(err)
	}
	return signature
}

// changing are what differs each time: the asker's public key, and what is encrypted to it.
var changing = regexp.MustCompile(`"(to|sealed)":"[^"]{40,}"`)

func drain(tap *nats.Subscription) {
	for {
		if _, err := tap.NextMsg(10 * time.Millisecond); err != nil {
			return
		}
	}
}

// exchange is the last request and its reply, as the tap heard them.
func exchange(t *testing.T, tap *nats.Subscription) string {
	t.Helper()
	var text string
	for {
		request, err := tap.NextMsg(100 * time.Millisecond)
		if err != nil {
			return text
		}
		reply, err := tap.NextMsg(5 * time.Second)
		if err != nil {
			t.Fatal(err)
		}
		kind := "reply"
		if reply.Header.Get("Paymux-Error") != "" {
			kind = "error"
		}
		text = fmt.Sprintf("%s\n  request %s\n  %s %s\n", request.Subject, request.Data, kind, reply.Data)
		if strings.Contains(text, "s3cret") {
			t.Errorf("the wire shows the password: %s", text)
		}
		text = changing.ReplaceAllString(text, `"$1":"…"`)
	}
}

func compare(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil || string(want) != got {
		t.Errorf("%s differs (%v); the wire is now\n%s", file, err, got)
	}
}
