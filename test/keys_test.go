package test_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/client"
	"github.com/paymux/paymux/internal/natsclient"
	"github.com/paymux/paymux/keys/keysrpc"
	"github.com/paymux/paymux/keys/keyuse"
)

// forms are the ways a secret could lie about: as it is, decoded, and encoded again.
func forms(kind channel.KeyKind, text string) [][]byte {
	list := [][]byte{[]byte(text)}
	if raw, err := hex.DecodeString(strings.TrimPrefix(text, "hex:")); err == nil && len(raw) >= 16 {
		list = append(list, raw, []byte(hex.EncodeToString(raw)), []byte(base64.StdEncoding.EncodeToString(raw)))
	}
	if kind != channel.KeyRSA {
		return append(list, []byte(base64.StdEncoding.EncodeToString([]byte(text))), []byte(hex.EncodeToString([]byte(text))))
	}
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if block, _ := pem.Decode([]byte(text)); block != nil {
		der, err = block.Bytes, nil
	}
	if err != nil {
		return list
	}
	body := base64.StdEncoding.EncodeToString(der)
	list = append(list, der[len(der)/2:], []byte(body[len(body)/2:len(body)/2+60]))
	if key, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		if own, ok := key.(*rsa.PrivateKey); ok {
			list = append(list, own.D.Bytes(), own.Primes[0].Bytes())
		}
	}
	return list
}

// hookPatience is how long what has to happen at once may take on a busy machine.
const hookPatience = 5 * time.Second

// hidden are secrets by what they are.
type hidden map[string][][]byte

func (h hidden) lookIn(t *testing.T, where string, text []byte) {
	t.Helper()
	for what, list := range h {
		for _, form := range list {
			if len(form) >= 12 && bytes.Contains(text, form) {
				t.Errorf("%s has %s in clear", where, what)
				break
			}
		}
	}
}

// memory reads all that a process has in memory: more than a core file would have.
func memory(t *testing.T, pid int) []byte {
	t.Helper()
	maps, err := os.Open(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		t.Skip("the memory of other processes cannot be read here: ", err)
	}
	defer maps.Close()
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if errors.Is(err, fs.ErrPermission) {
		t.Skip("the memory of other processes cannot be read here: ", err)
	} else if err != nil {
		t.Fatal(err)
	}
	defer mem.Close()
	var all []byte
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		var from, to int64
		var mode string
		if _, err := fmt.Sscanf(lines.Text(), "%x-%x %s", &from, &to, &mode); err != nil || !strings.HasPrefix(mode, "rw") {
			continue
		}
		all = appendPages(all, mem, from, to)
	}
	return all
}

// appendPages reads a stretch of memory; pages without anything are left out, for most were never used.
func appendPages(all []byte, mem io.ReaderAt, from, to int64) []byte {
	const page, stretch = 4 << 10, 1 << 20
	empty, part := make([]byte, page), make([]byte, stretch)
	for ; from < to; from += stretch {
		n, _ := mem.ReadAt(part[:min(stretch, to-from)], from) // what is not there cannot be read
		for at := 0; at < n; at += page {
			if p := part[at:min(at+page, n)]; !bytes.Equal(p, empty[:len(p)]) {
				all = append(all, p...)
			}
		}
	}
	return all
}

// TestKeysStayInTheKeyService makes every role use every key, and then looks for the keys in
// everybody's memory, files and logs.
func TestKeysStayInTheKeyService(t *testing.T) {
	t.Parallel()
	banks := institutions(t)
	s := newSplit(t, names(banks)...)
	private, told := hidden{}, map[string]hidden{} // by channel: what has to be sent to the institution as it is
	parts := map[string]*part{"the frontend": s.front, "the node": s.node, "NATS": s.nats}
	for _, i := range banks {
		told[i.channel] = hidden{}
		for _, k := range i.keys() {
			if k.kind == channel.KeyOpaque {
				told[i.channel][i.channel+" "+k.option] = forms(k.kind, k.text)
			} else {
				private[i.channel+" "+k.option] = forms(k.kind, k.text)
			}
		}
		parts["the gateway of "+i.channel] = s.open(i, "1.0.0")
		s.known(i.channel, "1.0.0", true)
	}
	merchants := s.useEverything(t, banks)
	for name, p := range parts {
		text := memory(t, p.cmd.Process.Pid)
		if len(text) < 1<<20 {
			t.Fatalf("of %s only %d bytes of memory were read", name, len(text))
		}
		private.lookIn(t, "the memory of "+name, text)
		for channel, secrets := range told {
			if name != "the gateway of "+channel { // which sends it
				secrets.lookIn(t, "the memory of "+name, text)
			}
		}
	}
	if own := memory(t, s.keys.cmd.Process.Pid); !seenIn(private, own) {
		t.Error("nothing is found where it has to be: this test cannot fail")
	}
	everything := hidden{}
	for _, list := range append([]hidden{private, merchants}, values(told)...) {
		for what, f := range list {
			everything[what] = f
		}
	}
	for name, p := range parts {
		everything.lookIn(t, "the log of "+name, []byte(p.logged()))
	}
	everything.lookIn(t, "the log of the key service", []byte(s.keys.logged()))
	for _, p := range parts {
		p.stop()
	}
	s.keys.stop()
	s.searchFiles(everything)
}

func seenIn(h hidden, text []byte) bool {
	for _, list := range h {
		for _, form := range list {
			if bytes.Contains(text, form) {
				return true
			}
		}
	}
	return false
}

func values(m map[string]hidden) (list []hidden) {
	for _, v := range m {
		list = append(list, v)
	}
	return list
}

func names(banks []*institution) (list []string) {
	for _, i := range banks {
		list = append(list, i.channel)
	}
	return list
}

// useEverything pays at every institution and in an encrypted body, has a notification signed, and returns the merchants' own secrets.
func (s *split) useEverything(t *testing.T, banks []*institution) hidden {
	t.Helper()
	m, key := s.merchantWithKey()
	heard := make(chan struct{}, 100)
	hook := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { heard <- struct{}{} }))
	e, err := m.CreateEndpoint(t.Context(), client.EndpointRequest{URL: hook})
	if err != nil {
		t.Fatal(err)
	}
	signing, err := m.CreateKey(t.Context(), client.KeyRequest{Kind: paymux.KeyHMAC})
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range banks {
		if p, err := i.pay(t.Context(), m, "A-"+i.channel); err != nil || p.Status != paymux.Succeeded {
			t.Fatalf("%s: %+v, %v", i.channel, p, err)
		}
	}
	s.payEncrypted(t, m, key, banks[0].request("A-encrypted"))
	<-heard
	return hidden{"an endpoint's secret": forms("", e.Secret.Reveal()), "a merchant's signing key": forms("", signing.Secret.Reveal())}
}

// payEncrypted sends a body that only the platform's key, which is in the key service, can open.
func (s *split) payEncrypted(t *testing.T, m *client.Client, key paymux.Secret, r client.PaymentRequest) {
	t.Helper()
	var set jose.JSONWebKeySet
	if err := m.Call(t.Context(), http.MethodGet, "/v1/platform_keys", nil, &set); err != nil || len(set.Keys) == 0 {
		t.Fatalf("platform keys: %+v, %v", set, err)
	}
	box, err := jose.NewEncrypter(jose.A256GCM, jose.Recipient{Algorithm: jose.ECDH_ES_A256KW, Key: set.Keys[0].Key, KeyID: set.Keys[0].KeyID}, nil)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := box.Encrypt(plain)
	if err != nil {
		t.Fatal(err)
	}
	text, err := sealed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/v1/payments", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/jose")
	request.Header.Set("Authorization", "Bearer "+key.Reveal())
	request.Header.Set("Idempotency-Key", `"`+r.MerchantOrderID+`"`)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusCreated {
		t.Errorf("an encrypted payment: %s", answer.Status)
	}
}

// searchFiles looks at every file of every process: databases, streams, the key service's own.
func (s *split) searchFiles(h hidden) {
	s.t.Helper()
	files := 0
	err := filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, ".key") && filepath.Dir(path) == s.dir { // what the test itself wrote to import keys
			return err
		}
		text, err := os.ReadFile(path)
		files++
		h.lookIn(s.t, strings.TrimPrefix(path, s.dir), text)
		return err
	})
	if err != nil || files < 10 {
		s.t.Errorf("%d files were read: %v", files, err)
	}
}

// as is the key service as a caller uses it, over a connection with a party's credentials.
func (s *split) as(party, caller string) keyuse.User {
	s.t.Helper()
	dir := filepath.Join(s.dir, "nats")
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			s.t.Fatal(err)
		}
		return string(text)
	}
	conn, err := natsclient.Connect(s.t.Context(), natsclient.Config{
		URL: s.at, Seed: paymux.Secret(read(party + ".nk")), CA: read("ca.pem"), Name: "test", Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(conn.Close)
	c, err := keysrpc.NewClient(conn, caller)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

func TestWhoMayNotUseAKeyIsRefusedAndAudited(t *testing.T) {
	t.Parallel()
	i := atAdyen(t)
	s := newSplit(t, "stripe", "adyen")
	s.open(i, "1.0.0")
	stranger := s.as("gateway-stripe", "gateway-stripe")
	if _, err := stranger.Sign(t.Context(), "adyen-hmac_key", "", []byte("forged")); !errors.Is(err, keyuse.ErrForbidden) {
		t.Errorf("another channel's gateway signs: %v", err)
	}
	if _, err := stranger.Reveal(t.Context(), "adyen-api_key"); !errors.Is(err, keyuse.ErrForbidden) {
		t.Errorf("another channel's gateway is told a password: %v", err)
	}
	pretender := s.as("gateway-stripe", "gateway-adyen")
	ctx, cancel := context.WithTimeout(t.Context(), hookPatience)
	defer cancel()
	if _, err := pretender.Reveal(ctx, "adyen-api_key"); err == nil || errors.Is(err, keyuse.ErrForbidden) {
		t.Errorf("in another's name: %v; NATS should have refused it", err)
	}
	audit := s.run("keys", "audit", "list", "-o", "json", "-c", s.dir+"/keys.yaml")
	for _, want := range []string{`"gateway-stripe"`, `"forbidden"`, `"adyen-hmac_key"`} {
		if !strings.Contains(audit, want) {
			t.Errorf("the audit does not say %s:\n%s", want, audit)
		}
	}
	s.keys.stop()
	s.run("keys", "audit", "verify", "-c", s.dir+"/keys.yaml")
	s.tamper()
	cmd := exec.Command(binary, "keys", "audit", "verify", "-c", s.dir+"/keys.yaml")
	cmd.Env = append(cmd.Environ(), s.env...)
	if out, err := cmd.CombinedOutput(); err == nil {
		t.Errorf("a changed row is not found:\n%s", out)
	}
}

// tamper makes a refusal in the audit look like a permitted use.
func (s *split) tamper() {
	s.t.Helper()
	conn, err := sqlite.OpenConn(filepath.Join(s.dir, "keys", "keys.db"), sqlite.OpenReadWrite)
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	if err := sqlitex.ExecuteTransient(conn, "UPDATE audit SET outcome = 'ok' WHERE outcome = 'forbidden'", nil); err != nil {
		s.t.Fatal(err)
	}
	if conn.Changes() == 0 {
		s.t.Fatal("nothing was there to be changed")
	}
}

// Rotating what signs callbacks, what merchants encrypt to and what seals the store, again and again
// under load, loses no request.
func TestRotationLosesNoRequest(t *testing.T) {
	t.Parallel()
	i := atStripe(t)
	s := newSplit(t, "stripe")
	s.open(i, "1.0.0")
	s.known("stripe", "1.0.0", true)
	m, key := s.merchantWithKey()
	ctx, stop := context.WithCancel(t.Context())
	var load sync.WaitGroup
	for side := range 4 {
		load.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				order := fmt.Sprintf("A-%d-%d", side, n)
				if p, err := i.pay(context.WithoutCancel(ctx), m, order); err != nil || p.Status != paymux.Succeeded {
					t.Errorf("%s: %+v, %v", order, p, err)
					return
				}
				if n%5 == 0 {
					s.payEncrypted(t, m, key, i.request(order+"-encrypted"))
				}
			}
		})
	}
	for n := range 3 {
		for _, name := range []string{"store", "jwe"} {
			s.run("keys", "rotate", name, "--key-id", fmt.Sprintf("%s-%d", name, n+2), "-c", s.dir+"/keys.yaml")
		}
		s.run("keys", "rotate", "stripe-api_key", write(t, s.dir, "again.key", i.options["api_key"]), "-c", s.dir+"/keys.yaml")
		if _, err := m.CreateKey(t.Context(), client.KeyRequest{Kind: paymux.KeyHMAC}); err != nil { // sealed with what is new
			t.Error(err)
		}
	}
	stop()
	load.Wait()
	if out := s.run("keys", "audit", "list", "-o", "json", "-c", s.dir+"/keys.yaml"); !strings.Contains(out, `"rotate"`) {
		t.Errorf("the audit does not say that keys were rotated:\n%s", out)
	}
}
