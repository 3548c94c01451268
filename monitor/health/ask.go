package health

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// askTime is how long a process is waited for that may be gone: a little longer than it waits for its parts.
const askTime = answerTime + time.Second

// NotReady is what a process said that answers and is not ready.
type NotReady struct{ URL, Said string }

func (e *NotReady) Error() string { return e.URL + ": " + e.Said }

// Ask asks a process whether it is ready, at a base URL or at the whole address of a probe. Errors: *NotReady; any other means that
// nobody answers there.
func Ask(ctx context.Context, address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("%q is not of the form http://127.0.0.1:9090", address)
	}
	if strings.Trim(u.Path, "/") == "" {
		u.Path, u.RawQuery = "/readyz", "verbose"
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(answer.Body, 4<<10)) // the status says enough
	if answer.StatusCode != http.StatusOK {
		return &NotReady{URL: u.Redacted(), Said: strings.TrimSpace(answer.Status + "\n" + string(said))}
	}
	return nil
}

// Local is the URL at which this machine reaches a process that listens on an address.
func Local(address string) string {
	host, port, err := net.SplitHostPort(address)
	if ip, bad := netip.ParseAddr(host); err == nil && (host == "" || bad == nil && ip.IsUnspecified()) {
		host = "127.0.0.1"
		if ip.Is6() {
			host = "::1"
		}
		address = net.JoinHostPort(host, port)
	}
	return "http://" + address
}
