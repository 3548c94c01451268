package keys_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/paymux/paymux/internal/keyring"
	"github.com/paymux/paymux/keys"
)

// While keys rotate again and again, in this process and from another, no use fails, and every signature verifies.
func TestRotationWithoutAPause(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	s, other := h.open(t), h.open(t) // two processes on one file
	kinds := []keys.Kind{keyring.RSA, keyring.ECDSA, keyring.Ed25519, keyring.HMAC, keyring.AESGCM}
	for _, kind := range kinds {
		made(t, s, keys.Name(kind), kind)
	}
	ctx, stop := context.WithCancel(t.Context())
	var uses atomic.Int64
	var users sync.WaitGroup
	for _, kind := range kinds {
		for range 3 {
			users.Go(func() {
				for i := 0; ctx.Err() == nil; i++ {
					if err := useOnce(s.As("gateway"), kind, fmt.Append(nil, i)); err != nil {
						t.Errorf("%s: %v", kind, err)
						return
					}
					uses.Add(1)
				}
			})
		}
	}
	for round := range 4 {
		for _, kind := range kinds {
			from := []*keys.Service{s, other}[round%2]
			if _, err := from.By("operator").Rotate(t.Context(), keys.Draft{Name: keys.Name(kind), KeyID: fmt.Sprint(round)}, ""); err != nil {
				t.Error(err)
			}
		}
	}
	stop()
	users.Wait()
	if uses.Load() == 0 {
		t.Error("nothing was used meanwhile")
	}
	verified(t, s)
}

// useOnce makes a signature or ciphertext, and checks it after what may be a rotation.
func useOnce(u *keys.User, kind keys.Kind, message []byte) error {
	ctx, name := context.Background(), keys.Name(kind)
	if kind == keyring.AESGCM {
		sealed, err := u.Encrypt(ctx, name, "", message, []byte("0123456789ab"), nil)
		if err != nil {
			return err
		}
		plain, err := u.Decrypt(ctx, name, sealed, []byte("0123456789ab"), nil)
		if err == nil && !bytes.Equal(plain, message) {
			err = errors.New("another text came out")
		}
		return err
	}
	id, err := u.KeyID(ctx, name)
	if err != nil {
		return err
	}
	signature, err := u.Sign(ctx, name, id, message) // finished under the name it was begun under
	if err != nil {
		return err
	}
	return u.Verify(ctx, name, message, signature)
}

// What one process changes holds for the next use in another.
func TestProcessesOnOneFileAgree(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	serving, cli := h.open(t), h.open(t)
	made(t, cli, "mac", kindHMAC)
	user := serving.As("gateway")
	signature, err := user.Sign(t.Context(), "mac", "", []byte("m"))
	if err != nil {
		t.Fatal(err)
	}
	if err := cli.By("operator").Forbid(t.Context(), "mac", "gateway"); err != nil {
		t.Fatal(err)
	}
	if err := user.Verify(t.Context(), "mac", []byte("m"), signature); !errors.Is(err, keys.ErrForbidden) {
		t.Errorf("after forbid: %v", err)
	}
	if _, err := user.KeyID(t.Context(), "mac"); !errors.Is(err, keys.ErrForbidden) {
		t.Errorf("after forbid, the key ID: %v", err)
	}
	if err := cli.By("operator").Permit(t.Context(), "mac", "gateway"); err != nil {
		t.Fatal(err)
	}
	if _, err := cli.By("operator").Rotate(t.Context(), keys.Draft{Name: "mac"}, ""); err != nil {
		t.Fatal(err)
	}
	if err := cli.By("operator").Destroy(t.Context(), "mac", 1); err != nil {
		t.Fatal(err)
	}
	if err := user.Verify(t.Context(), "mac", []byte("m"), signature); !errors.Is(err, keyring.ErrWrong) {
		t.Errorf("after destroy: %v", err)
	}
	if all, err := serving.List(t.Context()); err != nil || len(all) != 1 || all[0].Versions[0].State != keys.Destroyed {
		t.Errorf("%+v, %v", all, err)
	}
	verified(t, serving)
	verified(t, cli)
}
