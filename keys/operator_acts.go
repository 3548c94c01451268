package keys

import (
	"context"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"

	"github.com/paymux/paymux/internal/keyring"

	"github.com/paymux/paymux/keys/keyuse"
)

// find reads a key's version inside an act.
func (t *transaction) find(key Name, number int) (*entry, Version, error) {
	e, err := t.book.find(key)
	if err != nil {
		return nil, Version{}, err
	}
	v, err := e.version(number)
	return e, v, err
}

// Activate makes a pending or retiring version the active one; the one that was retires. Errors: ErrNoKey, ErrState.
func (o *Operator) Activate(_ context.Context, key Name, number int) error {
	return o.act("activate", key, "", func(t *transaction) (int, error) {
		e, v, err := t.find(key, number)
		if err != nil {
			return number, err
		}
		return number, t.activate(&e.Key, &v)
	})
}

// Retire takes the active version out of use without another in its place: what it has signed is still
// verified, and what was encrypted to it decrypted. Errors: ErrNoKey, ErrState.
func (o *Operator) Retire(_ context.Context, key Name, number int) error {
	return o.act("retire", key, "", func(t *transaction) (int, error) {
		_, v, err := t.find(key, number)
		if err != nil {
			return number, err
		}
		return number, t.move(key, &v, Retiring)
	})
}

// Destroy ends a pending or retiring version for good and overwrites its material. Copies
// of the file, backups, still have it, sealed. Errors: ErrNoKey, ErrState.
func (o *Operator) Destroy(_ context.Context, key Name, number int) error {
	err := o.act("destroy", key, "", func(t *transaction) (int, error) {
		_, v, err := t.find(key, number)
		if err != nil {
			return number, err
		}
		return number, t.move(key, &v, Destroyed)
	})
	if err != nil {
		return err
	}
	if err := o.service.store.forget(); err != nil {
		return fmt.Errorf("destroy %s: done, but the log still has it until it is written back: %w", key, err)
	}
	return nil
}

// Permit lets callers use a key. Who is permitted already stays so.
func (o *Operator) Permit(_ context.Context, key Name, callers ...string) error {
	return o.change("permit", key, callers, func(have []string) []string { return sorted(append(have, callers...)) })
}

// Forbid takes the right to use a key from callers. Who had none has none.
func (o *Operator) Forbid(_ context.Context, key Name, callers ...string) error {
	return o.change("forbid", key, callers, func(have []string) []string {
		return slices.DeleteFunc(have, func(c string) bool { return slices.Contains(callers, c) })
	})
}

func (o *Operator) change(verb string, key Name, callers []string, next func([]string) []string) error {
	for _, c := range callers {
		if err := keyuse.CheckCaller(c); err != nil {
			return fmt.Errorf("%s %s: %w", verb, key, err)
		}
	}
	return o.act(verb, key, strings.Join(callers, " "), func(t *transaction) (int, error) {
		e, err := t.book.find(key)
		if err != nil {
			return 0, err
		}
		k := e.Key
		k.Callers = next(slices.Clone(k.Callers))
		return 0, t.writeKey(&k)
	})
}

// Public is what may leave of a version.
type Public struct {
	Key     string `json:"public_key"`      // PEM
	Chain   string `json:"chain,omitempty"` // PEM of the certificates, the key's own first
	KeyID   string `json:"key_id,omitempty"`
	Version int    `json:"version"`
}

// Export tells a version's public half, in any state; number 0 is the active one's. keyring.ErrUnable where the
// kind has none: symmetric and opaque keys never leave.
func (o *Operator) Export(_ context.Context, key Name, number int) (p Public, err error) {
	err = o.act("export", key, "", func(t *transaction) (int, error) {
		e, err := t.book.find(key)
		if err != nil {
			return 0, err
		}
		var v Version
		if number == 0 {
			v, err = e.pick("")
		} else {
			v, err = e.version(number)
		}
		if err == nil && v.Public == "" {
			err = fmt.Errorf("%w: a key of kind %s has no public half", keyring.ErrUnable, e.Kind)
		}
		p = Public{Key: v.Public, KeyID: v.KeyID, Version: v.Number, Chain: chainPEM(v.Chain)}
		return v.Number, err
	})
	if err != nil {
		return Public{}, err
	}
	return p, nil
}

func chainPEM(chain [][]byte) string {
	var b strings.Builder
	for _, der := range chain {
		b.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	return b.String()
}
