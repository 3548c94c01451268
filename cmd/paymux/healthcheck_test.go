package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paymux/paymux/monitor/health"
)

// healthcheck is what the command says, and its exit code.
func healthcheck(t *testing.T, args ...string) (said string, code int) {
	t.Helper()
	out := newTranscript()
	code = newDesk(t, nil).cli(out, out).run(t.Context(), append([]string{"healthcheck"}, args...))
	return out.String(), code
}

// Any role's own health address can be asked, by its URL or by its configuration, in containers that have nothing else.
func TestHealthcheckAsksAnyRole(t *testing.T) {
	t.Parallel()
	s := &health.Server{}
	listens, err := s.Start(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	_, port, _ := strings.Cut(listens, ":")
	file := filepath.Join(t.TempDir(), "keys.yaml")
	text := "{roles: [keys], nats: {url: 'nats://127.0.0.1:1'}, monitor: {listen: '0.0.0.0:" + port + "'}}"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"http://" + listens}, {"http://" + listens + "/readyz"}, {"-c", file}} {
		said, code := healthcheck(t, args...)
		if code != 1 || !strings.Contains(said, "not ready") {
			t.Errorf("%v while it starts: exit code %d: %s", args, code, said)
		}
	}
	s.Ready()
	for _, args := range [][]string{{"http://" + listens + "/"}, {"http://" + listens + "/livez"}, {"-c", file}} {
		if said, code := healthcheck(t, args...); code != 0 {
			t.Errorf("%v: exit code %d: %s", args, code, said)
		}
	}
}

func TestHealthcheckSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "keys.yaml")
	if err := os.WriteFile(file, []byte("{roles: [keys], nats: {url: 'nats://127.0.0.1:1'}}"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"-c", file}, 2, "monitor.listen is not set"},
		{[]string{"-c", file, server.URL}, 2, "either a URL or -c"},
		{[]string{server.URL}, 1, "404"},
		{[]string{"127.0.0.1"}, 2, "is not of the form"},
	} {
		if said, code := healthcheck(t, c.args...); code != c.code || !strings.Contains(said, c.says) {
			t.Errorf("%v: exit code %d, want %d and %q: %s", c.args, code, c.code, c.says, said)
		}
	}
}
