package notify_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/notify"
)

func TestAttemptsWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	closed := httptest.NewServer(nil)
	closed.Close()
	unknown, unknownURL := secured(t, nil)
	silent, cut := make(chan struct{}), cutter(t)
	hung := listen(t, func(http.ResponseWriter, *http.Request) { <-silent })
	t.Cleanup(func() { close(silent) })
	plain := listen(t, status(200))
	t.Cleanup(func() {
		if len(unknown.got) != 0 {
			t.Error("something was sent to whom we do not know")
		}
	})

	tests := map[string]struct{ url, reason string }{
		"connection refused": {closed.URL, "connection refused"},
		"unknown name":       {"https://no-such-host.invalid/", "name not resolved"},
		"unknown authority":  {unknownURL, "TLS: x509"},
		"no TLS":             {strings.Replace(plain.URL, "http:", "https:", 1), "TLS: the other side does not speak it"},
		"hung":               {hung.URL + "/?token=hush", "no answer within 1s"},
		"connection reset":   {resetter(t), "connection reset"},
		"slow header":        {drip(t), "no answer within 1s"},
		"cut":                {cut + "/?token=hush", "EOF"},
		"bad URL":            {"https://shop.example:hush/", "URL cannot be used"},
		"no scheme":          {"shop.example/?token=hush", "neither http nor https"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			to := h.endpoint(test.url, func(e *paymux.Endpoint) {
				if name == "hung" || name == "slow header" {
					e.Delivery.TimeoutMS = 1000
				}
			})
			_, v := h.deliver(to, 0)
			if v.Done || v.Bury || v.Uncounted || v.Due.IsZero() {
				t.Fatalf("verdict %+v", v)
			}
			wants(t, "reason", v.Reason, test.reason)
			if v.Attempt.Result != paymux.AttemptFailed || v.Attempt.Status != 0 || v.Attempt.ResponseHeader != nil {
				t.Errorf("attempt %+v", v.Attempt)
			}
			if strings.Contains(fmt.Sprint(v.Reason, *v.Attempt), "hush") {
				t.Errorf("shows what it must not: %s / %s", v.Reason, v.Attempt.URL)
			}
		})
	}
}

// cutter accepts connections and closes them without a word.
func cutter(t *testing.T) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Read(make([]byte, 4096)) // the request, so that nothing suggests sending it again
			c.Close()
		}
	}()
	return "http://" + l.Addr().String()
}

func TestAnswersWithoutEnd(t *testing.T) {
	t.Parallel()
	body := func(bytes int, pause time.Duration) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			rc := http.NewResponseController(w)
			chunk := make([]byte, bytes)
			for {
				if _, err := w.Write(chunk); err != nil || rc.Flush() != nil {
					return
				}
				select {
				case <-time.After(pause):
				case <-r.Context().Done():
					return
				}
			}
		}
	}
	for name, answer := range map[string]http.HandlerFunc{"flood": body(64<<10, 0), "drip": body(1, 100*time.Millisecond)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			began := time.Now()
			_, v := h.deliver(h.endpoint(listen(t, answer).URL), 0)
			if took := time.Since(began); !v.Done || took > 10*time.Second {
				t.Errorf("verdict %+v after %v", v, took)
			}
		})
	}
}

// serve is the URL of a server that does something with each connection, one after the other unless that begins its own goroutine.
func serve(t *testing.T, do func(net.Conn)) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() { // ends with the listener
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			do(c)
		}
	}()
	return "http://" + l.Addr().String()
}

// resetter accepts connections and resets them.
func resetter(t *testing.T) (url string) {
	t.Helper()
	return serve(t, func(c net.Conn) {
		c.Read(make([]byte, 1))
		c.(*net.TCPConn).SetLinger(0)
		c.Close()
	})
}

// authority signs certificates.
type authority struct {
	*testing.T
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{T: t}
	a.cert = &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	a.key, _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader) // never fails
	der, err := x509.CreateCertificate(rand.Reader, a.cert, a.cert, &a.key.PublicKey, a.key)
	if err == nil {
		a.cert, err = x509.ParseCertificate(der)
	}
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

func (a *authority) issue(host string, until time.Time) tls.Certificate {
	a.Helper()
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	cert := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: until.Add(-2 * time.Hour), NotAfter: until,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, a.cert, &key.PublicKey, a.key)
	if err != nil {
		a.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// secured is a sink with a certificate for localhost, and the URL of that name.
func secured(t *testing.T, config *tls.Config) (s *sink, url string) {
	t.Helper()
	s = &sink{got: make(chan request, 100)}
	s.Server = httptest.NewUnstartedServer(s.keep(status(200)))
	s.EnableHTTP2 = true
	s.TLS = config
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	return s, "https://localhost:" + port
}

func TestCertificates(t *testing.T) {
	t.Parallel()
	ours, theirs := newAuthority(t), newAuthority(t)
	later := time.Now().Add(time.Hour)
	for name, test := range map[string]struct {
		cert   tls.Certificate
		reason string
	}{
		"good":            {ours.issue("localhost", later), ""},
		"wrong authority": {theirs.issue("localhost", later), "TLS: x509: certificate signed by unknown authority"},
		"expired":         {ours.issue("localhost", time.Now().Add(-time.Minute)), "TLS: x509: certificate has expired"},
		"wrong name":      {ours.issue("shop.example", later), "TLS: x509: certificate is valid for shop.example, not localhost"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, url := secured(t, &tls.Config{Certificates: []tls.Certificate{test.cert}})
			h := newHouse(t, func(c *notify.Config) { c.RootCAs = ours.pool() })
			_, v := h.deliver(h.endpoint(url), 0)
			if v.Done != (test.reason == "") || len(s.got) != map[bool]int{true: 1}[v.Done] {
				t.Fatalf("verdict %+v, %d requests", v, len(s.got))
			}
			wants(t, "reason", v.Reason, test.reason)
		})
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	t.Parallel()
	ours := newAuthority(t)
	_, url := secured(t, &tls.Config{Certificates: []tls.Certificate{ours.issue("localhost", time.Now().Add(time.Hour))}, MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10})
	h := newHouse(t, func(c *notify.Config) { c.RootCAs = ours.pool() })
	_, v := h.deliver(h.endpoint(url), 0)
	if v.Done {
		t.Error("delivered by TLS 1.1")
	}
	wants(t, "reason", v.Reason, "protocol version")
}

func TestClientCertificate(t *testing.T) {
	t.Parallel()
	ours := newAuthority(t)
	later := time.Now().Add(time.Hour)
	s, url := secured(t, &tls.Config{
		Certificates: []tls.Certificate{ours.issue("localhost", later)}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ours.pool(),
	})
	mine := ours.issue("paymux", later)
	for _, cert := range []*tls.Certificate{nil, &mine} {
		h := newHouse(t, func(c *notify.Config) { c.RootCAs, c.ClientCertificate = ours.pool(), cert })
		_, v := h.deliver(h.endpoint(url), 0)
		if v.Done != (cert != nil) {
			t.Errorf("with a certificate: %v, verdict %+v", cert != nil, v)
		}
	}
	if len(s.got) != 1 {
		t.Errorf("%d requests", len(s.got))
	}
}

// No proxy of the environment may take deliveries elsewhere, and no redirect.
func TestNothingLeadsElsewhere(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	elsewhere := listen(t, status(200))
	for _, code := range []int{301, 302, 303, 307, 308} {
		s := listen(t, status(code, "Location", elsewhere.URL))
		_, v := h.deliver(h.endpoint(s.URL), 0)
		if v.Done || len(s.got) != 1 {
			t.Errorf("%d: verdict %+v, %d requests", code, v, len(s.got))
		}
		wants(t, "reason", v.Reason, "redirects are not followed")
		if kept := v.Attempt.ResponseHeader["Location"]; kept != elsewhere.URL {
			t.Errorf("%d: the log keeps Location %q", code, kept)
		}
	}
	if len(elsewhere.got) != 0 {
		t.Errorf("%d requests were led elsewhere", len(elsewhere.got))
	}
}

func TestAnswersThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ answer, reason string }{
		"no HTTP":        {"SSH-2.0-OpenSSH_9.6\r\n\r\n", "malformed HTTP"},
		"endless header": {"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 1<<20), "server response headers exceeded"},
		"status only":    {"HTTP/1.1 20", "malformed HTTP status code"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			_, v := h.deliver(h.endpoint(speaker(t, test.answer)), 0)
			if v.Done || v.Bury || v.Uncounted {
				t.Errorf("verdict %+v", v)
			}
			wants(t, "reason", v.Reason, test.reason)
		})
	}
}

// speaker answers every request with the same bytes and hangs up.
func speaker(t *testing.T, answer string) (url string) {
	t.Helper()
	return serve(t, func(c net.Conn) {
		c.Read(make([]byte, 64<<10))
		io.WriteString(c, answer)
		c.Close()
	})
}

// drip sends its header a byte at a time.
func drip(t *testing.T) (url string) {
	t.Helper()
	return serve(t, func(c net.Conn) {
		go func() { // ends when the other side hangs up
			defer c.Close()
			c.Read(make([]byte, 4096)) // the request: an answer before it is none
			for _, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nX: "); err == nil; _, err = c.Write([]byte("x")) {
				<-time.After(50 * time.Millisecond) // slow enough never to end, quick enough not to idle
			}
		}()
	})
}
