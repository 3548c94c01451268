package httpsig_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/dunglas/httpsfv"
	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux/internal/httpsig"
)

func header(input, signature string) http.Header {
	return http.Header{"Signature-Input": {input}, "Signature": {signature}}
}

func TestParseSeveral(t *testing.T) {
	t.Parallel()
	h := http.Header{
		"Signature-Input": {
			`sig1=("@method" "x-field");created=1;expires=2;nonce="a\"b\\c";keyid="k";alg="ed25519";tag="t";own="x";n=3`,
			`proxy_sig=("@authority" "@query-param";name="a%20b");created=7`,
		},
		"Signature": {`proxy_sig=:Aw==:`, `sig1=:AQI=:`},
	}
	got, err := httpsig.ParseSignatures(h)
	if err != nil {
		t.Fatal(err)
	}
	want := []httpsig.Signature{
		{
			Label: "sig1", Components: httpsig.Components("@method", "x-field"), Value: []byte{1, 2},
			Params: httpsig.Params{Created: 1, Expires: 2, Nonce: `a"b\c`, KeyID: "k", Algorithm: "ed25519", Tag: "t"},
		},
		{
			Label: "proxy_sig", Value: []byte{3}, Params: httpsig.Params{Created: 7},
			Components: []httpsig.Component{{Name: "@authority"}, {Name: "@query-param", QueryParam: "a%20b"}},
		},
	}
	for i := range got {
		if diff := cmp.Diff(want[i], got[i], cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".input" }, cmp.Ignore())); diff != "" {
			t.Errorf("signature %d (-want +got):\n%s", i, diff)
		}
	}
}

// Any spelling of the same structured field is signed in its canonical one.
func TestOtherSpellings(t *testing.T) {
	t.Parallel()
	const canonical = `s=("@method" "date");created=1;keyid="k"`
	base := func(input string) string {
		t.Helper()
		signatures, err := httpsig.ParseSignatures(header(input, "s=:AQ==:"))
		if err != nil {
			t.Fatalf("%s: %v", input, err)
		}
		b, err := signatures[0].AppendBase(nil, rfcRequest())
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	want := base(canonical)
	if !strings.HasSuffix(want, "\n\"@signature-params\": "+canonical[2:]) {
		t.Fatalf("base %q", want)
	}
	for _, input := range []string{
		`s=( "@method"   "date" ); created=1; keyid="k"`,
		`s=("@method" "date");created=001;keyid="k"`,
		` s=("@method" "date");created=1;keyid="k" `,
		`s=("@method" "date");created=9;keyid="k";created=1`, // the last one counts (RFC 8941 §4.2.3.2), in the first one's place
		`s=("date");created=2, s=("@method" "date");created=1;keyid="k"`,
	} {
		if got := base(input); got != want {
			t.Errorf("%s: base %q, want %q", input, got, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	const value = "s=:AQ==:"
	many := `s=("a0"`
	for range 40 {
		many += ` "a` + strings.Repeat("x", len(many)%97) + `"`
	}
	for name, h := range map[string]http.Header{
		"input only":            {"Signature-Input": {`s=();created=1`}},
		"signature only":        {"Signature": {value}},
		"empty list":            header(`s=`, value),
		"no list":               header(`s=1`, value),
		"item":                  header(`s="@method"`, value),
		"open list":             header(`s=("@method"`, value),
		"open string":           header(`s=("@method)`, value),
		"token component":       header(`s=(date)`, value),
		"upper-case component":  header(`s=("Date")`, value),
		"unknown derived":       header(`s=("@date")`, value),
		"signature-params":      header(`s=("@signature-params")`, value),
		"covered twice":         header(`s=("date" "date")`, value),
		"sf":                    header(`s=("date";sf)`, value),
		"bs":                    header(`s=("date";bs)`, value),
		"key":                   header(`s=("date";key="a")`, value),
		"req":                   header(`s=("@method";req)`, value),
		"trailer":               header(`s=("date";tr)`, value),
		"query-param bare":      header(`s=("@query-param")`, value),
		"query-param quoted":    header(`s=("@query-param";name="a\"b")`, value),
		"created text":          header(`s=();created="1"`, value),
		"created negative":      header(`s=();created=-1`, value),
		"created decimal":       header(`s=();created=1.5`, value),
		"created too long":      header(`s=();created=1234567890123456`, value),
		"created flag":          header(`s=();created`, value),
		"nonce number":          header(`s=();nonce=1`, value),
		"nonce token":           header(`s=();nonce=abc`, value),
		"rest":                  header(`s=();created=1 x`, value),
		"trailing comma":        header(`s=();created=1,`, value),
		"not ASCII":             header(`s=();nonce="é"`, value),
		"control":               header("s=();nonce=\"a\x01\"", value),
		"no value":              header(`s=();created=1`, `t=:AQ==:`),
		"empty value":           header(`s=();created=1`, `s=::`),
		"value not base64":      header(`s=();created=1`, `s=:A*==:`),
		"value is text":         header(`s=();created=1`, `s="AQ=="`),
		"value without end":     header(`s=();created=1`, `s=:AQ==`),
		"too many components":   header(many+`);created=1`, value),
		"header too long":       header(`s=();nonce="`+strings.Repeat("a", 9000)+`"`, value),
		"too many signatures":   header(`a=(), b=(), c=(), d=(), e=(), f=(), g=(), h=(), s=()`, value),
		"too many parameters":   header(`s=();a=1;b=1;c=1;d=1;e=1;f=1;g=1;h=1;i=1;j=1;k=1;l=1;m=1;n=1;o=1;p=1;q=1`, value),
		"backslash of nothing":  header(`s=();nonce="a\b"`, value),
		"parameter of own type": header(`s=();own=?1`, value),
	} {
		if got, err := httpsig.ParseSignatures(h); err == nil || errors.Is(err, httpsig.ErrUnsigned) {
			t.Errorf("%s: %v, %v; want an error", name, got, err)
		}
	}
	if _, err := httpsig.ParseSignatures(http.Header{}); !errors.Is(err, httpsig.ErrUnsigned) {
		t.Errorf("no signature: %v", err)
	}
}

func FuzzParseSignatures(f *testing.F) {
	for _, v := range rfcVectors {
		label, _, _ := cut(v.input)
		f.Add(v.input, label+"=:"+v.signature+":")
	}
	f.Add(`s=( "date"  "@method" ) ; created=01, t=();n=1`, `s=:AQ==:, t=:AQ:`)
	f.Add(`s=("@query-param";name="a%20b");nonce="a\"b\\c"`, `s=:AQ==:;x`)
	key := httpsig.NewHMAC([]byte("secret"))
	f.Fuzz(func(t *testing.T, input, value string) {
		signatures, err := httpsig.ParseSignatures(header(input, value))
		if err != nil {
			return
		}
		// Another parser has to agree that this is a dictionary, and on the inner list that is signed.
		dictionary, err := httpsfv.UnmarshalDictionary([]string{input})
		if err != nil {
			t.Fatalf("accepted %q, which is no dictionary: %v", input, err)
		}
		for _, s := range signatures {
			member, ok := dictionary.Get(s.Label)
			if !ok {
				t.Fatalf("label %q made up from %q", s.Label, input)
			}
			list, err := httpsfv.Marshal(httpsfv.List{member.(httpsfv.InnerList)})
			if err != nil {
				t.Fatal(err)
			}
			base, err := s.AppendBase(nil, rfcRequest())
			if err != nil {
				continue
			}
			if want := "\"@signature-params\": " + list; !strings.HasSuffix(string(base), want) {
				t.Fatalf("base %q does not end in %q", base, want)
			}
			if key.Verify(base, s.Value) {
				t.Fatalf("made-up signature %q verifies", value)
			}
		}
	})
}

func FuzzVerifyDigest(f *testing.F) {
	f.Add(requestDigest, []byte(`{"hello": "world"}`))
	f.Add(httpsig.ContentDigest(nil), []byte(nil))
	f.Add("sha-256=1, sha-512=:AA==:", []byte("x"))
	f.Fuzz(func(t *testing.T, field string, content []byte) {
		if httpsig.VerifyDigest([]string{field}, content) != nil {
			return
		}
		if httpsig.VerifyDigest([]string{field}, append(content, 'x')) == nil {
			t.Fatalf("%q fits two bodies", field)
		}
	})
}

func TestDigest(t *testing.T) {
	t.Parallel()
	content := []byte(`{"hello": "world"}`)
	const of256 = "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:" // RFC 9530, Appendix D
	if got := httpsig.ContentDigest(content); got != of256 {
		t.Errorf("digest %s, want %s", got, of256)
	}
	var changed *httpsig.DigestError
	for _, c := range []struct {
		name  string
		lines []string
		body  string
		want  func(error) bool
	}{
		{"sha-256", []string{of256}, string(content), func(err error) bool { return err == nil }},
		{"sha-512", []string{requestDigest}, string(content), func(err error) bool { return err == nil }},
		{"both", []string{of256, requestDigest}, string(content), func(err error) bool { return err == nil }},
		{"unknown beside", []string{"md5=:AAAA:, " + of256}, string(content), func(err error) bool { return err == nil }},
		{"changed", []string{of256}, "{}", func(err error) bool { return errors.As(err, &changed) }},
		{"changed 512", []string{requestDigest}, "{}", func(err error) bool { return errors.As(err, &changed) }},
		{"one of two wrong", []string{of256, responseDigest}, string(content), func(err error) bool { return errors.As(err, &changed) }},
		{"short", []string{"sha-256=:X48E:"}, string(content), func(err error) bool { return errors.As(err, &changed) }},
		{"unknown only", []string{"md5=:AAAA:"}, string(content), func(err error) bool { return errors.Is(err, httpsig.ErrNoDigest) }},
		{"none", nil, string(content), func(err error) bool { return errors.Is(err, httpsig.ErrNoDigest) }},
		{"text", []string{`sha-256="x"`}, string(content), func(err error) bool { return errors.Is(err, httpsig.ErrBadDigest) }},
		{"inner list", []string{`sha-256=("x")`}, string(content), func(err error) bool { return errors.Is(err, httpsig.ErrBadDigest) }},
		{"garbage", []string{`=:`}, string(content), func(err error) bool { return errors.Is(err, httpsig.ErrBadDigest) }},
	} {
		if err := httpsig.VerifyDigest(c.lines, []byte(c.body)); !c.want(err) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func BenchmarkHMACVerify(b *testing.B) {
	key := httpsig.NewHMAC([]byte("a secret of thirty-two bytes !!!"))
	m := rfcRequest()
	s := httpsig.Signature{
		Label: "sig1", Components: httpsig.Components("@method", "@target-uri", "content-digest", "content-type"),
		Params: httpsig.Params{Created: 1618884473, KeyID: "key_01", Algorithm: "hmac-sha256", Nonce: "b3k2pp5k7z50gnwp"},
	}
	if err := s.Sign(m, key); err != nil {
		b.Fatal(err)
	}
	scratch := make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		signatures, err := httpsig.ParseSignatures(m.Header)
		if err != nil {
			b.Fatal(err)
		}
		base, err := signatures[0].AppendBase(scratch, m)
		if err != nil || !key.Verify(base, signatures[0].Value) {
			b.Fatal(err)
		}
	}
}
