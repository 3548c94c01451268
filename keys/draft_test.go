package keys_test

import (
	"encoding/pem"
	"errors"
	"strings"
	"testing"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/internal/keyring"
	"github.com/paymux/paymux/keys"
)

func isClosed(err error) bool { return errors.Is(err, keys.ErrClosed) }

func TestCertificatesBelongToTheirKey(t *testing.T) {
	t.Parallel()
	s := newHouse(t).open(t)
	private, chain := certified(t, 0xC0FFEE)
	_, others := certified(t, 2)
	leaf, root, _ := strings.Cut(chain, "-----END CERTIFICATE-----\n")
	leaf += "-----END CERTIFICATE-----\n"
	draft := func(name keys.Name, chain string) keys.Draft {
		return keys.Draft{Name: name, Kind: keyring.ECDSA, Owner: "shop", Callers: []string{"gateway"}, Chain: chain, Activate: true}
	}
	v, err := s.By("operator").Import(t.Context(), draft("good", chain), private)
	if err != nil || v.KeyID != "C0FFEE" || len(v.Chain) != 2 || v.NotAfter.Unix() != 4e9 {
		t.Errorf("%+v, %v", v, err)
	}
	for name, bad := range map[string]string{
		"anothers": others, "backwards": root + leaf, "foreign issuer": leaf + others, "not pem": "x", "half pem": leaf + "x", "a key": string(private.Reveal()),
		"garbage": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
	} {
		if _, err := s.By("operator").Import(t.Context(), draft("bad", bad), private); !errors.Is(err, keys.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	mac := draft("bad", leaf)
	mac.Kind = kindHMAC
	if _, err := s.By("operator").Generate(t.Context(), mac); !errors.Is(err, keys.ErrInvalid) {
		t.Errorf("of a mac: %v", err)
	}
	if _, err := s.Describe(t.Context(), "bad"); !errors.Is(err, keys.ErrNoKey) {
		t.Errorf("the bad one is there: %v", err)
	}
}

// An institution's certificate verifies and signs nothing; its serial number is its name.
func TestAnInstitutionsCertificateIsAKey(t *testing.T) {
	t.Parallel()
	s := newHouse(t).open(t)
	private, chain := certified(t, 0xAB)
	own := keys.Draft{Name: "own", Kind: keyring.ECDSA, Owner: "shop", Callers: []string{"gateway"}, Activate: true}
	theirs := own
	theirs.Name = "theirs"
	if _, err := s.By("operator").Import(t.Context(), own, private); err != nil {
		t.Fatal(err)
	}
	if v, err := s.By("operator").Import(t.Context(), theirs, paymux.Secret(chain)); err != nil || v.KeyID != "AB" || len(v.Chain) != 2 {
		t.Fatalf("%+v, %v", v, err)
	}
	user := s.As("gateway")
	signature, err := user.Sign(t.Context(), "own", "", []byte("m"))
	if err != nil || user.Verify(t.Context(), "theirs", []byte("m"), signature) != nil {
		t.Errorf("%v, %v", err, user.Verify(t.Context(), "theirs", []byte("m"), signature))
	}
	if _, err := user.Sign(t.Context(), "theirs", "", []byte("m")); !errors.Is(err, keyring.ErrUnable) {
		t.Errorf("it signs: %v", err)
	}
}

func TestBadDraftsAreRefused(t *testing.T) {
	t.Parallel()
	s := newHouse(t).open(t)
	made(t, s, "there", kindHMAC)
	if _, err := s.By("operator").Generate(t.Context(), keys.Draft{Name: "there", KeyID: "taken"}); err != nil {
		t.Fatal(err)
	}
	good := keys.Draft{Name: "new", Kind: kindHMAC, Owner: "shop"}
	for name, change := range map[string]func(*keys.Draft){
		"no name": func(d *keys.Draft) { d.Name = "" }, "a bad name": func(d *keys.Draft) { d.Name = "A b" }, "a long name": func(d *keys.Draft) { d.Name = keys.Name(strings.Repeat("a", 65)) },
		"no owner": func(d *keys.Draft) { d.Owner = "" }, "a bad caller": func(d *keys.Draft) { d.Callers = []string{"*"} },
		"a bad use": func(d *keys.Draft) { d.Uses = []keys.Use{"steal"} }, "a bad key ID": func(d *keys.Draft) { d.KeyID = "a b" },
		"no kind": func(d *keys.Draft) { d.Kind = "" }, "an unknown kind": func(d *keys.Draft) { d.Kind = "dsa" }, "an opaque one": func(d *keys.Draft) { d.Kind = kindOpaque },
		"bits of a mac": func(d *keys.Draft) { d.Bits = 2048 }, "another kind": func(d *keys.Draft) { d.Name, d.Kind, d.Owner = "there", keyring.AESGCM, "" },
		"another owner": func(d *keys.Draft) { d.Name, d.Owner = "there", "other" }, "callers of an old one": func(d *keys.Draft) { d.Name, d.Callers = "there", []string{"gateway"} },
		"a key ID that is taken": func(d *keys.Draft) { d.Name, d.Owner, d.KeyID = "there", "", "taken" },
	} {
		d := good
		change(&d)
		if _, err := s.By("operator").Generate(t.Context(), d); !errors.Is(err, keys.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.By("operator").Rotate(t.Context(), good, ""); !errors.Is(err, keys.ErrNoKey) {
		t.Errorf("rotate what is not there: %v", err)
	}
	if _, err := s.By("operator").Import(t.Context(), good, ""); !errors.Is(err, keys.ErrInvalid) {
		t.Errorf("import nothing: %v", err)
	}
	if all, err := s.List(t.Context()); err != nil || len(all) != 1 || len(all[0].Versions) != 2 {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestExportTellsThePublicHalfOnly(t *testing.T) {
	t.Parallel()
	s := newHouse(t).open(t)
	private, chain := certified(t, 0xAB)
	d := keys.Draft{Name: "ec", Kind: keyring.ECDSA, Owner: "shop", Chain: chain}
	if _, err := s.By("operator").Import(t.Context(), d, private); err != nil {
		t.Fatal(err)
	}
	made(t, s, "mac", kindHMAC)
	p, err := s.By("operator").Export(t.Context(), "ec", 1)
	if block, _ := pem.Decode([]byte(p.Key)); err != nil || block.Type != "PUBLIC KEY" || p.Chain != chain || p.KeyID != "AB" {
		t.Errorf("%+v, %v", p, err)
	}
	if e := newest(t, s); e.Verb != "export" || e.Caller != "operator" || e.Outcome != "ok" || e.Version != 1 {
		t.Errorf("the audit says %+v", e)
	}
	for name, c := range map[string]struct {
		key    keys.Name
		number int
		want   error
	}{"a mac": {"mac", 0, keyring.ErrUnable}, "no version": {"ec", 2, keys.ErrNoKey}, "no active version": {"ec", 0, keys.ErrState}, "no key": {"none", 1, keys.ErrNoKey}} {
		if p, err := s.By("operator").Export(t.Context(), c.key, c.number); !errors.Is(err, c.want) || p != (keys.Public{}) {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
	if e := newest(t, s); e.Outcome == "ok" {
		t.Errorf("the refusal is not in the audit: %+v", e)
	}
}
