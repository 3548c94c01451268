package httpsig_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"testing"

	"github.com/paymux/paymux/internal/httpsig"
)

// The keys, messages and signatures of RFC 9421, Appendix B.
const (
	rfcRSAPSS = `-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAr4tmm3r20Wd/PbqvP1s2
+QEtvpuRaV8Yq40gjUR8y2Rjxa6dpG2GXHbPfvMs8ct+Lh1GH45x28Rw3Ry53mm+
oAXjyQ86OnDkZ5N8lYbggD4O3w6M6pAvLkhk95AndTrifbIFPNU8PPMO7OyrFAHq
gDsznjPFmTOtCEcN2Z1FpWgchwuYLPL+Wokqltd11nqqzi+bJ9cvSKADYdUAAN5W
Utzdpiy6LbTgSxP7ociU4Tn0g5I6aDZJ7A8Lzo0KSyZYoA485mqcO0GVAdVw9lq4
aOT9v6d+nb4bnNkQVklLQ3fVAvJm+xdDOp9LCNCN48V2pnDOkFV6+U9nV5oyc6XI
2wIDAQAB
-----END PUBLIC KEY-----`
	rfcP256 = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqIVYZVLCrPZHGHjP17CTW0/+D9Lf
w0EkjqF7xB4FivAxzic30tMM4GF+hR6Dxh71Z50VGGdldkkDXZCnTNnoXQ==
-----END PUBLIC KEY-----`
	rfcEd25519 = `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=
-----END PUBLIC KEY-----`
	rfcEd25519Private = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF
-----END PRIVATE KEY-----`
	rfcShared = "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ=="

	requestDigest  = "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:"
	responseDigest = "sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5aGgfLQ==:"
)

func rfcRequest() *httpsig.Message {
	return &httpsig.Message{
		Method: "POST", Scheme: "https", Authority: "example.com", Target: "/foo?param=Value&Pet=dog",
		Header: http.Header{
			"Date":           {"Tue, 20 Apr 2021 02:07:55 GMT"},
			"Content-Type":   {"application/json"},
			"Content-Digest": {requestDigest},
			"Content-Length": {"18"},
		},
	}
}

func rfcResponse() *httpsig.Message {
	return &httpsig.Message{Status: 200, Header: http.Header{
		"Date":           {"Tue, 20 Apr 2021 02:07:56 GMT"},
		"Content-Type":   {"application/json"},
		"Content-Digest": {responseDigest},
		"Content-Length": {"23"},
	}}
}

func rfcProxied() *httpsig.Message {
	return &httpsig.Message{
		Method: "POST", Scheme: "https", Authority: "service.internal.example", Target: "/foo?param=Value&Pet=dog",
		Header: http.Header{"Client-Cert": {":MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6MRswGQYDVQQKDBJMZXQncyBBdXRoZW50aWNhdGUxGzAZBgNVBAMMEkxBIEludGVybWVkaWF0ZSBDQTAeFw0yMDAxMTQyMjU1MzNaFw0yMTAxMjMyMjU1MzNaMA0xCzAJBgNVBAMMAkJDMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8YnXXfaUgmnMtOXU/IncWalRhebrXmckC8vdgJ1p5Be5F/3YC8OthxM4+k1M6aEAEFcGzkJiNy6J84y7uzo9M6NyMHAwCQYDVR0TBAIwADAfBgNVHSMEGDAWgBRm3WjLa38lbEYCuiCPct0ZaSED2DAOBgNVHQ8BAf8EBAMCBsAwEwYDVR0lBAwwCgYIKwYBBQUHAwIwHQYDVR0RAQH/BBMwEYEPYmRjQGV4YW1wbGUuY29tMAoGCCqGSM49BAMCA0gAMEUCIBHda/r1vaL6G3VliL4/Di6YK0Q6bMjeSkC3dFCOOB8TAiEAx/kHSB4urmiZ0NX5r5XarmPk0wmuydBVoU4hBVZ1yhk=:"}},
	}
}

var rfcVectors = []struct {
	name      string
	message   func() *httpsig.Message
	algorithm httpsig.Algorithm
	key       string
	input     string
	signature string
}{
	{"B.2.1 minimal", rfcRequest, httpsig.RSAPSSSHA512, rfcRSAPSS,
		`sig-b21=();created=1618884473;keyid="test-key-rsa-pss";nonce="b3k2pp5k7z-50gnwp.yemd"`,
		"d2pmTvmbncD3xQm8E9ZV2828BjQWGgiwAaw5bAkgibUopemLJcWDy/lkbbHAve4cRAtx31Iq786U7it++wgGxbtRxf8Udx7zFZsckzXaJMkA7ChG52eSkFxykJeNqsrWH5S+oxNFlD4dzVuwe8DhTSja8xxbR/Z2cOGdCbzR72rgFWhzx2VjBqJzsPLMIQKhO4DGezXehhWwE56YCE+O6c0mKZsfxVrogUvA4HELjVKWmAvtl6UnCh8jYzuVG5WSb/QEVPnP5TmcAnLH1g+s++v6d4s8m0gCw1fV5/SITLq9mhho8K3+7EPYTU8IU1bLhdxO5Nyt8C8ssinQ98Xw9Q=="},
	{"B.2.2 selective", rfcRequest, httpsig.RSAPSSSHA512, rfcRSAPSS,
		`sig-b22=("@authority" "content-digest" "@query-param";name="Pet");created=1618884473;keyid="test-key-rsa-pss";tag="header-example"`,
		"LjbtqUbfmvjj5C5kr1Ugj4PmLYvx9wVjZvD9GsTT4F7GrcQEdJzgI9qHxICagShLRiLMlAJjtq6N4CDfKtjvuJyE5qH7KT8UCMkSowOB4+ECxCmT8rtAmj/0PIXxi0A0nxKyB09RNrCQibbUjsLS/2YyFYXEu4TRJQzRw1rLEuEfY17SARYhpTlaqwZVtR8NV7+4UKkjqpcAoFqWFQh62s7Cl+H2fjBSpqfZUJcsIk4N6wiKYd4je2U/lankenQ99PZfB4jY3I5rSV2DSBVkSFsURIjYErOs0tFTQosMTAoxk//0RoKUqiYY8Bh0aaUEb0rQl3/XaVe4bXTugEjHSw=="},
	{"B.2.3 full", rfcRequest, httpsig.RSAPSSSHA512, rfcRSAPSS,
		`sig-b23=("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-rsa-pss"`,
		"bbN8oArOxYoyylQQUU6QYwrTuaxLwjAC9fbY2F6SVWvh0yBiMIRGOnMYwZ/5MR6fb0Kh1rIRASVxFkeGt683+qRpRRU5p2voTp768ZrCUb38K0fUxN0O0iC59DzYx8DFll5GmydPxSmme9v6ULbMFkl+V5B1TP/yPViV7KsLNmvKiLJH1pFkh/aYA2HXXZzNBXmIkoQoLd7YfW91kE9o/CCoC1xMy7JA1ipwvKvfrs65ldmlu9bpG6A9BmzhuzF8Eim5f8ui9eH8LZH896+QIF61ka39VBrohr9iyMUJpvRX2Zbhl5ZJzSRxpJyoEZAFL2FUo5fTIztsDZKEgM4cUA=="},
	{"B.2.4 response", rfcResponse, httpsig.ECDSAP256SHA256, rfcP256,
		`sig-b24=("@status" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-ecc-p256"`,
		"wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0NKocgPquLgyahnzDnDAUy5eCdlYUEkLIj+32oiasw=="},
	{"B.2.5 shared secret", rfcRequest, httpsig.HMACSHA256, rfcShared,
		`sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"`,
		"pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8="},
	{"B.2.6 ed25519", rfcRequest, httpsig.Ed25519, rfcEd25519,
		`sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"`,
		"wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="},
	{"B.3 behind a proxy", rfcProxied, httpsig.ECDSAP256SHA256, rfcP256,
		`ttrp=("@path" "@query" "@method" "@authority" "client-cert");created=1618884473;keyid="test-key-ecc-p256"`,
		"xVMHVpawaAC/0SbHrKRs9i8I3eOs5RtTMGCWXm/9nvZzoHsIg6Mce9315T6xoklyy0yzhD9ah4JHRwMLOgmizw=="},
}

func TestRFC9421Verification(t *testing.T) {
	t.Parallel()
	for _, v := range rfcVectors {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			key := verifier(t, v.algorithm, v.key)
			label, _, _ := cut(v.input)
			m := v.message()
			m.Header.Set("Signature-Input", v.input)
			m.Header.Set("Signature", label+"=:"+v.signature+":")
			if !verifies(t, m, key) {
				t.Fatal("the published signature does not verify")
			}
			m.Header.Set("Content-Type", "text/plain")
			m.Header.Set("Client-Cert", ":AAAA:")
			m.Header.Set("Content-Digest", "sha-256=:AAAA:")
			if changed := verifies(t, m, key); changed != (v.name == "B.2.1 minimal") {
				t.Errorf("with changed fields: verifies = %t", changed)
			}
		})
	}
}

func TestRFC9421Signing(t *testing.T) {
	t.Parallel()
	block, _ := pem.Decode([]byte(rfcEd25519Private))
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	ed, err := httpsig.NewSigningKey(httpsig.Ed25519, private.(ed25519.PrivateKey))
	if err != nil {
		t.Fatal(err)
	}
	secret, _ := base64.StdEncoding.DecodeString(rfcShared)
	for _, v := range []struct {
		vector int
		key    httpsig.SigningKey
		cover  []string
	}{
		{4, httpsig.NewHMAC(secret), []string{"date", "@authority", "content-type"}},
		{5, ed, []string{"date", "@method", "@path", "@authority", "content-type", "content-length"}},
	} {
		want := rfcVectors[v.vector]
		label, _, _ := cut(want.input)
		m := rfcRequest()
		s := httpsig.Signature{
			Label: label, Components: httpsig.Components(v.cover...),
			Params: httpsig.Params{Created: 1618884473, KeyID: map[int]string{4: "test-shared-secret", 5: "test-key-ed25519"}[v.vector]},
		}
		if err := s.Sign(m, v.key); err != nil {
			t.Fatal(err)
		}
		if got := m.Header.Get("Signature-Input"); got != want.input {
			t.Errorf("%s: Signature-Input\n got %s\nwant %s", want.name, got, want.input)
		}
		if got := m.Header.Get("Signature"); got != label+"=:"+want.signature+":" {
			t.Errorf("%s: Signature\n got %s\nwant %s", want.name, got, want.signature)
		}
	}
}

// The examples of RFC 9421 §2.2.8.
func TestQueryParameters(t *testing.T) {
	t.Parallel()
	const long = `/parameters?var=this%20is%20a%20big%0Amultiline%20value&bar=with+plus+whitespace&fa%C3%A7ade%22%3A%20=something`
	for _, c := range []struct{ target, name, want string }{
		{"/path?param=value&foo=bar&baz=batman&qux=", "baz", "batman"},
		{"/path?param=value&foo=bar&baz=batman&qux=", "qux", ""},
		{long, "var", "this%20is%20a%20big%0Amultiline%20value"},
		{long, "bar", "with%20plus%20whitespace"},
		{long, "fa%C3%A7ade%22%3A%20", "something"},
	} {
		m := &httpsig.Message{Method: "GET", Scheme: "https", Authority: "www.example.com", Target: c.target}
		s := httpsig.Signature{Components: []httpsig.Component{{Name: "@query-param", QueryParam: c.name}}}
		base, err := s.AppendBase(nil, m)
		want := `"@query-param";name="` + c.name + `": ` + c.want + "\n" + `"@signature-params": `
		if err != nil || string(base) != want {
			t.Errorf("%s: base %q, %v; want %q", c.name, base, err, want)
		}
	}
	for _, target := range []string{"/p", "/p?", "/p?b=1", "/p?a=1&a=2", "/p?a=%zz"} {
		m := &httpsig.Message{Method: "GET", Target: target}
		s := httpsig.Signature{Components: []httpsig.Component{{Name: "@query-param", QueryParam: "a"}}}
		if base, err := s.AppendBase(nil, m); err == nil {
			t.Errorf("%s: base %q, want an error", target, base)
		}
	}
}

func verifier(t testing.TB, a httpsig.Algorithm, key string) httpsig.Verifier {
	t.Helper()
	if a == httpsig.HMACSHA256 {
		secret, err := base64.StdEncoding.DecodeString(key)
		if err != nil {
			t.Fatal(err)
		}
		return httpsig.NewHMAC(secret)
	}
	block, _ := pem.Decode([]byte(key))
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	v, err := httpsig.NewVerifier(a, public)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// verifies reports whether the message's only signature is of the key.
func verifies(t testing.TB, m *httpsig.Message, key httpsig.Verifier) bool {
	t.Helper()
	signatures, err := httpsig.ParseSignatures(m.Header)
	if err != nil || len(signatures) != 1 {
		t.Fatalf("%d signatures, %v", len(signatures), err)
	}
	base, err := signatures[0].AppendBase(nil, m)
	return err == nil && key.Verify(base, signatures[0].Value)
}

func cut(input string) (label, rest string, found bool) {
	for i := range len(input) {
		if input[i] == '=' {
			return input[:i], input[i+1:], true
		}
	}
	return input, "", false
}

func TestWrongKeyTypes(t *testing.T) {
	t.Parallel()
	block, _ := pem.Decode([]byte(rfcP256))
	key, _ := x509.ParsePKIXPublicKey(block.Bytes)
	var public crypto.PublicKey = key.(*ecdsa.PublicKey)
	for _, a := range []httpsig.Algorithm{httpsig.Ed25519, httpsig.RSAPSSSHA512, httpsig.RSAv15SHA256, httpsig.HMACSHA256, "none", ""} {
		if _, err := httpsig.NewVerifier(a, public); err == nil {
			t.Errorf("a P-256 key was taken for %q", a)
		}
	}
}
