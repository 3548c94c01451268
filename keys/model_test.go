package keys_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	"github.com/paymux/paymux/internal/keyring"
	"github.com/paymux/paymux/keys"
)

// model is what a key's versions should be, and what each has signed.
type model struct {
	states  []keys.State
	signed  [][]byte
	service *keys.Service
}

// TestVersionsFollowTheirModel walks through acts of operators and uses in any order.
func TestVersionsFollowTheirModel(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp(h.dir, "model")
		if err != nil {
			t.Fatal(err)
		}
		c := h.config()
		c.Path = filepath.Join(dir, "keys.db")
		m := &model{service: opened(t, c)}
		defer func() {
			if err := errors.Join(m.service.Close(), os.RemoveAll(dir)); err != nil {
				t.Error(err)
			}
		}()
		m.generate(t, keys.Draft{Name: "k", Kind: keyring.HMAC, Owner: "shop", Callers: []string{"gateway"}})
		t.Repeat(map[string]func(*rapid.T){
			"generate": func(t *rapid.T) { m.generate(t, keys.Draft{Name: "k"}) },
			"rotate":   m.rotate,
			"activate": func(t *rapid.T) { m.move(t, keys.Active) },
			"retire":   func(t *rapid.T) { m.move(t, keys.Retiring) },
			"destroy":  func(t *rapid.T) { m.move(t, keys.Destroyed) },
			"sign":     m.sign,
			"verify":   m.verify,
			"reopen": func(t *rapid.T) {
				if err := m.service.Close(); err != nil {
					t.Fatal(err)
				}
				m.service = opened(t, c)
			},
			"": m.check,
		})
		if _, err := m.service.VerifyAudit(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func opened(t *rapid.T, c keys.Config) *keys.Service {
	s, err := keys.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (m *model) active() int {
	for i, s := range m.states {
		if s == keys.Active {
			return i
		}
	}
	return -1
}

func (m *model) generate(t *rapid.T, d keys.Draft) {
	v, err := m.service.By("operator").Generate(t.Context(), d)
	m.states, m.signed = append(m.states, keys.Pending), append(m.signed, nil)
	if err != nil || v.Number != len(m.states) {
		t.Fatalf("version %d, %v", v.Number, err)
	}
}

func (m *model) rotate(t *rapid.T) {
	if i := m.active(); i >= 0 {
		m.states[i] = keys.Retiring
	}
	if _, err := m.service.By("operator").Rotate(t.Context(), keys.Draft{Name: "k"}, ""); err != nil {
		t.Fatal(err)
	}
	m.states, m.signed = append(m.states, keys.Active), append(m.signed, nil)
}

func (m *model) move(t *rapid.T, to keys.State) {
	i := rapid.IntRange(0, len(m.states)).Draw(t, "version")
	o := m.service.By("operator")
	err := map[keys.State]func() error{
		keys.Active:    func() error { return o.Activate(t.Context(), "k", i+1) },
		keys.Retiring:  func() error { return o.Retire(t.Context(), "k", i+1) },
		keys.Destroyed: func() error { return o.Destroy(t.Context(), "k", i+1) },
	}[to]()
	switch {
	case i == len(m.states):
		if !errors.Is(err, keys.ErrNoKey) {
			t.Fatalf("no version %d: %v", i+1, err)
		}
	case !m.states[i].CanBecome(to):
		if !errors.Is(err, keys.ErrState) {
			t.Fatalf("%s to %s: %v", m.states[i], to, err)
		}
	case err != nil:
		t.Fatalf("%s to %s: %v", m.states[i], to, err)
	default:
		if old := m.active(); to == keys.Active && old >= 0 {
			m.states[old] = keys.Retiring
		}
		m.states[i] = to
	}
}

func (m *model) sign(t *rapid.T) {
	signature, err := m.service.As("gateway").Sign(t.Context(), "k", "", []byte("m"))
	i := m.active()
	if i < 0 {
		if !errors.Is(err, keys.ErrState) {
			t.Fatalf("without an active version: %v", err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	m.signed[i] = signature
}

func (m *model) verify(t *rapid.T) {
	i := rapid.IntRange(0, len(m.signed)-1).Draw(t, "version")
	if m.signed[i] == nil {
		return
	}
	var want error
	live := m.active() >= 0
	for _, s := range m.states {
		live = live || s == keys.Retiring
	}
	switch {
	case !live:
		want = keys.ErrState
	case !m.states[i].Live():
		want = keyring.ErrWrong
	}
	if err := m.service.As("gateway").Verify(t.Context(), "k", []byte("m"), m.signed[i]); !errors.Is(err, want) {
		t.Fatalf("version %d, %s: %v, want %v", i+1, m.states[i], err, want)
	}
}

func (m *model) check(t *rapid.T) {
	k, err := m.service.Describe(t.Context(), "k")
	if err != nil || len(k.Versions) != len(m.states) {
		t.Fatalf("%d versions, %v", len(k.Versions), err)
	}
	for i, v := range k.Versions {
		if v.State != m.states[i] || v.Number != i+1 {
			t.Fatalf("version %d is %s, want %s", v.Number, v.State, m.states[i])
		}
	}
}
