package access_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access"
)

// strict is another strict reader, made of encoding/json's tokens: slower and
// simpler than the one it is compared with.
func strict(body []byte) bool {
	if !utf8.Valid(body) || !json.Valid(body) || loneSurrogate(body) {
		return false
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	values := 0
	if !strictValue(d, 0, &values) {
		return false
	}
	_, err := d.Token()
	return err == io.EOF && values <= 20_000
}

func strictValue(d *json.Decoder, depth int, values *int) bool {
	*values++
	token, err := d.Token()
	if err != nil {
		return false
	}
	open, ok := token.(json.Delim)
	if !ok {
		return true
	}
	if depth == 16 {
		return false
	}
	seen := map[string]bool{}
	for d.More() {
		if open == '{' {
			name, err := d.Token()
			if err != nil || seen[name.(string)] {
				return false
			}
			seen[name.(string)] = true
		}
		if !strictValue(d, depth+1, values) {
			return false
		}
	}
	_, err = d.Token()
	return err == nil
}

// loneSurrogate looks for \uD800 to \uDFFF that are no pair, in JSON that is valid otherwise.
func loneSurrogate(body []byte) bool {
	for i := 0; i+1 < len(body); i++ {
		if body[i] != '\\' {
			continue
		}
		unit := unitAt(body, i)
		switch {
		case unit < 0xd800 || unit > 0xdfff:
			i++ // whatever is escaped is not the beginning of an escape
		case unit > 0xdbff:
			return true
		default:
			if low := unitAt(body, i+6); low < 0xdc00 || low > 0xdfff {
				return true
			}
			i += 11
		}
	}
	return false
}

// unitAt is the code unit of an escape \uXXXX, -1 where there is none.
func unitAt(body []byte, i int) int {
	if i+6 > len(body) || body[i] != '\\' || body[i+1] != 'u' {
		return -1
	}
	n, err := strconv.ParseUint(string(body[i+2:i+6]), 16, 16)
	if err != nil {
		return -1
	}
	return int(n)
}

func FuzzParse(f *testing.F) {
	for _, b := range bodies {
		f.Add([]byte(b.body))
	}
	f.Add([]byte(manyEntries(30)))
	f.Add([]byte(`{"a":[{},[],-0.5e+10,"\ud83d\ude00",null,false]}`))
	f.Add([]byte(`"\\ud800"`))
	f.Fuzz(func(t *testing.T, body []byte) {
		err := access.Parse(body)
		if want := strict(body); want != (err == nil) {
			t.Errorf("%q: %v, the reference says %v", body, err, want)
		}
	})
}

// FuzzCreate sends bodies through the whole door. Whatever is accepted is a payment that can be paid; whatever is not is a problem document.
func FuzzCreate(f *testing.F) {
	for _, b := range bodies {
		f.Add([]byte(b.body))
	}
	front := newFront(f)
	front.verbs.create = func(r paymux.CreatePayment) (paymux.Reply, error) {
		if err := r.Money.Validate(); err != nil || r.MerchantOrderID == "" || len(r.Metadata) > 50 || r.Method.Type == "" && (r.Confirm || r.Card != nil) {
			f.Errorf("%+v was let through: %v", r, err)
		}
		return paymux.Reply{Object: json.RawMessage(paymentObject), Created: true}, nil
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r := httptest.NewRequest("POST", "/v1/payments", bytes.NewReader(body))
		r.Header.Set("Authorization", "Bearer sk_test_good")
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", "k")
		w := httptest.NewRecorder()
		front.ServeHTTP(w, r)
		if w.Code != 201 && w.Code != 400 && w.Code != 413 || w.Code != 201 && !strings.Contains(w.Body.String(), `"errors":[`) && len(body) > 0 && len(body) <= 64<<10 {
			t.Errorf("%q: %d %s", body, w.Code, w.Body)
		}
		if w.Code == 201 && !strict(body) {
			t.Errorf("%q was accepted and is no strict JSON", body)
		}
		front.log.Reset()
	})
}

func BenchmarkCreate(b *testing.B) {
	front := newFront(b)
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest("POST", "/v1/payments", strings.NewReader(goodPayment))
		r.Header.Set("Authorization", "Bearer sk_test_good")
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", "k")
		front.ServeHTTP(httptest.NewRecorder(), r)
		front.log.Reset()
	}
}

// BenchmarkRequest is what the benchmark itself costs.
func BenchmarkRequest(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest("POST", "/v1/payments", strings.NewReader(goodPayment))
		r.Header.Set("Authorization", "Bearer sk_test_good")
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", "k")
		httptest.NewRecorder().Body.Write([]byte(r.Method))
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		newFront(b)
	}
}
