package access_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access"
)

// Whatever is changed about a signed request, only the request that was signed is believed.
func FuzzVerifySignature(f *testing.F) {
	d := newDoor(f, access.Options{FailureLimit: paymux.Limit{Requests: 1 << 40, Seconds: 60}})
	good := d.signed(f, keyHMAC)
	input, value, digest := good.Header.Get("Signature-Input"), good.Header.Get("Signature"), good.Header.Get("Content-Digest")
	f.Add("POST", good.RequestURI, input, value, digest, "order-1", []byte(payBody))
	f.Add("POST", good.RequestURI, input+", x=();created=1", value+", x=:AA==:", digest, "order-1", []byte(payBody))
	f.Add("GET", "/v1/payments", strings.ReplaceAll(input, " ", "  "), value, digest+", md5=:AA==:", "", []byte(nil))
	f.Fuzz(func(t *testing.T, method, target, input, value, digest, key string, body []byte) {
		r := httptest.NewRequest("POST", "http://pay.test/", nil)
		r.Method, r.RequestURI, r.RemoteAddr = method, target, good.RemoteAddr
		r.Header = map[string][]string{
			"Signature-Input": {input}, "Signature": {value}, "Content-Digest": {digest},
			"Idempotency-Key": {key}, "Content-Type": good.Header["Content-Type"],
		}
		if _, err := d.Authenticate(r, body); err != nil {
			return
		}
		if method != good.Method || target != good.RequestURI || strings.Trim(key, " \t") != "order-1" || string(body) != payBody {
			t.Fatalf("believed %s %q with key %q, body %q, Signature-Input %q", method, target, key, body, input)
		}
	})
}
